"""The project's own files and those of benchmarks, changed at random: every command ends in seconds, with exit code 0,
1 or 2, and tells a mistake in one line.

A change of bytes is a flipped bit, a lost or repeated stretch, or noise; a change of JSON is another value at a random
place. An exception that a command lets through, and more than LIMIT seconds, fail the test.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import blox_files
import nats_files
import pytest
from digits_tables import write_table
from tiny_study import quiet, tiny_study

from analysis.__main__ import main as analysis
from slurm import profile, records
from studies.__main__ import main as studies
from studies.estimators.cost import NetworkCost
from studies.running.plan import Plan
from studies.running.run import run_one
from supernet.spaces.blox.space import Blox

LIMIT = 10  # seconds; each of the commands takes less than one on files of this size
ODD: list[Any] = [
    None, True, -1, 0, 1e308, -0.0, 2**63, 10**400, "", "x" * 5000, "\0", "\ud800", "../..", "=1+1", [], {},
    [[]], {"": None}, float("nan"), float("inf"), "nan", ["x"], [None], "2024-01-01",
]  # fmt: skip


@contextmanager
def limited() -> Iterator[None]:
    """TimeoutError after LIMIT seconds."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"no answer in {LIMIT} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def changed_bytes(raw: bytes, rng: random.Random) -> bytes:
    begin, length = rng.randrange(len(raw) + 1), rng.choice([1, 2, 8, 64])
    kind = rng.randrange(5)
    if kind == 0 and raw:
        place = rng.randrange(len(raw))
        return raw[:place] + bytes([raw[place] ^ 1 << rng.randrange(8)]) + raw[place + 1 :]
    if kind == 1:
        return raw[:begin]
    if kind == 2:
        return raw[:begin] + raw[begin + length :]
    if kind == 3:
        return raw[:begin] + raw[begin : begin + length] * rng.choice([2, 50]) + raw[begin + length :]
    return raw[:begin] + rng.randbytes(length) + raw[begin + length :]


def changed_json(raw: bytes, rng: random.Random) -> bytes:
    """One value replaced, removed or nested deeply."""
    content = json.loads(raw)
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for key in value if isinstance(value, dict) else range(len(value)):
            places.append((value, key))
            if isinstance(value[key], (dict, list)) and value[key]:
                walk(value[key])

    walk(content)
    holder, key = rng.choice(places)
    if rng.random() < 0.15:
        del holder[key]
    else:
        holder[key] = "DEEP" if rng.random() < 0.05 else rng.choice(ODD)
    depth = rng.choice([500, 200_000])
    return json.dumps(content).replace('"DEEP"', "[" * depth + "]" * depth).encode()


