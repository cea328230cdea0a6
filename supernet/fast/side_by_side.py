"""The same module of several networks as one module that computes all of them.

Every tensor of the one is the concatenation, along its first dimension, of the others' tensors of the same name; so
weights go in by `torch.cat` and come out by `chunk`, whatever the module is.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from supernet.operations import BatchNorm


class Linears(nn.Module):
    """E linear layers: (B, E * inputs) -> (B, E * outputs)."""

    def __init__(self, inputs: int, outputs: int, members: int) -> None:
        super().__init__()
        self.members = members
        self.weight = nn.Parameter(torch.empty(members * outputs, inputs))
        self.bias = nn.Parameter(torch.empty(members * outputs))

    def forward(self, x: Tensor) -> Tensor:
        # One after the other: a batched product of such small matrices takes ten times as long.
        parts = (tensor.chunk(self.members, 0) for tensor in (self.weight, self.bias))
        each = zip(x.chunk(self.members, 1), *parts, strict=True)
        return torch.cat([F.linear(own, weight, bias) for own, weight, bias in each], 1)


def side_by_side(members: Sequence[nn.Module]) -> nn.Module:
    """One module for E modules of the same structure: x (B, E * C, H, W) holds their inputs beside each other.

    It starts with the members' weights and statistics. Raises ValueError for a module with weights that is neither a
    convolution, nor BatchNorm, nor linear."""
    first, count = members[0], len(members)
    joined: nn.Module
    if isinstance(first, nn.Conv2d):
        joined = type(first)(
            count * first.in_channels,
            count * first.out_channels,
            first.kernel_size,  # type: ignore[arg-type]
            first.stride,  # type: ignore[arg-type]
            first.padding,  # type: ignore[arg-type]
            groups=count * first.groups,
            bias=first.bias is not None,
        )
    elif isinstance(first, BatchNorm):
        joined = BatchNorm(count * first.num_features, first.affine)
    elif isinstance(first, nn.Linear):
        joined = Linears(first.in_features, first.out_features, count)
    elif any(True for _ in first.parameters(recurse=False)):
        raise ValueError(f"module: {type(first).__name__} cannot be computed side by side")
    else:
        joined = copy.copy(first)
        joined._modules = {
            name: side_by_side([member.get_submodule(name) for member in members]) for name in first._modules
        }
        return joined
    joined.to(next(tensor for _, tensor in state(first)))
    tensors = [dict(state(member)) for member in members]
    with torch.no_grad():
        for name, tensor in state(joined):
            tensor.copy_(torch.cat([own[name] for own in tensors]))
    return joined.train(first.training)


def state(module: nn.Module) -> list[tuple[str, Tensor]]:
    """(name, tensor) of weights and statistics that have channels; counts of batches have none."""
    return [(name, tensor) for name, tensor in module.state_dict(keep_vars=True).items() if tensor.ndim]


@torch.no_grad()
def hand_back(joined: nn.Module, members: Sequence[nn.Module]) -> None:
    """Copy what `joined` has learnt into the modules that it was made of."""
    parts = {name: tensor.chunk(len(members)) for name, tensor in state(joined)}
    for index, member in enumerate(members):
        for name, tensor in state(member):
            tensor.copy_(parts[name][index])


class Mixed(nn.Module):
    """One place in E networks that may hold different operations there, or none.

    operations: of each network, None where there is nothing (its result is zero). Networks whose operation has the
    same name in `kinds` are computed side by side, all E at once if they agree.
    """

    def __init__(self, operations: Sequence[nn.Module | None], kinds: Sequence[str | None]) -> None:
        super().__init__()
        self.count = len(operations)
        names = sorted({kind for kind in kinds if kind is not None})
        self.names = names
        self.owners = [[owner for owner, kind in enumerate(kinds) if kind == name] for name in names]
        # In lists, so not trained here: what is trained is their side-by-side form.
        self.members = [[operations[owner] for owner in owners] for owners in self.owners]
        self.joined = nn.ModuleList(side_by_side(members) for members in self.members)  # type: ignore[arg-type]
        self.everyone = len(names) == 1 and len(self.owners[0]) == self.count

    def forward(self, x: Tensor, activated: Tensor | None = None, after_relu: Sequence[str] = ()) -> Tensor:
        """x (B, E * C, H, W) -> (B, E * C', H, W); operations named in `after_relu` take `activated` instead."""
        inputs = [activated if name in after_relu else x for name in self.names]
        if self.everyone:
            out: Tensor = self.joined[0](inputs[0])
            return out
        pieces: dict[int, Tensor] = {}
        for value, owners, operation in zip(inputs, self.owners, self.joined, strict=True):
            assert value is not None
            own = value.chunk(self.count, 1)
            picked = torch.cat([own[owner] for owner in owners], 1)
            pieces |= zip(owners, operation(picked).chunk(len(owners), 1), strict=True)
        present = next(iter(pieces.values()))
        nothing = torch.zeros_like(present)
        return torch.cat([pieces.get(owner, nothing) for owner in range(self.count)], 1)

    def hand_back(self) -> None:
        """Copy weights and running statistics into the networks."""
        for operation, members in zip(self.joined, self.members, strict=True):
            hand_back(operation, members)  # type: ignore[arg-type]
