"""Latency: the protocol, a resumable table, a sum that predicts it, searches within it, files of others."""

from __future__ import annotations

import itertools
import json
import pickle
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from analysis.store import search as store
from studies import embedded
from studies.__main__ import main
from studies.latency.protocol import interquartile_mean, latency
from studies.latency.sum_model import fit, quality
from studies.search.methods.integer_program import best_sums, separate
from supernet.network import NetworkConfig, StandAlone, seeded
from supernet.spaces import SPACES, get_space
from supernet.spaces.sums import terms


def test_the_protocol_is_the_papers() -> None:
    """By hand, and what it must not be moved by."""
    assert interquartile_mean([1, 2, 3, 4, 5, 6, 7, 100]) == np.mean([3, 4, 5, 6])  # quartiles 2.75 and 6.25
    assert interquartile_mean([3, 5]) == 4
    assert latency([7.0] * 1000) == (7, 7, 7)
    rng = np.random.default_rng(0)
    times = rng.normal(10, 0.1, 1000)
    disturbed = times.copy()
    disturbed[::5] += 50  # two of every ten
    assert latency(disturbed).value == pytest.approx(latency(times).value, rel=0.02)
    assert latency(3 * times).value == pytest.approx(3 * latency(times).value)
    means = []
    for group in np.split(times, 100):
        low, high = np.percentile(group, [25, 75])
        means.append(np.mean([one for one in group if low <= one <= high]))
    low, high = np.percentile(means, [25, 75])
    assert latency(times).value == pytest.approx(np.mean([one for one in means if low <= one <= high]))
    with pytest.raises(ValueError, match="runs: 15 is not a positive multiple of 10"):
        latency(times[:15])


@pytest.mark.parametrize("name", SPACES)
def test_a_sum_is_recovered_and_is_one_for_the_integer_program(name: str) -> None:
    space, rng = get_space(name), np.random.default_rng(0)
    sample = space.sample(400, 0)
    value: dict = {}

    def draw(architecture) -> float:
        """An own value for each choice at each place; of a block its operations and type, and a little of its own."""
        architecture = space.live_form(architecture)
        parts = sum(value.setdefault(one, rng.uniform(0, 1)) for one in space.choices_by_place(architecture))
        own = (
            value.setdefault((at, one), rng.uniform(0, 0.02))
            for at, one in enumerate(terms(space, architecture))
        )
        return 5 + parts + sum(own)

    truth = np.array([draw(one) for one in sample])
    model = fit(space, sample[:300], truth[:300])
    found = quality(truth[300:], model.predict(sample[300:]))
    assert found["r2"] is not None
    assert found["r2"] > 0.95
    whole = list(space.enumerate())[:: 17 if name == "blox" else 1]
    separate(space, whole, model.predict(whole), "latency", live=True)  # raises ValueError for what is no sum


@pytest.mark.parametrize("name", SPACES)
def test_what_is_summed_is_what_is_computed(name: str) -> None:
    """Of an architecture as many modules as of its live form, and of that all that it has."""
    space = get_space(name)

    def computed(architecture) -> tuple[int, int]:
        config = NetworkConfig(space=space, size=embedded.SIZES[name], affine=True)
        network = seeded(StandAlone, config, architecture, seed=0).eval()
        leaves = [one for one in network.modules() if not list(one.children()) and list(one.parameters())]
        called = set()
        for one in leaves:
            one.register_forward_hook(lambda module, *_: called.add(module))
        with torch.inference_mode():
            network(torch.zeros(1, 1, 8, 8))
        return len(called), len(leaves)

    raw = random.Random(0)
    drawn = [sum((space.draw_cell(raw) for _ in range(space.parts)), ()) for _ in range(12)]
    for architecture in filter(space.is_valid, drawn):
        live = space.live_form(architecture)
        assert space.live_form(live) == live
        assert space.canonical(live) == space.canonical(architecture)
        assert computed(architecture)[0] == computed(live)[0] == computed(live)[1]


def test_no_sum_takes_no_time() -> None:
    """Where the best fit goes below 0 at its end, as with latencies that grow faster than a sum."""
    space = get_space("macro")
    sample, whole = space.sample(200, 0), list(space.enumerate())
    design = np.array([np.eye(3)[list(one)].ravel() for one in whole])
    rows = [whole.index(one) for one in sample]
    for power in (3, 9):
        grown = np.array([0.01 + sum(one) ** power for one in sample])
        plain = design @ np.linalg.lstsq(design[rows], grown, rcond=None)[0]
        assert plain.min() < 0
        found = fit(space, sample, grown).predict(whole)
        assert found.min() > 0
        assert np.corrcoef(found[rows], grown)[0, 1] > 0.5


