"""E stand-alone networks, of one space and size but of different architectures, as one module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor, nn

from supernet.fast.grouped.cells import CELLS
from supernet.fast.grouped.modules import Mixed
from supernet.network import StandAlone


class NetworkGroup(nn.Module):
    """Computes all `networks` at once: x (B, E * image_channels, H, W), network e's images beside the others',
    gives logits (B, E, classes). It starts with their weights; `hand_back()` copies what it has learnt to them.

    Networks of like architectures beside each other share most calls. Raises ValueError unless all networks have
    one configuration.
    """

    def __init__(self, networks: Sequence[StandAlone]) -> None:
        super().__init__()
        config = networks[0].config
        if any(network.config != config for network in networks):
            raise ValueError("networks: they do not all have one configuration")
        self.config, self.count = config, len(networks)

        def everyone(modules: Sequence[nn.Module]) -> Mixed:
            return Mixed(modules, ["all"] * len(modules))

        self.stem = everyone([network.stem for network in networks])
        cells = CELLS[config.space.name]
        self.cells = nn.ModuleList(
            cells([n.cells[i] for n in networks], [n.path[i] for n in networks])
            for i in range(len(networks[0].cells))
        )
        self.reductions = nn.ModuleList(
            everyone([n.reductions[i] for n in networks]) for i in range(config.reductions)
        )
        self.head = everyone([network.head for network in networks])

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        per_stage = self.config.size.cells_per_stage
        for stage in range(self.config.size.stages):
            for cell in self.cells[stage * per_stage : (stage + 1) * per_stage]:
                x = cell(x)
            if stage < len(self.reductions):
                x = self.reductions[stage](x)
        out: Tensor = self.head(x)
        return out.view(len(x), self.count, -1)

    def parts(self) -> Iterator[Mixed]:
        """Everything that holds weights, with the networks that own them."""
        return (module for module in self.modules() if isinstance(module, Mixed))

    def hand_back(self) -> None:
        """Copy weights and running statistics into the networks."""
        for part in self.parts():
            part.hand_back()
