"""Supernets under masks by edge: what they hold, train and score."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from tiny import SIZES, assert_same, digits, supernet, trainer

from supernet.fast.fair_step import FairStep
from supernet.scoring.scorer import Scorer
from supernet.spaces.nasbench201.graph import EDGE_NAMES, OPERATIONS
from supernet.spaces.nasbench201.space import NasBench201
from supernet.spaces.place_masks import only
from supernet.training.sampling import Sampler, SamplingConfig

SPLIT = NasBench201(only("nor_conv_1x1", "0-3", OPERATIONS))
UNEVEN = NasBench201(("none@0-1", "avg_pool_3x3@0-1", "nor_conv_3x3@1-3"))


def test_a_supernet_holds_what_each_edge_allows() -> None:
    network = supernet(UNEVEN)
    for cell in network.cells:
        for edge, left in enumerate(UNEVEN.allowed_by_point):
            assert set(cell.edges[edge]) == {OPERATIONS[op] for op in left} - {"none"}


def test_scores_are_those_of_the_whole_supernet_with_the_same_weights() -> None:
    """The part's weights are copied from the whole by name: every architecture of the part scores the same bits."""
    whole, part = supernet(NasBench201(), 0), supernet(UNEVEN, 1)
    weights = whole.state_dict()
    assert set(part.state_dict()) < set(weights)
    part.load_state_dict({name: weights[name] for name in part.state_dict()})
    data = digits()
    chosen = UNEVEN.sample(60, seed=0)
    scores = [
        {s.architecture: (s.score, s.loss) for s in Scorer(network, data, data.valid, "batch")(chosen)}
        for network in (whole, part)
    ]
    assert scores[0] == scores[1]
    assert len(scores[0]) == 60
    outside = next(cell for cell in NasBench201().enumerate() if not UNEVEN.in_mask(cell))
    with pytest.raises(ValueError, match="uses what is masked: avg_pool_3x3@0-1"):
        list(Scorer(part, data, data.valid, "batch")([outside]))


@pytest.mark.parametrize("share", [None, False])
def test_strict_fairness_with_an_edge_that_has_no_choice(share: bool | None) -> None:
    drawn = Sampler(SamplingConfig(kind="fair", share_topology=share), SPLIT, SIZES["nasbench201"], 0)
    assert drawn.group_size == 5
    for _ in range(3):
        group = [drawn.next() for _ in range(5)]
        assert drawn.group_done
        for cell in range(len(group[0])):
            for edge in range(6):
                used = Counter(path[cell][edge] for path in group)
                assert used == ({2: 5} if EDGE_NAMES[edge] == "0-3" else dict.fromkeys(range(5), 1))


def test_a_group_that_shares_an_operation_trains_stacked_as_path_by_path() -> None:
    """The one operation of an edge is used by every path: its gradients and statistics add up in both ways."""
    trained = []
    for stacking in ("never", "always"):
        one = trainer(
            SPLIT,
            training={"epochs": 2, "stacking": stacking},
            sampling={"kind": "fair", "batches": "same", "gradients": "parameter_mean"},
            precise=True,
        )
        one.run()
        trained.append(one.model.state_dict())
    torch.testing.assert_close(*trained, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("space", "kind"), [(UNEVEN, "uniform"), (UNEVEN, "balanced"), (SPLIT, "fair")])
def test_training_resumes_to_the_same_bits(space: NasBench201, kind: str) -> None:
    whole, broken = (trainer(space, training={"epochs": 2}, sampling={"kind": kind}) for _ in range(2))
    whole.run()
    broken._epoch(0)
    other = trainer(space, training={"epochs": 2}, sampling={"kind": kind}, network_seed=5)
    other.load_state_dict(broken.state_dict())
    other._epoch(1)
    assert_same(whole.model.state_dict(), other.model.state_dict())


def test_a_static_graph_is_refused() -> None:
    with pytest.raises(ValueError, match="stacking: 'graph' needs the same operations on every edge"):
        FairStep(supernet(SPLIT), same_batch=True)