def test_an_integer_program_keeps_to_what_is_computed() -> None:
    """The best sums within a latency that dead edges do not add to, by brute force."""
    space, rng = get_space("nasbench201"), np.random.default_rng(1)
    whole, values = list(space.enumerate()), rng.uniform(0, 1, (6, 5)) * (np.arange(5) > 0)
    score = rng.uniform(0, 1, (6, 5))
    latencies = np.array([1 + values[range(6), space.live_form(one)].sum() for one in whole])
    scores = np.array([score[range(6), one].sum() for one in whole])
    with pytest.raises(ValueError, match="latency is not a sum over places"):
        separate(space, whole, latencies, "latency")
    cost, quality_of = (
        separate(space, whole, latencies, "latency", live=True),
        separate(space, whole, scores, "score"),
    )
    found = list(itertools.islice(best_sums(quality_of.values, cost.values, 2 - cost.offset), 5))
    rows = [int((cost.choices == one).all(1).argmax()) for one in found]
    alive = np.array([space.live_form(one) == one for one in whole])
    inside = np.flatnonzero(latencies <= 2)
    assert set(rows) <= set(inside)
    assert scores[rows[0]] >= scores[inside[alive[inside]]].max() - 1e-9
    assert list(scores[rows]) == sorted(scores[rows], reverse=True)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("latency") / "macro.parquet"
    assert main(words(path)) == 0
    return path


def words(path: Path, *more: str) -> list[str]:
    which = "latency --space macro --architectures 8 --size embedded --batch 1,2"
    how = "--runs 10 --warmup 1 --repeats 2 --clock process"
    return [*which.split(), *how.split(), "--out", str(path), *more]


