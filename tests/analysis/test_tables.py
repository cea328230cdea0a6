"""Joining two tables by architecture."""

import numpy as np
import pandas as pd
import pytest
from synthetic_study import texts

from analysis.store.tables import Table, join
from supernet.spaces import get_space


def table(rows, column="score", **more):
    frame = pd.DataFrame({"arch": [arch for arch, _ in rows], column: [value for _, value in rows], **more})
    return Table(frame=frame, column=column, source="here")


def test_join_by_text_counts_what_is_missing():
    truth = table([("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", np.nan), ("f", 5.0)], "acc")
    scores = table(
        [("f", 50.0), ("b", np.nan), ("a", 10.0), ("c", np.inf), ("x", 1.0), ("e", 5.0)],
        status=["ok", "ok", "ok", "ok", "ok", "ok"],
    )
    found = join(truth, scores)
    assert found.frame["arch"].tolist() == ["a", "f"]  # the order of the truth
    assert found.frame["score"].tolist() == [10, 50]
    assert (found.missing, found.unknown, found.truth_missing, found.space) == (3, 1, 1, None)
    assert found.frame["place"].tolist() == [4, 0]


def test_worst_is_below_all_and_tied():
    truth = table([("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)], "acc")
    scores = table([("a", -5.0), ("b", 7.0)])
    found = join(truth, scores, "worst")
    score = found.frame["score"].to_numpy()
    assert found.missing == 2
    assert found.frame["scored"].tolist() == [True, True, False, False]
    assert score[2] == score[3] < -5


def test_only_status_ok_counts():
    truth = table([("a", 1.0), ("b", 2.0)], "acc")
    found = join(truth, table([("a", 1.0), ("b", 2.0)], status=["ok", "disconnected"]))
    assert found.frame["arch"].tolist() == ["a"]
    assert found.missing == 1


def test_nothing_in_common():
    with pytest.raises(ValueError, match="no architecture has both a score and a truth in here"):
        join(table([("a", 1.0)], "acc"), table([("b", 1.0)]))
    with pytest.raises(ValueError, match="missing: 'zero' is not one of drop, worst"):
        join(table([("a", 1.0)], "acc"), table([("a", 1.0)]), "zero")


def other_spelling(architecture):
    return " ".join(map(str, architecture))


@pytest.mark.parametrize("name", ["nasbench201", "blox"])
def test_spelling_does_not_matter(name):
    architectures, official = texts(name, 60)
    truth = table([(text, float(i)) for i, text in enumerate(official)], "acc")
    scores = table([(other_spelling(a), float(i)) for i, a in enumerate(architectures)][::-1])
    assert scores.texts != truth.texts[::-1]
    found = join(truth, scores)
    assert found.space.name == name
    assert found.missing == found.unknown == 0
    assert found.frame["score"].tolist() == found.frame["truth"].tolist()


def test_one_architecture_under_two_spellings_is_a_duplicate():
    architectures, official = texts("nasbench201", 3)
    rows = [(text, 1.0) for text in official] + [(other_spelling(architectures[0]), 2.0)]
    with pytest.raises(ValueError, match=r"also written .* is in more than one row"):
        join(table(rows, "acc"), table(rows, "acc"))


def test_nasbench201_keeps_apart_what_the_benchmark_lists_apart():
    """Two cells with the same function are two entries of the benchmark, each with its own accuracy."""
    space = get_space("nasbench201")
    groups: dict = {}
    for architecture in space.enumerate():
        groups.setdefault(space.canonical(architecture), []).append(space.text(architecture))
    same = next(group for group in groups.values() if len(group) > 2)
    rows = [(text, float(i)) for i, text in enumerate(same)]
    found = join(table(rows, "acc"), table(rows[::-1]))
    assert found.frame["score"].tolist() == found.frame["truth"].tolist()


def test_blox_merges_spellings_of_one_model():
    """A model and its canonical form are one entry of the benchmark."""
    space = get_space("blox")
    rest = (0, 0, 1, 0, 0) * 2
    one, other = (1, 0, 0, 1, 1, *rest), (0, 1, 0, 1, 1, *rest)  # O1(x) + O0(x): the order does not matter
    assert space.canonical(other) == space.canonical(one)
    found = join(table([(space.text(one), 1.0)], "acc"), table([(other_spelling(other), 2.0)]))
    assert found.frame["score"].tolist() == [2]
