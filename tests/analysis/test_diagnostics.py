"""Why a ranking is wrong: against counting by hand, regression of ranks, and scores whose fault is known."""

from __future__ import annotations

import itertools
import math
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from synthetic_study import texts

from analysis.figures import diagnostics as figures
from analysis.figures import style
from analysis.measures.diagnostics import (
    CONVOLUTIONS,
    PLACE,
    confusion,
    diagnose,
    features,
    rank_residuals,
    residuals_by,
)
from analysis.report.sections.diagnostics import diagnostics_section
from analysis.statistics.correlation import kendall_tau, pearson
from analysis.statistics.pairs import places
from analysis.statistics.partial import partial_kendall, partial_spearman, tau_within
from supernet.spaces import get_space

NB201 = get_space("nasbench201")


@pytest.fixture(scope="module")
def world():
    """1,500 architectures, what they are made of, and a truth that likes 3x3 convolutions."""
    architectures, _ = texts("nasbench201", 1500)
    made_of = features(NB201, architectures)
    rng = np.random.default_rng(0)
    uses = made_of["operation", "", "nor_conv_3x3"].to_numpy()
    return architectures, made_of, uses + rng.normal(0, 1, len(uses)), rng


def test_features_count_each_choice_once():
    architectures, _ = texts("nasbench201", 40)
    made_of = features(NB201, architectures)
    for row, architecture in enumerate(architectures):
        names = [NB201.operations[i] for i in architecture]
        for name in NB201.operations:
            assert made_of["operation", "", name][row] == names.count(name)
        for place, name in zip(NB201.choice_points, names, strict=True):
            assert made_of[PLACE, place, name][row] == 1
        convolutions = sum("conv" in name for name in names)
        assert made_of[CONVOLUTIONS, "", str(convolutions)][row] == 1
    assert (made_of[PLACE].sum(axis=1) == 6).all()
    assert (made_of[CONVOLUTIONS].sum(axis=1) == 1).all()


def test_places_of_blox_are_stages_and_dead_operations_have_none():
    space = get_space("blox")
    block = (2, 1, 1, 0, 1)  # ST4
    alone = (1, 2, 0, 0, 1)  # ST1 written with O0, which its output depends on; O1 is dead
    parallel = (0, 2, 0, 1, 1)  # ST6: canonical with O0 >= O1
    assert space.choices_by_place((*block, *alone, *parallel)) == (
        ("stage 1", "O0 bconv"),
        ("stage 1", "O1 mbconv"),
        ("stage 1", "type ST4"),
        ("stage 2", "O1 mbconv"),
        ("stage 2", "type ST1"),
        ("stage 3", "O0 bconv"),
        ("stage 3", "O1 conv"),
        ("stage 3", "type ST6"),
    )
    made_of = features(space, space.sample(500, 0))
    shape = made_of[PLACE].columns.get_level_values("name")[:12].tolist()
    assert shape[:4] == ["O0 conv", "O0 mbconv", "O0 bconv", "O1 conv"]
    assert shape[-1] == "type ST6"


def test_residuals_of_a_small_example():
    frame = rank_residuals([1, 2, 3, 4, 5], [10, 20, 20, 50, 40])
    assert frame["residual"].tolist() == pytest.approx([0, 0.125, -0.125, 0.25, -0.25])
    places_by_score = np.array([0, 0.375, 0.375, 1, 0.75])
    slope, constant = np.polyfit([0, 0.25, 0.5, 0.75, 1], places_by_score, 1)
    expected = places_by_score - slope * np.linspace(0, 1, 5) - constant
    assert frame["at_equal_truth"].tolist() == pytest.approx(expected.tolist())
    with pytest.raises(ValueError, match="all 3 scores are equal"):
        rank_residuals([1, 2, 3], [5, 5, 5])
    with pytest.raises(ValueError, match="not a finite number"):
        rank_residuals([1, 2, 3], [5, math.nan, 5])


def test_means_are_those_of_counting_by_hand(world):
    architectures, made_of, truth, rng = world
    few = slice(0, 300)
    residuals = rank_residuals(truth[few], truth[few] + rng.normal(0, 1, 300))
    rows = residuals_by(made_of[few], residuals).set_index(["group", "place", "name"])
    value = residuals["at_equal_truth"].to_numpy()
    own = [v for v, a in zip(value, architectures, strict=False) if a[3] == 1]
    row = rows.loc[PLACE, "0-3", "skip_connect"]
    assert (row["n"], row["at_equal_truth"]) == (len(own), pytest.approx(np.mean(own)))
    pooled = [v for v, a in zip(value, architectures, strict=False) for o in a if o == 2]
    row = rows.loc["operation", "", "nor_conv_1x1"]
    assert row["at_equal_truth"] == pytest.approx(np.mean(pooled))
    count = [a.count(2) for a in architectures[few]]
    assert row["correlation"] == pytest.approx(pearson(count, value).value)
    assert row["correlation_low"] < row["correlation"] < row["correlation_high"]


