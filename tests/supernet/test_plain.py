"""The benchmarks' reference computes what the supernet computes: same logits, same gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tiny import SIZES, images, randomise, supernet

from benchmarks.plain import PlainSupernet
from supernet.operations import batch_norms
from supernet.spaces import get_space

PATHS = {
    "nasbench201": [
        ((3, 2, 4, 1, 0, 3), (2, 3, 1, 4, 3, 0)),
        ((0, 0, 3, 1, 2, 3), (2, 0, 0, 4, 1, 0)),  # zero nodes and dead edges
        ((1, 4, 2, 3, 2, 4), (4, 1, 3, 2, 3, 2)),
    ],
    "blox": [
        ((0, 1, 1, 1, 1), (1, 2, 0, 1, 1), (2, 0, 1, 0, 0)),
        ((2, 1, 0, 0, 1), (0, 0, 1, 0, 1), (1, 1, 0, 1, 0)),
        ((1, 0, 1, 1, 0), (2, 2, 0, 0, 1), (0, 1, 1, 1, 1)),
    ],
}
SETTINGS: list[dict[str, Any]] = [{}, {"reduction": "official"}, {"node_reduction": "mean", "affine": True}]
CASES = [
    (name, {"linear_transformers": transformers, **settings})
    for name in PATHS
    for transformers in get_space(name).linear_transformers
    for settings in SETTINGS
]


@pytest.mark.parametrize(("name", "settings"), CASES, ids=str)
def test_the_plain_network_is_the_supernet(name: str, settings: dict[str, Any]) -> None:
    changes = dict(settings)
    size = SIZES[name]
    if kind := changes.pop("reduction", None):
        size = type(size)(**{**vars(size), "reduction": kind})
    network = supernet(name, size=size, **changes)
    randomise(network)
    plain = PlainSupernet(network.config)
    plain.load_state_dict(network.state_dict())
    x = images(size, 6, dtype=torch.float32)
    labels = torch.tensor([0, 1, 2, 3, 4, 0])
    for path in PATHS[name]:
        gradients = []
        outputs = []
        for model in (network.train(), plain.train()):
            model.zero_grad(set_to_none=True)
            outputs.append(model(x, path))
            F.cross_entropy(outputs[-1], labels).backward()
            gradients.append({key: p.grad for key, p in model.named_parameters()})
        torch.testing.assert_close(*outputs, rtol=1e-4, atol=1e-4)
        assert gradients[0].keys() == gradients[1].keys()
        assert sum(gradient is not None for gradient in gradients[0].values()) > 5
        for key, other in gradients[1].items():
            zero = torch.zeros_like(plain.get_parameter(key))
            one = gradients[0][key]
            torch.testing.assert_close(
                zero if one is None else one,
                zero if other is None else other,
                rtol=1e-4,
                atol=1e-4,
                msg=f"{path} {key}",
            )
        # Statistics of the batch while evaluating: what the plain network does in training mode.
        network.eval()
        for norm in batch_norms(network):
            norm.batch_statistics = True
        with torch.no_grad():
            torch.testing.assert_close(network(x, path), plain(x, path), rtol=1e-4, atol=1e-4)
