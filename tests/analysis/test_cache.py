"""What is kept beside a study: the same numbers with it and without it, and never a number of something else."""

from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path

import pandas as pd
import pytest

from analysis.measures import rankings
from analysis.measures.collect import CACHE, Collected, collect
from analysis.report.tables.study import table_text
from analysis.store import cache as cache_module
from analysis.store import scores
from analysis.store.cache import FOLDER, Cache, key_of
from analysis.store.study import load_study
from tests.analysis.synthetic_study import write_study

FRAMES = ("runs", "variants", "top", "points", "references", "top_references", "differences", "controls")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_study(tmp_path / "runs", n=60)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The variants whose numbers are computed and not read."""
    names: list[str] = []
    compute = rankings.Ranking._compute

    def counted(self: rankings.Ranking) -> dict[str, object]:
        names.append(self.name)
        return compute(self)

    monkeypatch.setattr(rankings.Ranking, "_compute", counted)
    return names


def assert_same(one: Collected, other: Collected) -> None:
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    for form in ("text", "csv", "json", "markdown", "latex"):
        assert table_text(one, form) == table_text(other, form)


def test_kept_numbers_are_the_computed_ones(folder: Path, computed: list[str]) -> None:
    first = collect(folder)
    assert len(computed) == len(set(zip(first.variants["variant"], first.variants["space"], strict=True))) - 1
    computed.clear()
    again = collect(folder)
    assert computed == []
    assert_same(first, again)


def test_only_points_read_scores_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = collect(folder)

    def refuse(run: object) -> None:
        raise AssertionError(f"{run} is read")

    monkeypatch.setattr(rankings, "read_scores", refuse)
    again = collect(folder, with_points=False)
    pd.testing.assert_frame_equal(again.variants, first.variants, check_exact=True)
    pd.testing.assert_frame_equal(again.differences, first.differences, check_exact=True)
    with pytest.raises(AssertionError, match="is read"):
        collect(folder)


def test_damaged_cache_is_computed_again(folder: Path, computed: list[str]) -> None:
    first = collect(folder)
    path = folder / FOLDER / CACHE
    whole, expected = path.read_bytes(), set(computed)
    for place in (0, 30, 64, 65, 70, 500, len(whole) // 2, -2, -1):
        raw = bytearray(whole)
        raw[place] ^= 1
        path.write_bytes(bytes(raw))
        assert Cache(path)._kept == {}
    for content in (b"", b"\n", whole[:1000], b"\xff" * 100):
        path.write_bytes(content)
        assert Cache(path)._kept == {}
    path.write_bytes(bytes(raw))
    computed.clear()
    assert_same(collect(folder), first)
    assert set(computed) == expected
    assert path.read_bytes() == whole  # made again


def test_what_numbers_depend_on(folder: Path, computed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One run's scores: that variant alone. The truth, its column, the set, the tops, the code: everything."""
    collect(folder)
    everything = set(computed)
    run = next(run for run in load_study(folder).runs if run.variant == "without none")
    path = run.folder / scores.FILE
    frame = pd.read_parquet(path)

    found: list[Collected] = []

    def again(fresh: set[str]) -> None:
        computed.clear()
        found.append(collect(folder, with_points=False))
        assert set(computed) == fresh

    frame.assign(score=frame["score"].iloc[::-1].to_numpy()).to_parquet(path)
    again({"without none"})
    content = json.loads((folder / "study.json").read_text())
    for name in content["truth"]:
        table = folder / content["truth"][name]["file"]
        truth = pd.read_parquet(table)
        truth.assign(
            digits_test=truth["digits_test"] + truth.index % 3, other=truth["digits_test"]
        ).to_parquet(table)
    again(everything)
    for change in ({"scored": {"random": 30}}, {"top": [10, 20]}, {"truth": of_column(content, "other")}):
        content |= change
        (folder / "study.json").write_text(json.dumps(content))
        again(everything)
    monkeypatch.setattr(cache_module, "code_digest", lambda: "another version")
    again(everything)
    assert_same(found[-2], found[-1])
    (folder / FOLDER / CACHE).unlink()
    again(everything)
    assert_same(found[-2], found[-1])


def of_column(content: dict[str, dict[str, dict[str, str]]], column: str) -> dict[str, dict[str, str]]:
    return {name: entry | {"column": column} for name, entry in content["truth"].items()}


def test_the_code_is_part_of_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "ROOT", tmp_path)
    monkeypatch.setattr(cache_module, "CODE", ("measures",))
    digests = []
    (tmp_path / "measures").mkdir()
    for text in ("x = 1\n", "x = 2\n", "x = 1\n"):
        (tmp_path / "measures" / "one.py").write_text(text)
        cache_module.code_digest.cache_clear()
        digests.append(cache_module.code_digest())
    cache_module.code_digest.cache_clear()
    assert digests[0] == digests[2] != digests[1]


def test_a_study_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = collect(folder)
    shutil.rmtree(folder / FOLDER)
    (folder / FOLDER).write_text("no folder")  # so that not even root can write there
    assert_same(collect(folder), first)
    (folder / FOLDER).unlink()

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert_same(collect(folder), first)
    assert not list((folder / FOLDER).glob("*"))  # nor is anything half-written left


def test_writers_at_once(tmp_path: Path) -> None:
    """Whoever reads has the whole file of one of them."""
    path = tmp_path / "cache" / "numbers"
    words = [f"{writer}" * 20_000 for writer in range(4)]
    seen: list[bool] = []

    def write(word: str) -> None:
        for _ in range(10):
            cache = Cache(path)
            cache.value(key_of(word), lambda: word)
            cache.save()
            kept = Cache(path)._kept
            seen.append(len(kept) > 0 and all(json.loads(text) in words for text in kept.values()))

    threads = [threading.Thread(target=write, args=(word,)) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 40
    assert all(seen)
    assert [one.name for one in path.parent.iterdir()] == ["numbers"]


def test_values_are_texts_read_back(tmp_path: Path) -> None:
    """Computed or kept, a value is the same: NaN, infinity, -0.0 and every digit."""
    cache, numbers = Cache(tmp_path / "one"), [0.1 + 0.2, float("nan"), float("inf"), -0.0, 5e-324, 3, None]
    key = key_of(["numbers"])
    first = cache.value(key, lambda: numbers)
    cache.save()
    again = Cache(tmp_path / "one").value(key, lambda: pytest.fail("computed again"))
    assert repr(first) == repr(again) == repr(numbers)
    assert cache.value(None, lambda: numbers)[0] == numbers[0]


def test_what_is_not_asked_for_is_left_out(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "one")
    for name in ("old", "kept"):
        cache.value(key_of(name), lambda name=name: name)
    cache.save()
    later = Cache(tmp_path / "one")
    later.value(key_of("kept"), lambda: "kept")
    later.save()
    assert len(Cache(tmp_path / "one")._kept) == 2  # nothing new: not written
    later.value(key_of("new"), lambda: "new")
    later.save()
    assert set(Cache(tmp_path / "one")._kept) == {key_of("kept"), key_of("new")}
