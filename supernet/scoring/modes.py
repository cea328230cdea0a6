"""What a score is, and the BN modes that it can be taken under. Imports no torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from supernet.spaces import Architecture, Path
from supernet.spaces.expressions import Rules

if TYPE_CHECKING:
    from supernet.network import NetworkConfig

BN_MODES = ("batch", "running", "recalibrate-K", "reset-recalibrate-K")


@dataclass(frozen=True)
class Score:
    """One architecture's score.

    A disconnected architecture, whose output does not depend on the input, is scored like any other: it gives the same
    answer for every image.

    Attributes:
        score: accuracy in percent, higher is better; None unless status is 'ok'.
        loss: mean cross-entropy.
        status: 'ok' or 'nan' (the network's output is not finite).
        seconds: the architecture's share of the time that the architectures scored together with it took, in proportion
            to what each would cost alone; so sums are real times.
    """

    architecture: Architecture | Path
    score: float | None
    loss: float | None
    status: str
    seconds: float


@dataclass(frozen=True)
class BnMode:
    """How BN normalises while scoring.

    'batch': by the evaluation batch itself. 'running': by the statistics that training left, which all paths
    share. 'recalibrate-K': those, moved on by K training batches through the path. 'reset-recalibrate-K': the
    plain average over K training batches through the path.
    """

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"batch|running|(reset-)?recalibrate-[1-9]\d*", self.name):
            raise ValueError(
                f"bn_mode: {self.name!r} is not one of {', '.join(BN_MODES)} (K a positive integer)"
            )

    @property
    def batches(self) -> int:
        """Training batches that each architecture is recalibrated on."""
        return int(self.name.rsplit("-", 1)[1]) if "recalibrate" in self.name else 0

    @property
    def reset(self) -> bool:
        return self.name.startswith("reset")

    def rules(self, config: NetworkConfig) -> Rules:
        """What makes two architectures of such a network the same function under this mode.

        A zero stays zero through BN without affine parameters if the statistics are the batch's own, or an
        average over batches that were zero there too; statistics that training left know other inputs."""
        return Rules(
            keeps_zero=not config.affine and (self.name == "batch" or self.reset),
            linear_transformers=config.linear_transformers,
            mean=config.node_reduction == "mean",
        )