def assert_told(
    command: Callable[[list[str]], int], words: list[object], capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """The command ends as it may, and says at least a line where it fails."""
    capsys.readouterr()
    with limited():
        code = command(list(map(str, words)))
    told = capsys.readouterr().err
    assert code in (0, 1, 2), what
    assert "Traceback" not in told, what
    if code == 2:
        errors = [line for line in told.splitlines() if line.startswith("error: ")]
        assert errors, what
        assert all(len(line) < 3000 for line in errors), what


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`runs` with a small finished study, a supernet of two seeds and an estimator, and its ground truth."""
    runs = tmp_path_factory.mktemp("fuzz") / "runs"
    runs.mkdir()
    tiny = tiny_study(runs)
    supernet = tiny.variants[0]
    cost = replace(supernet, name="size", estimator=NetworkCost())
    truth = {"nasbench201": tiny.truth["nasbench201"]}
    plan = Plan.of(replace(tiny, variants=(supernet, cost), truth=truth), runs, milestones=(50,))
    plan.write()
    for run in plan.runs:
        assert run_one(run, plan.architectures(run), "cpu", quiet)["status"] == "finished"
    return runs


@pytest.mark.parametrize(
    ("name", "change", "count"),
    [
        ("tiny/study.json", changed_json, 24),
        ("tiny/study.json", changed_bytes, 10),
        ("trainings/*/result.json", changed_json, 12),
        ("trainings/*/result.json", changed_bytes, 8),
        ("trainings/*/config.json", changed_json, 8),
        ("trainings/*/scores.parquet", changed_bytes, 12),
        ("trainings/*/milestones.parquet", changed_bytes, 8),
        ("trainings/*/history.csv", changed_bytes, 8),
        ("nasbench201.parquet", changed_bytes, 16),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", ""),
)
@pytest.mark.filterwarnings("ignore")  # of what is odd but no mistake
def test_files_of_a_study(
    study: Path,
    tmp_path: Path,
    name: str,
    change: Callable[[bytes, random.Random], bytes],
    count: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rng = random.Random(f"{name} {change.__name__}")
    shutil.copytree(study, tmp_path / "runs")
    paths = sorted((tmp_path / "runs").glob(name))
    assert paths
    for number in range(count):
        path = rng.choice(paths)
        whole = path.read_bytes()
        path.write_bytes(change(whole, rng))
        command = ("table", "yardstick")[number % 2]
        assert_told(analysis, [command, "tiny", "--runs", tmp_path / "runs"], capsys, f"{path} {number}")
        path.write_bytes(whole)


@pytest.mark.filterwarnings("ignore")
def test_tables_and_their_manifests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, rng = write_table(tmp_path, "nasbench201", 12), random.Random(0)
    for number in range(30):
        changed = path.with_suffix(".json") if number % 3 else path
        change = changed_json if number % 3 == 1 else changed_bytes
        whole = changed.read_bytes()
        changed.write_bytes(change(whole, rng))
        commands: list[tuple[Callable[[list[str]], int], list[object]]] = [
            (studies, ["truth", "show", path]),
            (studies, ["truth", "check", path]),
            (analysis, ["correlate", "--truth", f"{path}:digits_test", "--scores", f"{path}:digits_valid"]),
        ]
        for command, words in commands:
            assert_told(command, words, capsys, f"{words} {number}")
        changed.write_bytes(whole)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Path]]:
    """(importer, file) of benchmarks, in every format."""
    folder, indices = tmp_path_factory.mktemp("published"), [0, 7]
    found = [("nasbench201", nats_files.write_single(folder / "one.pickle.pbz2", indices))]
    found += [
        ("nasbench201", nats_files.write_pth(folder / f"{zipped}.pth", indices, zipped))
        for zipped in (False, True)
    ]
    models = list(Blox().sample(4, 0))
    for part in ("base", "info"):
        for suffix in blox_files.FORMATS:
            found.append(("blox", blox_files.write(folder, part, suffix, blox_files.rows_of(part, models))))
    table = folder / "scores.csv"
    table.write_text("index,cifar10_test\n" + "".join(f"{i},{50 + i}\n" for i in range(20)))
    return [*found, ("csv", table)]


@pytest.mark.filterwarnings("ignore")
def test_files_of_benchmarks(
    published: list[tuple[str, Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(0)
    for importer, whole in published:
        raw = whole.read_bytes()
        for number in range(3 if importer == "nasbench201" else 6):
            path = tmp_path / whole.name
            path.write_bytes(changed_bytes(raw, rng))
            words: list[object] = ["truth", "import", importer, path, "--out", tmp_path / "table.parquet"]
            words += ["--space", "nasbench201"] if importer == "csv" else []
            assert_told(studies, words, capsys, f"{path} {number}")


PROFILE = """
time = "01:00:00"
cpus = 2
memory_gb = 4.5
partition = "main"
setup = ["module load python"]
python = "python3"
[options]
qos = "high"
nice = 5
exclusive = true
"""


def test_profiles_and_records(tmp_path: Path) -> None:
    rng, path = random.Random(0), tmp_path / "profile.toml"
    path.write_text(PROFILE)
    submission = records.Submission.new(tmp_path, ("quickstart",), [("abc",)], profile.read(path))
    submission.write()
    record = submission.folder / records.FILE
    whole = record.read_bytes()
    for number in range(150):
        path.write_bytes(changed_bytes(PROFILE.encode(), rng))
        record.write_bytes((changed_json if number % 2 else changed_bytes)(whole, rng))
        for read, named in ((profile.read, path), (records.Submission.read, record)):
            try:
                with limited():
                    read(named)
            except ValueError as error:
                assert str(named) in str(error)  # noqa: PT017
    path.write_text("x = " + "[" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        profile.read(path)
