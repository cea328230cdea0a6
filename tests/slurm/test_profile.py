"""Profiles: the example is valid, and whatever is wrong is told in one line that says what is allowed."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from slurm.profile import Profile, read
from slurm.queue import minutes

EXAMPLE = Path(__file__).parents[2] / "slurm" / "example.toml"


def test_the_example_explains_every_key_and_states_the_defaults() -> None:
    assert read(EXAMPLE) == Profile(time="12:00:00")
    text = EXAMPLE.read_text()
    assert all(
        f"\n{f.name} =" in text or f"\n# {f.name} =" in text or f"[{f.name}]" in text for f in fields(Profile)
    )
    commented = text.replace("\n# ", "\n")
    assert all(word in commented for word in ('partition = "gpu"', 'qos = "normal"'))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["time: missing", "valid keys are time, cpus"]),
        ('time = "1:00:00"\ncpu = 2', ["cpu: no such key", "cpus", "memory_gb", "signal_delay_s", "options"]),
        ("time = 60", ["time: 60 is not", "12:00:00"]),
        ('time = "60"', ["time: '60' is not"]),
        ('time = "00:00:00"', ["at least a minute"]),
        ('time = "00:01:30"', ["time: '00:01:30' is not"]),
        ('time = "1:00:00"\ncpus = 0', ["cpus: 0 is not an integer >= 1"]),
        ('time = "1:00:00"\ncpus = true', ["cpus: True is not an integer"]),
        ('time = "1:00:00"\ngpus = -1', ["gpus: -1 is not an integer >= 0"]),
        ('time = "1:00:00"\nmemory_gb = "4G"', ["memory_gb: '4G' is not a number > 0"]),
        ('time = "1:00:00"\nmemory_gb = nan', ["memory_gb: nan"]),
        ('time = "00:02:00"\nsignal_delay_s = 120', ["signal_delay_s: 120 is not below the time, 120 s"]),
        ('time = "1:00:00"\nruns_per_job = 0', ["runs_per_job: 0 is not an integer >= 1"]),
        ('time = "1:00:00"\nparallel_jobs = 1.5', ["parallel_jobs: 1.5 is not an integer >= 1"]),
        ('time = "1:00:00"\npartition = "a b"', ["partition: 'a b' is not a name"]),
        ('time = "1:00:00"\naccount = 7', ["account: 7 is not a name"]),
        ('time = "1:00:00"\nsetup = [1]', ["setup: [1] is not a list of shell lines"]),
        ('time = "1:00:00"\npython = ""', ["python: '' is not a command"]),
        (
            'time = "1:00:00"\n[options]\nmem = "4G"',
            ["options: 'mem' cannot be given here; use the key memory_gb"],
        ),
        ('time = "1:00:00"\n[options]\noutput = "x"', ["options: 'output' cannot", "set for every job"]),
        ('time = "1:00:00"\n[options]\n"--qos" = "x"', ["options: '--qos' is not the long name"]),
        ('time = "1:00:00"\n[options]\nqos = [1]', ["options: qos is [1]"]),
        ('time = "1:00:00', ["is not TOML"]),
    ],
)
def test_a_bad_profile_is_refused_with_one_message(text: str, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match="--profile: ") as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_profile_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.toml does not exist; slurm/example\.toml"):
        read(tmp_path / "nowhere.toml")


def test_times_of_profiles_and_of_slurm() -> None:
    assert Profile(time="1-02:30:00").minutes == 26 * 60 + 30
    assert Profile(time="100:00:00").minutes == 6000
    assert minutes("1-00:00:00") == 1440
    assert minutes("30:00") == 30
    assert minutes("01:30:30") == 90.5
    assert minutes("UNLIMITED") is None
