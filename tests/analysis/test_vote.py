"""vote by counting pairs."""

from __future__ import annotations

import random
from itertools import product

import pandas as pd
import pytest

from analysis.statistics.vote import vote


def made(scores: dict[str, list[float | None]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "arch": f"a{index}",
                "measure": measure,
                "score": score,
                "status": "nan" if score is None else "ok",
                "seconds": 1.0,
                "macs": 2.0,
            }
            for measure, row in scores.items()
            for index, score in enumerate(row)
        ]
    )


def test_is_the_share_of_pairs_won() -> None:
    rng, members = random.Random(0), ("a", "b", "c")
    scores: dict[str, list[float | None]] = {m: [float(rng.randrange(6)) for _ in range(9)] for m in members}
    found = vote(made(scores | {"d": [0.0] * 9}), members)
    assert list(found["arch"]) == [f"a{index}" for index in range(9)]
    for own, row in enumerate(found.to_dict("records")):
        pairs = [
            (scores[m][own] > scores[m][other]) + 0.5 * (scores[m][own] == scores[m][other])  # type: ignore[operator]
            for m, other in product(members, range(9))
            if other != own
        ]
        assert row["score"] == pytest.approx(sum(pairs) / len(pairs))
        assert (row["measure"], row["status"], row["seconds"], row["macs"]) == ("vote", "ok", 3.0, 6.0)


def test_only_order_counts() -> None:
    scores = {"a": [1.0, 2.0, 3.0, 0.5], "b": [2.0, 1.0, 5.0, 4.0]}
    stretched = {"a": [10.0**x for x in scores["a"]], "b": [x / 7 for x in scores["b"]]}
    first, second = (list(vote(made(given), ("a", "b"))["score"]) for given in (scores, stretched))  # type: ignore[arg-type]
    assert first == second == pytest.approx([1 / 3, 1 / 3, 1.0, 1 / 3])


def test_without_a_members_score_there_is_none() -> None:
    found = vote(made({"a": [1.0, None, 3.0, 2.0], "b": [1.0, 9.0, 2.0]}), ("a", "b"))
    scores = [None if pd.isna(score) else score for score in found["score"]]
    expected = [(0.0, "ok"), (None, "nan"), (1.0, "ok"), (None, "unknown")]
    assert list(zip(scores, found["status"], strict=True)) == expected
    assert list(vote(made({"a": [4.0]}), ("a",))["score"]) == [0.5]


def test_bad_input() -> None:
    with pytest.raises(ValueError, match=r"members: \(\) names no measure"):
        vote(made({"a": [1.0]}), ())
