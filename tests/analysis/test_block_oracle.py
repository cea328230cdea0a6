"""Oracle ranks of blocks against enumeration, and their reliability where it is known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from analysis.measures.block_oracle import held, oracle, reliability
from analysis.measures.blocks import blocks_of
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
