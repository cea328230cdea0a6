"""A strictly fair group as one static graph against its paths one by one, in double precision, on the CPU.

Its recording as a CUDA graph: test_gpu.py."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from test_stacking import CASES, LABELS, assert_same_gradients, groups, one_by_one, precise
from tiny import SIZES, images, supernet, trainer

from supernet.fast.fair_step import FairStep, Joined, Reordered
from supernet.spaces import get_space


@pytest.mark.parametrize("same", [True, False], ids=["same batch", "successive batches"])
@pytest.mark.parametrize(("name", "mask", "settings"), [case for case in CASES if case[0] != "blox"], ids=str)
def test_the_static_graph_is_its_paths_one_by_one(
    name: str, mask: tuple[str, ...], settings: dict[str, Any], same: bool
) -> None:
    network = precise(name, mask, settings)
    size = network.config.size
    other = copy.deepcopy(network)
    step = FairStep(network, same_batch=same)
    for paths in groups(network):
        count = len(paths)
        batches = [images(size, len(LABELS), seed=0 if same else seed) for seed in range(count)]
        other.zero_grad(set_to_none=True)
        expected = one_by_one(other, batches, paths)
        losses, logits = step(batches[:1] if same else batches, [LABELS] * (1 if same else count), paths)
        torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
        for own, x in zip(losses, expected.chunk(count), strict=True):
            torch.testing.assert_close(own, torch.nn.functional.cross_entropy(x, LABELS))
        assert_same_gradients(network, other, paths)
        for key, buffer in other.named_buffers():
            torch.testing.assert_close(network.get_buffer(key), buffer, rtol=1e-9, atol=1e-12, msg=key)


@pytest.mark.parametrize("batches", ["same", "consecutive"])
def test_a_training_by_graphs_is_the_training_path_by_path(batches: str) -> None:
    space = get_space("nasbench201", ("avg_pool_3x3", "nor_conv_1x1"))
    runs, settings = [], {"epochs": 2, "lr": 0.02, "weight_decay": 0.1, "label_smoothing": 0.1}
    for stacking in ("never", "graph"):
        run = trainer(
            space,
            training={**settings, "stacking": stacking},
            sampling={"kind": "fair", "batches": batches, "gradients": "parameter_mean"},
            precise=True,
        )
        run.run()
        runs.append(run)
    torch.testing.assert_close(*(run.model.state_dict() for run in runs), rtol=1e-7, atol=1e-9)
    assert runs[0].history[1].loss == pytest.approx(runs[1].history[1].loss, rel=1e-9)


def test_shares_are_put_in_order_and_layout_is_kept() -> None:
    x = torch.arange(6.0 * 2 * 3 * 4).view(6, 2, 3, 4).contiguous(memory_format=torch.channels_last)
    order, inverse = torch.tensor([2, 0, 1]), torch.tensor([1, 2, 0])
    out = Reordered.apply(x, order, inverse)
    assert torch.equal(out, torch.cat([x[4:6], x[:2], x[2:4]]))
    assert out.is_contiguous(memory_format=torch.channels_last)
    joined = Joined.apply(x, order, x[4:6], None, x[2:4])
    assert torch.equal(joined, torch.cat([torch.zeros_like(x[:2]), x[2:4], x[4:6]]))
    assert joined.is_contiguous(memory_format=torch.channels_last)


def test_the_gradients_of_both_are_those_of_their_definitions() -> None:
    x = torch.randn(6, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    order, inverse = torch.tensor([2, 0, 1]), torch.tensor([1, 2, 0])
    assert torch.autograd.gradcheck(lambda x: Reordered.apply(x, order, inverse), (x,))
    parts = tuple(x.detach()[i : i + 2].requires_grad_() for i in (0, 2))
    assert torch.autograd.gradcheck(lambda a, b: Joined.apply(x.detach(), order, a, None, b), parts)


def test_what_is_no_strictly_fair_group_of_nasbench201_is_refused() -> None:
    network = supernet("nasbench201")
    step = FairStep(network, same_batch=True)
    path = ((1, 1, 1, 1, 1, 1),) * 2
    with pytest.raises(ValueError, match="edge 0 of cell 0 has the operations"):
        step([images(SIZES["nasbench201"], 6)], [LABELS], [path] * 5)
    with pytest.raises(ValueError, match="stacking: 'graph' is for nasbench201 only, not blox"):
        FairStep(supernet("blox"), same_batch=True)
    with pytest.raises(ValueError, match="capture: True needs a CUDA device, not cpu"):
        FairStep(network, same_batch=True, capture=True)
