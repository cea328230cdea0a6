"""Oracle ranks of blocks against enumeration, and their reliability where it is known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import spearmanr, t

from analysis.measures.block_oracle import Judged, gap, held, oracle, reliability
from analysis.measures.blocks import blocks_of
from analysis.statistics.uncertainty import spearman_group
from supernet.spaces import get_space

BLOX = get_space("blox")


def test_the_best_of_so_many_models_is_the_mean_over_all_choices_of_them() -> None:
    rng = np.random.default_rng(0)
    blocks = [(f"a{rng.integers(3)}", f"b{rng.integers(2)}") for _ in range(24)]
    accuracy = rng.integers(60, 80, 24).astype(float)
    accuracy[3] = np.nan
    rows = oracle(held(blocks, accuracy), models=4)
    assert len(rows) == 5
    for row in rows.itertuples(index=False):
        own = [a for b, a in zip(blocks, accuracy, strict=True) if b[row.stage] == row.block and a == a]
        assert row.models == len(own)
        assert row.mean == pytest.approx(np.mean(own))
        assert row.best == pytest.approx(np.mean([max(c) for c in itertools.combinations(own, 4)]))
    assert oracle(held(blocks, accuracy), models=20).empty


def test_reliability_is_that_of_noise_of_a_known_size() -> None:
    """Block values of variance 1 and noise of variance 2: halves of two models have a reliability of 1 / (1 + 2 / 2),
    of which the rank correlation is 6 arcsin(1 / 4) / pi, the mean of four 1 / (1 + 2 / 4). Noise alone has none."""
    rng = np.random.default_rng(1)
    value, blocks = rng.normal(size=4000), [(f"{i % 4000}",) for i in range(16000)]
    noise = rng.normal(0, np.sqrt(2), 16000)
    known = reliability(held(blocks, np.tile(value, 4) + noise), models=4, splits=5).set_index("oracle")
    assert known.loc["mean", "half"] == pytest.approx(0.483, abs=0.03)
    assert known.loc["mean", "bound"] == pytest.approx(np.sqrt(2 / 3), abs=0.03)
    none = reliability(held(blocks, noise), models=4, splits=5).set_index("oracle")
    assert not none.loc["mean", "reliability"] > 0.2


def test_blocks_of_equal_models_are_equal_and_there_are_45_a_stage() -> None:
    size = BLOX.published
    sample = BLOX.sample(3000, 0)
    named = [blocks_of(BLOX, architecture, size) for architecture in sample]
    assert [len({own[stage] for own in named}) for stage in range(3)] == [45] * 3
    for architecture, own in zip(sample[:50], named, strict=False):
        assert blocks_of(BLOX, BLOX.canonical(architecture), size) == own


def judged(stage: int, says: np.ndarray, best: np.ndarray) -> Judged:
    return Judged(
        teacher="best", oracle="made up", stage=stage, signature="mse", blocks=len(best), seeds=len(says),
        rho=spearman_group(best, list(says)), known={},
    )  # fmt: skip


def test_a_gap_between_stages_varies_as_resampled_blocks_and_other_trainings_do() -> None:
    """One training: the bootstrap over each stage's own blocks. Several, whose rho differ by far more than blocks
    explain: Student's interval of the gaps of single trainings."""
    rng = np.random.default_rng(0)
    best = [rng.normal(size=60) for _ in range(3)]
    says = [own + rng.normal(0, noise, 60) for own, noise in zip(best, (0.5, 1.0, 2.0), strict=True)]
    stages = [judged(stage, says[stage][None], best[stage]) for stage in range(3)]
    found = gap(stages[2], stages[:2])
    each = [spearmanr(*pair).statistic for pair in zip(says, best, strict=True)]
    assert found.value == pytest.approx(each[2] - (each[0] + each[1]) / 2)
    drawn = []
    for _ in range(2000):
        picks = [rng.integers(60, size=60) for _ in range(3)]
        rhos = [spearmanr(s[p], b[p]).statistic for s, b, p in zip(says, best, picks, strict=True)]
        drawn.append(rhos[2] - (rhos[0] + rhos[1]) / 2)
    assert found.high is not None
    assert (found.high - (found.value or 0)) / 1.96 == pytest.approx(np.std(drawn), rel=0.15)

    several = [np.array([(-1) ** seed * own + rng.normal(0, 0.1, 60) for seed in range(4)]) for own in best]
    stages = [
        judged(stage, several[stage] if stage == 2 else best[stage][None].repeat(4, 0), best[stage])
        for stage in range(3)
    ]
    found = gap(stages[2], stages[:2])
    gaps = [spearmanr(several[2][seed], best[2]).statistic - 1 for seed in range(4)]
    half = t.ppf(0.975, 3) * np.std(gaps, ddof=1) / 2
    assert (found.high or 0) - (found.value or 0) == pytest.approx(half, rel=0.05)
