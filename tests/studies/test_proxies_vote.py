"""vote by counting pairs."""

from __future__ import annotations

import random
from itertools import product

import pytest

from studies.estimators import Record
from studies.proxies.vote import vote


def made(scores: dict[str, list[float | None]]) -> list[Record]:
    return [
        Record(
            architecture=(index,),
            measure=measure,
            score=score,
            status="nan" if score is None else "ok",
            seconds=1.0,
            macs=2.0,
        )
        for measure, row in scores.items()
        for index, score in enumerate(row)
    ]


def test_is_the_share_of_pairs_won() -> None:
    rng, members = random.Random(0), ("a", "b", "c")
    scores = {member: [float(rng.randrange(6)) for _ in range(9)] for member in members}
    found = vote(made(scores | {"d": [0.0] * 9}), members)  # type: ignore[arg-type]
    for record in found:
        (own,) = record.architecture
        pairs = [
            (scores[member][own] > scores[member][other])
            + 0.5 * (scores[member][own] == scores[member][other])
            for member, other in product(members, range(9))
            if other != own
        ]
        assert record.score == pytest.approx(sum(pairs) / len(pairs))
        assert (record.measure, record.status, record.seconds, record.macs) == ("vote", "ok", 3.0, 6.0)
    assert [record.architecture for record in found] == [(index,) for index in range(9)]


def test_only_order_counts() -> None:
    scores = {"a": [1.0, 2.0, 3.0, 0.5], "b": [2.0, 1.0, 5.0, 4.0]}
    stretched = {"a": [10.0**x for x in scores["a"]], "b": [x / 7 for x in scores["b"]]}
    first, second = (
        [record.score for record in vote(made(given), ("a", "b"))]  # type: ignore[arg-type]
        for given in (scores, stretched)
    )
    assert first == second == pytest.approx([1 / 3, 1 / 3, 1.0, 1 / 3])


def test_without_a_members_score_there_is_none() -> None:
    scores: dict[str, list[float | None]] = {"a": [1.0, None, 3.0, 2.0], "b": [1.0, 9.0, 2.0]}
    found = vote(made(scores), ("a", "b"))
    assert [(record.score, record.status) for record in found] == [
        (0.0, "ok"),
        (None, "nan"),
        (1.0, "ok"),
        (None, "unknown"),
    ]
    assert vote(made({"a": [4.0]}), ("a",))[0].score == 0.5
    assert vote([]) == []


def test_bad_input() -> None:
    twice = made({"a": [1.0]}) * 2
    with pytest.raises(ValueError, match=r"records: \(0,\) has two of 'a'"):
        vote(twice, ("a",))
    with pytest.raises(ValueError, match=r"members: \(\) names no measure"):
        vote(twice, ())
