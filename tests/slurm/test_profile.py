"""Profiles: the example is valid, and whatever is wrong is reported in one line that says what is allowed."""

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
        ('time = "1:00:00"\nmemory_gb = "4G"', ["memory_gb: '4G' is neither a number of GiB", "'node'"]),
        ('time = "1:00:00"\nmemory_gb = nan', ["memory_gb: nan"]),
        ('time = "1:00:00"\nmemory_gb = 0.0001', ["memory_gb: 0.0001 is neither", "at least 1 MiB"]),
        ('time = "1:00:00"\nmemory_gb = 0', ["memory_gb: 0 is neither"]),
        ('time = "1:00:00"\nmemory_gb = true', ["memory_gb: True is neither"]),
        ("time = 12:00:00", ["time: 12:00:00 is a time of day in TOML; write it in quotes"]),
        ('time = "1:00:00"\ngpu_type = "a100"', ["gpu_type: 'a100' is for jobs with a GPU; gpus is 0"]),
        ('time = "1:00:00"\ngpus = 1\ngpu_type = "a:2"', ["gpu_type: 'a:2' is not a name"]),
        ('time = "1:00:00"\nruns_per_gpu = 2', ["runs_per_gpu: 2 is for jobs with one GPU; gpus is 0"]),
        ('time = "1:00:00"\ngpus = 2\nruns_per_gpu = 2', ["runs_per_gpu: 2", "gpus is 2"]),
        (
            'time = "1:00:00"\ngpus = 1\nruns_per_gpu = 4\nruns_per_job = 3',
            ["runs_per_job: 3 is fewer than the 4"],
        ),
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
    with pytest.raises(ValueError, match=r"nowhere\.toml does not exist; .*slurm/example\.toml"):
        read(tmp_path / "nowhere.toml")


def test_times_of_profiles_and_of_slurm() -> None:
    assert Profile(time="1-02:30:00").minutes == 26 * 60 + 30
    assert Profile(time="100:00:00").minutes == 6000
    assert minutes("1-00:00:00") == 1440
    assert minutes("30:00") == 30
    assert minutes("01:30:30") == 90.5
    assert minutes("UNLIMITED") is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("gres", "gpu:a100:1", "use the key gpus"),
        ("gres", "scratch:10,gpu:2", "use the key gpus"),
        ("gres", "gres/gpu=1", "use the key gpus"),
        ("gres", "shard:1", "use the key gpus (and gpu_type, runs_per_gpu)"),
        ("tres-per-task", "cpu=4", "use the key cpus"),
        ("tres-per-node", "gres/gpu:h100:1", "use the key gpus"),
        ("gpus", 1, "use the key gpus"),
        ("gpus-per-task", 1, "use the key gpus"),
        ("gpus_per_task", 1, "use the key gpus"),
        ("gpus-per-socket", 1, "use the key gpus"),
        ("G", 1, "'G' (--gpus) cannot be given here; use the key gpus"),
        ("cpus-per-gpu", 4, "use the key cpus"),
        ("c", 4, "(--cpus-per-task) cannot be given here; use the key cpus"),
        ("mem-per-cpu", "4G", "use the key memory_gb"),
        ("mem-per-gpu", "4G", "use the key memory_gb"),
        ("p", "gpu", "'p' (--partition) cannot be given here; use the key partition"),
        ("part", "gpu", "'part' (--partition) cannot be given here; use the key partition"),
        ("t", "1:00:00", "use the key time"),
        ("J", "mine", "it is set for every job"),
        ("n", 4, "it is set for every job"),
        ("no-requeue", True, "it is set for every job"),
        ("parsable", True, "could not be submitted with it"),
        ("test-only", True, "could not be submitted with it"),
        ("q", "normal", "'q' is a short name; write 'qos'"),
        ("gre", "scratch:1", "'gre' is a short name; write 'gres'"),
        ("cluster", "one", "'cluster' is a short name; write 'clusters'"),
        ("clusters", "all", "clusters is 'all', not names"),
        ("comment", "two\nlines", "is not one line of text"),
    ],
)
def test_an_option_that_repeats_or_contradicts_a_key_is_refused(name: str, value: object, said: str) -> None:
    with pytest.raises(ValueError, match="options: ") as caught:
        Profile(time="1:00:00", options={name: value})
    assert said in str(caught.value)


def test_options_that_no_key_is_for_are_taken() -> None:
    options = {"qos": "normal", "gres": "scratch:10", "constraint": "a100", "exclusive": True}
    options["clusters"] = "one,two"
    profile = Profile(time="1:00:00", options=options)
    assert profile.options == options
    assert profile.clusters == ("one", "two")


def test_what_sbatch_is_asked_for() -> None:
    assert Profile(time="1:00:00", memory_gb=1 / 1024).memory == "1M"
    assert Profile(time="1:00:00", memory_gb="node").memory == "0"
    assert Profile(time="1:00:00").gpus_per_node is None
    assert Profile(time="1:00:00", gpus=2).gpus_per_node == "2"
    assert Profile(time="1:00:00", gpus=1, gpu_type="a100").gpus_per_node == "a100:1"


def test_runs_that_share_a_gpu_are_packed_and_have_a_core_each_unless_told_otherwise() -> None:
    shared = Profile(time="1:00:00", gpus=1, runs_per_gpu=4)
    assert (shared.cpus, shared.runs_per_job) == (4, 4)
    told = Profile(time="1:00:00", gpus=1, runs_per_gpu=4, cpus=2, runs_per_job=12)
    assert (told.cpus, told.runs_per_job) == (2, 12)
    assert (Profile(time="1:00:00").cpus, Profile(time="1:00:00").runs_per_job) == (1, 1)
