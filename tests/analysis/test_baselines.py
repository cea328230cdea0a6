"""Baselines against counts by hand, and the log-rank sum against SciPy's ranks."""

import itertools
import random

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from analysis.measures.baselines import BASELINES, TITLES, baseline_names, baseline_scores, log_rank_sum
from analysis.store.tables import Table
from supernet.spaces import get_space

NB, BLOX = get_space("nasbench201"), get_space("blox")
LAYERS = {"conv": 4, "mbconv": 4, "bconv": 18}


def live_convolutions(cell):
    """Edges with a convolution on some way from node 0 to node 3 that has no none."""
    edges = dict(zip(((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)), cell, strict=True))
    used = set()
    for middle in itertools.chain.from_iterable(itertools.combinations((1, 2), k) for k in range(3)):
        way = list(itertools.pairwise((0, *middle, 3)))
        if all(NB.operations[edges[edge]] != "none" for edge in way):
            used.update(way)
    return sum("conv" in NB.operations[edges[edge]] for edge in used)


def test_live_convolutions_of_every_cell():
    for cell in NB.enumerate():
        assert NB.layer_counts(cell) == {"live_convolutions": live_convolutions(cell)}


def depth(block):
    """Layers on the longest path of a block and in all, by its definition."""
    first, second = (LAYERS[BLOX.operations[operation]] for operation in block[:2])
    previous, given, skip = block[2:]
    inputs = [first] * previous + [0] * given
    ends = [max(inputs) + second] * bool(inputs) + [first] * skip
    return max(ends), first * bool(previous or skip) + second * bool(inputs)


def test_layers_of_blox_by_the_definition_of_a_block():
    for architecture in random.Random(0).sample(list(BLOX.enumerate()), 500):
        found = [depth(block) for block in BLOX.cells_of(architecture)]
        longest, layers = map(sum, zip(*found, strict=True))
        assert BLOX.layer_counts(architecture) == {"longest_path": longest, "layers": layers}
    assert depth((2, 2, 1, 0, 0)) == (36, 36)
    assert depth((2, 2, 0, 1, 1)) == (18, 36)


@pytest.mark.parametrize("space", [NB, BLOX])
def test_every_baseline_of_a_table(space):
    architectures = space.sample(60, 1)
    acc = np.random.default_rng(0).normal(90, 2, 60)
    acc[7] = np.nan
    frame = pd.DataFrame({"arch": [space.text(a) for a in architectures], "acc": acc})
    found = baseline_scores(Table(frame=frame, column="acc", source="here"))
    assert tuple(found) == baseline_names(space)
    assert set(found) <= set(BASELINES) <= set(TITLES)
    assert found["params"].tolist() == [space.cost(a).params for a in architectures]
    known = np.isfinite(acc)
    layers = [
        space.layer_counts(a)[{"nasbench201": "live_convolutions", "blox": "layers"}[space.name]]
        for a in architectures
    ]
    ranks = [np.log(rankdata(np.array(one)[known]) / 59) for one in (found["params"], layers)]
    assert found["log_rank_sum"][known].tolist() == pytest.approx(sum(ranks).tolist())
    assert np.isnan(found["log_rank_sum"][7])


def test_log_rank_sum_of_one_ranking_is_its_order():
    assert np.argsort(log_rank_sum([np.array([3.0, 1.0, 2.0])])).tolist() == [1, 2, 0]
