"""A sweep that is killed at random moments, with all its workers, until it is complete: the files are those of a sweep
that nobody disturbed. And one that is interrupted as a user does it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from forked import TOO_LONG, Forked
from sweep import RUNS

pytestmark = pytest.mark.xdist_group("faults")  # the undisturbed sweep is made once

HERE = Path(__file__).parent
KILLS = 15  # at most; then the sweep may come to its end


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Forked]]:
    servers = [Forked(HERE / "sweep.py", subprocess.DEVNULL) for _ in range(2)]
    yield servers
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def undisturbed(servers: list[Forked], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The folder of a sweep that nobody disturbed, and how many seconds it took."""
    folder = tmp_path_factory.mktemp("undisturbed") / "runs"
    begin = time.monotonic()
    servers[0].start(folder, 2)
    assert servers[0].code() == 0
    return folder, time.monotonic() - begin


def content(folder: Path) -> dict[str, Any]:
    """All that a run's folder says, without times. Fails if a file is not whole."""
    found: dict[str, Any] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json":
            found[path.name] = json.loads(path.read_text())
        elif path.suffix == ".parquet":
            found[path.name] = pd.read_parquet(path).drop(columns="seconds")
        elif path.suffix == ".csv":
            found[path.name] = pd.read_csv(path).drop(columns="seconds")
        elif path.suffix == ".pt":
            found[path.name] = torch.load(path, weights_only=True)
    if "result.json" in found:
        for name in ("train_seconds", "score_seconds"):
            del found["result.json"][name]
        for name in ("files", "seal"):  # digests of files that have times in them
            found["result.json"].pop(name, None)
    if "checkpoint.pt" in found:
        state = found["checkpoint.pt"]
        state["history"] = [(*values[:5], *values[6:]) for values in state["history"]]  # without seconds
    return found


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Tensors and plain values inside containers, by where they are."""
    if isinstance(value, dict):
        return {k: v for key, inner in value.items() for k, v in flat(inner, f"{name}/{key}").items()}
    if isinstance(value, (list, tuple)):
        return {k: v for key, inner in enumerate(value) for k, v in flat(inner, f"{name}/{key}").items()}
    return {name: value}


def assert_same_sweep(folder: Path, undisturbed: Path) -> None:
    """Every score and every tensor; and nothing else is left in the folders."""
    names = sorted(path.name for path in (undisturbed / "trainings").iterdir())
    assert len(names) == RUNS
    assert sorted(path.name for path in (folder / "trainings").iterdir()) == names
    for name in names:
        one, two = folder / "trainings" / name, undisturbed / "trainings" / name
        assert sorted(p.name for p in one.iterdir()) == sorted(p.name for p in two.iterdir())
        mine, theirs = flat(content(one)), flat(content(two))
        assert mine.keys() == theirs.keys()
        for key, value in mine.items():
            if isinstance(value, pd.DataFrame):
                pd.testing.assert_frame_equal(value, theirs[key], check_exact=True)
            elif isinstance(value, torch.Tensor):
                assert torch.equal(value, theirs[key]), (name, key)
            else:
                assert value == theirs[key], (name, key)
    left = [path for path in folder.rglob("*") if path.name.startswith(".") or path.name == "lock"]
    assert not [path for path in left if path.parent != folder / "sweep"]


def kill(group: int, number: int = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def test_a_sweep_killed_at_random_moments_has_the_files_of_one_that_nobody_disturbed(
    servers: list[Forked], undisturbed: tuple[Path, float], tmp_path: Path
) -> None:
    """Now one process with two workers, now two that know nothing of each other, on the same sweep."""
    whole, seconds = undisturbed
    folder, rng, kills = tmp_path / "runs", random.Random(0), 0
    while True:
        several = rng.random() < 0.5
        sweeps = {server: server.start(folder, 1 if several else 2) for server in servers[: 1 + several]}
        if kills < KILLS:
            for group in rng.sample(sorted(sweeps.values()), len(sweeps)):
                time.sleep(rng.uniform(0.02, 0.15) * seconds / len(sweeps))
                kill(group)
        undisturbed_now = kills >= KILLS
        codes = [server.code() for server in sweeps]
        kills += codes.count(-signal.SIGKILL)
        for path in (folder / "trainings").glob("*"):
            content(path)
        if 0 in codes:
            break
        assert set(codes) <= {-signal.SIGKILL, 2}  # 2: there was a run that the other had
        assert not undisturbed_now or 2 in codes
    assert kills > 5
    assert_same_sweep(folder, whole)


def alive(group: int) -> list[int]:
    """The processes of a group that are not just entries that nobody has asked for."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, pgrp = path.read_text().rpartition(")")[2].split()[:3]
            if int(pgrp) == group and state not in "ZX":
                found.append(int(path.parent.name))
    return found


def test_an_interrupted_sweep_leaves_no_worker_and_goes_on(
    servers: list[Forked], undisturbed: tuple[Path, float], tmp_path: Path
) -> None:
    folder, server = tmp_path / "runs", servers[0]
    for number, interrupt in enumerate((kill, lambda process, sent: os.kill(process, sent)), 1):
        group = server.start(folder, 2)
        while len(list(folder.glob("trainings/*/result.json"))) < 2 * number:
            time.sleep(0.01)
        assert len(alive(group)) > 2
        interrupt(group, signal.SIGINT)  # as a terminal does, to all; and to the first process alone
        assert server.code() == 130
        deadline = time.monotonic() + TOO_LONG
        while alive(group) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not alive(group)
        assert len(list(folder.glob("trainings/*/result.json"))) < RUNS
    server.start(folder, 2)
    assert server.code() == 0
    assert_same_sweep(folder, undisturbed[0])