def test_bootstrap_and_linearised_intervals_agree(world, monkeypatch):
    _, made_of, truth, rng = world
    residuals = rank_residuals(truth[:900], truth[:900] + rng.normal(0, 1, 900))
    first = residuals_by(made_of[:900], residuals)
    monkeypatch.setattr("analysis.measures.diagnostics.BOOTSTRAP_LIMIT", 10)
    second = residuals_by(made_of[:900], residuals)
    large = first["n"] > 50
    for low, high in (("low", "high"), ("correlation_low", "correlation_high")):
        width = (first[high] - first[low])[large]
        assert ((first[low] - second[low])[large].abs() < 0.15 * width).all()
        assert ((first[high] - second[high])[large].abs() < 0.15 * width).all()


def test_noise_alone_is_no_preference_of_operations(world):
    """A noisy score underrates what good architectures have; at equal truth it does not."""
    _, made_of, truth, _ = world
    noisy = truth + np.random.default_rng(1).normal(0, 2.5, len(truth))
    rows = residuals_by(made_of, rank_residuals(truth, noisy)).set_index(["group", "place", "name"])
    row = rows.loc["operation", "", "nor_conv_3x3"]
    assert row["residual"] < -0.05
    assert abs(row["at_equal_truth"]) < 0.015
    assert rows.loc["operation"]["at_equal_truth"].abs().max() < 0.02


def test_a_preferred_operation_is_found_where_it_is(world):
    architectures, made_of, truth, _ = world
    on_edge = np.array([a[4] for a in architectures]) == 4
    score = truth + 1.5 * on_edge + np.random.default_rng(2).normal(0, 0.5, len(truth))
    rows = residuals_by(made_of, rank_residuals(truth, score))
    cells = rows[rows["group"] == PLACE].set_index(["place", "name"])
    assert cells["at_equal_truth"].idxmax() == ("1-3", "avg_pool_3x3")
    assert cells.loc[("1-3", "avg_pool_3x3"), "low"] > 0.1
    assert (cells.loc["0-1"]["at_equal_truth"].abs() < 0.04).all()
    operations = rows[rows["group"] == "operation"].set_index("name")
    assert operations["correlation"].idxmax() == "avg_pool_3x3"


def test_what_too_few_use_has_no_numbers():
    architectures, _ = texts("nasbench201", 12)
    truth = np.arange(12.0)
    rows = residuals_by(features(NB201, architectures), rank_residuals(truth, truth[::-1]))
    assert rows.loc[rows["n"] < 5, ["residual", "low", "correlation"]].isna().all(axis=None)
    assert rows.loc[rows["n"] >= 5, "at_equal_truth"].notna().all()
    assert (rows["n"] > 0).all()


def test_partial_correlation_is_that_of_rank_residuals():
    rng = np.random.default_rng(3)
    cost = rng.integers(0, 12, 400).astype(float)
    truth, score = (cost + rng.normal(0, 3, 400) for _ in range(2))
    truth, score = truth.round(), score + 0.3 * truth
    ranks = [places(values).mean_ranks for values in (truth, score, cost)]
    left = [r - np.polyval(np.polyfit(ranks[2], r, 1), ranks[2]) for r in ranks[:2]]
    found = partial_spearman(truth, score, cost)
    assert found.value == pytest.approx(pearson(*left).value, abs=1e-9)


def test_a_score_that_is_the_cost_and_noise_knows_nothing_more():
    values, inside = [], 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        cost = rng.normal(size=400)
        truth, score = (cost + rng.normal(size=400) for _ in range(2))
        found = partial_spearman(truth, score, cost)
        values.append(found.value)
        inside += found.low <= 0 <= found.high
    assert kendall_tau(truth, score).value > 0.25
    assert abs(np.mean(values)) < 0.03
    assert inside >= 34


