"""The figure of the top sets: its lines and its band are the frames' numbers."""

import pytest

from analysis.figures import topn
from analysis.store.study import FULL


def test_reference_lines_and_the_band_of_range_restriction(found):
    series = topn.series_of(found.top[found.top["primary"].astype(bool)])
    left = topn.topn(series, found.top_references).axes[0]
    lines = {line.get_label(): line for line in left.get_lines()}
    rows = found.top_references
    rows = rows[(rows["space"] == "nasbench201") & (rows["mask"] == FULL)]
    for label, reference in (
        ("noise ceiling, seed against seed", "seed_to_seed"),
        ("noise ceiling, validation against test", "valid_to_test"),
        ("params", "params"),
    ):
        expected = rows.loc[rows["reference"] == reference, "tau_b"].to_list()
        assert lines[label].get_ydata().tolist() == expected
    (band,) = [patch for patch in left.collections if str(patch.get_label()).startswith("range restriction")]
    best = found.primary[found.primary["space"] == "nasbench201"].sort_values("tau_b")["variant"].iloc[-1]
    assert best in band.get_label()
    here = series[(series["space"] == "nasbench201") & (series["variant"] == best)]
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(here[["expected_points", "expected_places"]].min(axis=None))
    assert heights.max() == pytest.approx(here[["expected_points", "expected_places"]].max(axis=None))


def test_expectations_are_means_over_seeds(found):
    top = found.top[found.top["primary"].astype(bool)]
    series = topn.series_of(top).set_index(["space", "mask", "variant", "top"])
    for key, rows in top.groupby(["space", "mask", "variant", "top"]):
        assert series.loc[key, "expected_places"] == pytest.approx(rows["expected_places"].mean())


def test_scores_of_different_units_go_from_their_lowest_to_their_highest(found):
    series = topn.series_of(found.top[found.top["primary"].astype(bool)])
    names = list(dict.fromkeys(series["variant"]))
    other = series.assign(score=series["score"].where(series["variant"] != names[0], 1e6 * series["score"]))
    shown = []
    for rows in (series, other):
        right = topn.topn(rows, found.top_references, percent=False).axes[1]
        assert "%" not in right.get_ylabel()
        values = [line.get_ydata() for line in right.get_lines()]
        assert all((value.min(), value.max()) == (0, 1) for value in values)
        shown += [number for value in values for number in value]
    assert shown[: len(shown) // 2] == pytest.approx(shown[len(shown) // 2 :])
    assert topn.topn(series, found.top_references).axes[1].get_ylabel() == "mean score (%)"
