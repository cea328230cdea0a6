"""The optimizer against torch.optim.SGD, bit by bit. What it must not import: test_imports.py."""

from __future__ import annotations

import pytest
import torch

from supernet.fast.sgd import SGD, optimizer_of
from supernet.training.config import TrainingConfig


def parameters() -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((3, 4), (4,), (2, 2, 2))
    ]


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_it_is_pytorchs(momentum: float, nesterov: bool) -> None:
    """Also where a parameter gets its first gradient late, or none in between, and after a reload."""
    ours, theirs = parameters(), parameters()
    settings = {"lr": 0.1, "momentum": momentum, "nesterov": nesterov}

    def groups(p: list[torch.nn.Parameter]) -> list[dict[str, object]]:
        return [{"params": p[::2], "weight_decay": 0.01}, {"params": p[1:2], "weight_decay": 0.0}]

    one = SGD(groups(ours), **settings)  # type: ignore[arg-type]
    two = torch.optim.SGD(groups(theirs), foreach=True, **settings)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(1)
    for step, used in enumerate(((0,), (0, 1), (2,), (0, 1, 2), (1,), (0, 2))):
        for optimizer in (one, two):
            for group in optimizer.param_groups:
                group["lr"] = 0.1 / (step + 1)
        for index in used:
            gradient = torch.randn(ours[index].shape, generator=generator)
            ours[index].grad, theirs[index].grad = gradient.clone(), gradient.clone()
        one.step()
        two.step()
        one.zero_grad()
        two.zero_grad()
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
        assert all(parameter.grad is None for parameter in ours)
        again = SGD(groups(ours), **settings)  # type: ignore[arg-type]
        again.load_state_dict(one.state_dict())
        one = again


def test_weight_decay_of_all_parameters_is_pytorchs_of_one_group() -> None:
    """BN, biases and all; as against none of the two by default."""
    networks = [torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2)) for _ in range(3)]
    for network in networks[1:]:
        network.load_state_dict(networks[0].state_dict())
    settings = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}
    everything = optimizer_of(networks[0], TrainingConfig(epochs=1, decayed="all", **settings))
    weights = optimizer_of(networks[1], TrainingConfig(epochs=1, **settings))
    theirs = torch.optim.SGD(networks[2].parameters(), foreach=True, **settings)
    for optimizer, network in zip((everything, weights, theirs), networks, strict=True):
        for _ in range(3):
            optimizer.zero_grad()
            network(torch.ones(2, 1, 4, 4)).sum().backward()
            optimizer.step()
    same = [
        torch.equal(a, b) for a, b in zip(networks[0].parameters(), networks[2].parameters(), strict=True)
    ]
    assert all(same)
    assert not torch.equal(networks[1][1].weight, networks[2][1].weight)