def test_interval_of_partial_correlation_covers_the_normal_value():
    """Trivariate normal, r = 1/2 each: Pearson's partial is 1/3; Spearman's from rho = 6/pi asin(r/2)."""
    rho = 6 / math.pi * math.asin(0.25)
    expected = (rho - rho**2) / (1 - rho**2)
    covered, widths, values = 0, [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = partial_spearman(*(rng.normal(size=(4, 300))[:3] + rng.normal(size=300)))
        covered += found.low <= expected <= found.high
        widths.append(found.high - found.low)
        values.append(found.value)
    assert np.mean(values) == pytest.approx(expected, abs=0.02)
    assert 53 <= covered <= 60
    assert np.mean(widths) == pytest.approx(2 * 1.96 * np.std(values), rel=0.25)


def test_partial_correlation_that_does_not_exist():
    x = np.arange(12.0)
    shuffled = np.random.default_rng(0).permutation(x)
    assert "all 12 costs are equal" in partial_spearman(x, shuffled, np.ones(12)).note
    assert "the score orders" in partial_spearman(shuffled, x, 2 * x).note
    assert "the truth orders" in partial_spearman(x, shuffled, -x).note
    assert "all 12 scores" in partial_spearman(x, np.ones(12), x).note
    few = partial_spearman(x[:5], [1, 3, 2, 5, 4], [2, 1, 5, 4, 3])
    assert few.value is not None
    assert few.low is None
    with pytest.raises(ValueError, match="lengths 12 and 11 differ"):
        partial_spearman(x, x, x[:11])


def test_tau_within_strata_is_that_of_the_pairs_within_them():
    rng = np.random.default_rng(5)
    strata = rng.integers(0, 5, 80)
    truth = strata + rng.normal(0, 1, 80).round(1)
    score = (strata + 0.4 * truth + rng.normal(0, 1, 80)).round()
    pairs = [(i, j) for i, j in itertools.combinations(range(80), 2) if strata[i] == strata[j]]
    signs = [(np.sign(truth[i] - truth[j]), np.sign(score[i] - score[j])) for i, j in pairs]
    balance, untied = sum(a * b for a, b in signs), [sum(s[k] != 0 for s in signs) for k in (0, 1)]
    found = tau_within(truth, score, strata)
    assert found.value == pytest.approx(balance / math.sqrt(untied[0] * untied[1]))
    assert found.low < found.value < found.high
    assert tau_within(truth, score, np.ones(80)).value == pytest.approx(kendall_tau(truth, score).value)
    assert "constant wherever the strata are equal" in tau_within(truth, strata, strata).note


def test_a_score_that_is_the_stratum_and_noise_knows_nothing_within_them():
    inside = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        strata = rng.integers(0, 9, 300)
        truth, score = (strata + rng.normal(size=300) for _ in range(2))
        found = tau_within(truth, score, strata)
        inside.append(found.low <= 0 <= found.high)
    assert kendall_tau(truth, score).value > 0.6
    assert 53 <= sum(inside) <= 60


def test_partial_kendall_by_its_formula_and_its_caveat():
    """Truth and score that have only the cost in common: partial rho is near 0, partial tau is not."""
    rng = np.random.default_rng(0)
    cost, *noise = rng.normal(size=(3, 20000))
    truth, score = (0.9 * cost + math.sqrt(1 - 0.81) * error for error in noise)
    tau, half = (2 / math.pi * math.asin(rho) for rho in (0.81, 0.9))
    found = partial_kendall(truth, score, cost)
    assert found.value == pytest.approx((tau - half**2) / (1 - half**2), abs=0.02)
    assert found.value > 0.15
    assert abs(partial_spearman(truth, score, cost).value) < 0.03
    a, b, c = (kendall_tau(*pair).value for pair in ((truth, score), (truth, cost), (score, cost)))
    assert found.value == pytest.approx((a - b * c) / math.sqrt((1 - b**2) * (1 - c**2)))
    assert found.low < found.value < found.high
    taus = [
        partial_kendall(truth[part], score[part], cost[part]) for part in np.arange(20000).reshape(100, 200)
    ]
    assert np.mean([one.low < found.value < one.high for one in taus]) > 0.88


def test_confusion_of_twenty():
    truth = np.arange(20.0)
    score = truth.copy()
    score[[19, 0]] = score[[0, 19]]  # the best and the worst change places
    rows = confusion(truth, score, (1, 10, 50))
    table = rows.pivot_table(index="true", columns="predicted", values="share")
    top, middle, rest = "top 10 %", "10\N{EN DASH}50 %", "50\N{EN DASH}100 %"
    assert list(dict.fromkeys(rows["true"])) == [top, middle, rest]  # 1 % of 20 would be nobody
    assert table.loc[top, [top, middle, rest]].tolist() == [0.5, 0, 0.5]
    assert table.loc[middle, middle] == 1
    assert table.loc[rest, [top, rest]].tolist() == [0.1, 0.9]
    assert rows["chance"][:3].tolist() == [0.1, 0.4, 0.5]
    assert rows["n"][::3].tolist() == [2, 8, 10]
    with pytest.raises(ValueError, match="percent: 100 is not between 0 and 100"):
        confusion(truth, score, (100,))


def test_confusion_of_unrelated_scores_is_at_chance():
    rng = np.random.default_rng(0)
    drawn = [confusion(rng.normal(size=200), rng.normal(size=200)) for _ in range(200)]
    share = np.mean([rows["share"] for rows in drawn], axis=0)
    assert share == pytest.approx(drawn[0]["chance"].to_numpy(), abs=0.04)
    assert drawn[0].groupby("true")["share"].sum().tolist() == pytest.approx([1] * 6)


def test_study_is_diagnosed_by_its_trained_variants(found):
    result = diagnose(found)
    assert len(result.variants) == len(found.primary[found.primary["tau_b"].notna()])
    taus = found.primary.set_index(["space", "mask", "variant"])["seedmean_tau_b"]
    for row in result.variants.to_dict("records"):
        assert row["tau_b"] == taus[row["space"], row["mask"], row["variant"]]
        for name in ("partial_params", "partial_tau_params", "partial_tau_macs", "within_layers"):
            assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    masked = result.residuals[result.residuals["mask"] == "none"]
    assert "none" not in set(masked["name"])
    assert len(masked)


def test_panels_are_at_most_six_and_the_best_of_each_space():
    variants = pd.DataFrame(
        {
            "space": ["b"] * 3 + ["a"] * 6,
            "mask": "full space",
            "variant": [f"v{i}" for i in range(9)],
            "tau_b": [0.1, 0.3, 0.2, 0.9, 0.1, 0.2, 0.3, 0.4, None],
            "n": 20,
        }
    )
    assert figures.choose(variants)["variant"].tolist() == ["v0", "v1", "v2", "v3", "v6", "v7"]
    assert figures.choose(variants[:2])["variant"].tolist() == ["v0", "v1"]


def test_heatmaps_say_what_the_frames_say(found):
    result = diagnose(found)
    shown = figures.choose(result.variants)
    figure = figures.residuals(result.residuals, shown, note="invented")
    panel = figure.axes[0]
    first = shown.iloc[0]
    assert panel.get_title(loc="left").startswith(first["variant"])
    rows = result.residuals.merge(first[["space", "mask", "variant"]].to_frame().T)
    cell = rows[(rows["place"] == "0-3") & (rows["name"] == "nor_conv_3x3")].iloc[0]
    names = [label.get_text() for label in panel.get_yticklabels()]
    where = [label.get_text() for label in panel.get_xticklabels()]
    at = (where.index("0-3") + 0.5, names.index("nor_conv_3x3") + 0.5)
    (text,) = [t.get_text() for t in panel.texts if t.get_position() == at]
    assert int(text.replace("\N{MINUS SIGN}", "-")) == round(100 * cell["at_equal_truth"])
    below = figures.confusion(result.confusion, shown)
    for drawn in (figure, below):
        with style.look():
            canvas = FigureCanvasAgg(drawn)
            canvas.draw()
        for axes in drawn.axes:
            if axes.axison:
                box = axes.get_tightbbox(canvas.get_renderer())
                assert box.x0 >= -1
                assert box.x1 <= drawn.bbox.x1 + 1
    assert [label.get_text() for label in below.axes[0].get_yticklabels()][-1] == "by chance"


def test_section_and_what_is_too_small_for_one(found, dot, tmp_path, monkeypatch):
    monkeypatch.setattr(style, "save", lambda *_: [dot])  # drawn and written in test_report.py
    text = "".join(diagnostics_section(found, tmp_path))
    text = re.sub(r"[\w+/=]{200,}", "", text)  # pictures and packed files
    assert "Where the ranking goes wrong" in text
    assert "warm-up &lt;b&gt;" in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    few = found.points.groupby(["space", "mask", "variant"], sort=False).head(8)
    for points in (few, found.points[:0], found.points.assign(score=1.0)):
        small = SimpleNamespace(study=found.study, primary=found.primary, points=points)
        assert diagnostics_section(small, tmp_path) == []