def test_a_table_is_measured_once(measured: Path, capsys) -> None:
    """Again it measures nothing; more is added; other settings are refused; a torn line is measured again."""
    frame, records = pd.read_parquet(measured), measured.with_suffix(".records.jsonl")
    assert len(frame) == 8
    for batch in (1, 2):
        repeats = [frame[f"latency_cpu_b{batch}_ms_repeat{one}"] for one in (0, 1)]
        assert (pd.concat(repeats, axis=1) > 0).all(axis=None)
        assert np.allclose(frame[f"latency_cpu_b{batch}_ms"], (repeats[0] + repeats[1]) / 2)
    manifest = json.loads(measured.with_suffix(".json").read_text())
    assert manifest["protocol"] == {
        "device": "cpu",
        "runs": 10,
        "warmup": 1,
        "threads": 1,
        "clock": "process",
    }
    assert {"processor", "cores"} <= set(manifest["machine"])
    before = records.read_bytes()
    assert main(words(measured)) == 0
    assert records.read_bytes() == before
    records.write_bytes(before[:-5])  # killed while it wrote
    assert main(words(measured, "--architectures", "9")) == 0
    kept = before[: before.rstrip().rfind(b"\n") + 1]
    assert records.read_bytes().startswith(kept)
    assert len(pd.read_parquet(measured)) == 9
    assert main(["truth", "check", str(measured)]) == 0
    capsys.readouterr()
    whole = measured.read_bytes()
    for more, message in (
        (["--warmup", "2"], "was begun with another protocol"),
        (
            ["--batch", "1"],
            "has latency_cpu_b2_ms, latency_cpu_b2_ms_repeat0, latency_cpu_b2_ms_repeat1, which",
        ),
        (["--repeats", "1"], "has latency_cpu_b1_ms_repeat0"),
        (["--batch", f"1,2,{10**12}"], "--batch: 1000000000000 images do not fit the memory"),
        (["--architectures", "8"], "has 1 other architectures, which it would lose"),
    ):
        assert main(words(measured, "--architectures", "9", *more)) == 2
        assert message in capsys.readouterr().err
    lines = records.read_text().splitlines()
    for value in ("x", None, -5, 0, True, float("nan"), float("inf")):
        lines[3] = json.dumps(json.loads(lines[3]) | {"value": value})
        records.write_text("\n".join(lines) + "\n")
        assert main(words(measured, "--architectures", "9")) == 2
        assert "macro.records.jsonl is damaged" in capsys.readouterr().err
    assert measured.read_bytes() == whole
    assert main(["latency-model", str(measured), "--out", str(measured)]) == 2
    assert "is the table of measured latencies itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--runs", "15"], "runs: 15 is not a positive multiple of 10"),
        (["--batch", "1,x"], "--batch: '1,x' is not a list of positive integers"),
        (["--batch", "0"], "batch: 0 is not a positive integer"),
        (["--repeats", "0"], "repeats: 0 is not a positive integer"),
        (["--threads", "0"], "threads: 0 is not a positive integer"),
        (["--threads", "2"], "clock: 'process' is of one thread of the CPU"),
        (["--architectures", "0"], "--architectures: 0 is no number of networks"),
        (["--out", "x.csv"], "'x.csv' does not end in .parquet"),
    ],
)
def test_mistakes_are_said(more: list[str], message: str, tmp_path: Path, capsys) -> None:
    assert main(words(tmp_path / "x.parquet", *more)) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_searches_stay_within_a_predicted_latency(tmp_path: Path, capsys) -> None:
    """A model of a file of others, its predictions as a limit, a ranking and an integer program."""
    space, rng = get_space("macro"), np.random.default_rng(0)
    whole = list(space.enumerate())
    latencies = np.array([2 + sum(place * one for place, one in enumerate(a, 1)) for a in whole])
    some = rng.choice(len(whole), 100, replace=False)
    with (tmp_path / "phone.pickle").open("wb") as file:  # as published: {ints: seconds}
        pickle.dump({whole[row]: float(latencies[row]) / 1000 for row in some}, file)
    named = ["--columns", "latency_phone_s", "--dialect", "ints", "--out", str(tmp_path / "phone.parquet")]
    assert main(["truth", "import", "csv", str(tmp_path / "phone.pickle"), "--space", "macro", *named]) == 0
    predicted = tmp_path / "predicted.parquet"
    assert main(["latency-model", str(tmp_path / "phone.parquet"), "--out", str(predicted)]) == 0
    told = json.loads(predicted.with_suffix(".json").read_text())["judged"]
    assert told[0]["by"] == "sum over places"
    assert told[0]["r2"] > 0.999
    assert told[0]["r2"] > told[1]["r2"]
    table = pd.DataFrame({"arch": [space.text(one) for one in whole]})
    table["digits_test"] = rng.uniform(0, 100, len(whole)).round(2)
    table.to_csv(tmp_path / "macro.csv", index=False)
    found = ["search", str(tmp_path / "macro.csv"), "--latency", str(predicted)]
    limit = ["--limit", "latency=0.03"]
    more = ["--runs", "2", "--budget", "12", "--workers", "1", "--out", str(tmp_path / "out")]
    assert main([*found, "--method", "random,ranking:-latency,ilp:latency,ilp:macs", *limit, *more]) == 0
    events = store.read(tmp_path / "out").events
    own = dict(zip(table["arch"], latencies, strict=True))
    seen = events[events["kind"] == "trained"]
    assert seen["arch"].astype(str).map(own).max() <= 30
    by = {method: group["arch"].astype(str).map(own).tolist() for method, group in seen[seen["run"] == 0].groupby(
        "method", observed=True)}  # fmt: skip
    inside = np.sort(latencies[latencies <= 30])
    assert by["ranking:-latency"] == inside[:12].tolist()
    assert by["ilp:latency"] == inside[::-1][:12].tolist()
    capsys.readouterr()
    for wrong, message in (
        (["--limit", "latency=0.001"], "every network of"),
        ([*limit, *limit], "--limit: latency is given twice"),
        ([*limit, "--latency", "nothing"], "'nothing' is neither a column of"),
        ([*limit, "--latency", str(tmp_path / "phone.parquet")], "has none for 6,461 of 6,561 architectures"),
    ):
        assert main([*found, "--method", "random", *more, *wrong]) == 2
        assert message in capsys.readouterr().err


def test_columns_of_latency_are_times(tmp_path: Path, capsys) -> None:
    space = get_space("macro")
    frame = pd.DataFrame(
        {"arch": [space.text(one) for one in space.sample(5, 0)], "latency_a_ms": [1.0, 2, 3, 4, 0]}
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    line = [
        "truth",
        "import",
        "csv",
        str(tmp_path / "a.csv"),
        "--space",
        "macro",
        "--out",
        str(tmp_path / "a.parquet"),
    ]
    assert main(line) == 2
    assert "is '0.0', which is not a time above 0" in capsys.readouterr().err
    frame.assign(latency_a_ms=2.5).to_csv(tmp_path / "a.csv", index=False)
    assert main(line) == 0
    assert pd.read_parquet(tmp_path / "a.parquet")["latency_a_ms"].tolist() == [2.5] * 5
