"""The section on comparisons: marks, what is folded away, what is said of the pairs."""

import pandas as pd

from analysis.measures.differences import COLUMNS
from analysis.report.sections.comparisons import comparison_tables
from analysis.tables.cells import ONE_SEED


def rows(names, p_holm, p_seeds=0.001):
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    values = {"space": "blox", "difference": 0.125, "low": 0.1, "high": 0.15, "n": 40}
    values |= dict.fromkeys(("architectures_low", "trainings_low"), 0.11) | {"set": "all 40"}
    values |= dict.fromkeys(("architectures_high", "trainings_high"), 0.14)
    values |= {"p_architectures": 0.0001, "p_seeds": p_seeds, "p_holm": p_holm}
    return pd.DataFrame([values | {"leader": a, "other": b} for a, b in pairs])[COLUMNS]


def test_two_variants_need_no_matrix():
    text = "".join(comparison_tables(rows(["a", "b"], 0.01)))
    assert "Of 1 pairs of 2 variants, 1 differ significantly." in text
    assert "Row minus column" not in text
    assert "<details" not in text
    assert "better" in text
    assert "&lt; 0.001" in text


def test_many_have_a_matrix_and_a_folded_list():
    text = "".join(comparison_tables(rows(list("abcde"), 0.01)))
    assert text.count("<strong>+.12</strong>") == 10
    assert "All 10 comparisons" in text
    plain = "".join(comparison_tables(rows(list("abcde"), 0.2)))
    assert "<strong>" not in plain
    assert "0 differ significantly" in plain
    one = "".join(comparison_tables(rows(list("abcde"), None, p_seeds=None)))
    assert one.count(f"+.12{ONE_SEED}") == 10
    assert "0 differ significantly, 10 cannot be tested because a side has one seed" in one


def test_nothing_without_a_pair():
    assert comparison_tables(pd.DataFrame(columns=COLUMNS)) == []
