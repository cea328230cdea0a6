"""One way to train a supernet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from studies.model import lineage
from studies.model.ranker import Ranker
from supernet.scoring import BnMode
from supernet.spaces.space import LISTED
from supernet.training.sampling import SamplingConfig
from supernet.training.trainer import TrainingConfig

EMA = "ema-"  # begins the name of a measure of the averaged weights


@dataclass(frozen=True, kw_only=True)
class Variant(Ranker):
    """A supernet whose sub-networks, with the weights that they share, are scored on the validation images;
    `training`, `sampling` and the rest are explained where they are defined.

    bn_modes: how BN normalises while scoring, all from one checkpoint; the first is what the study reports. Where the
    training keeps an average of the weights, this is scored as well, in each mode, as 'ema-MODE'.
    """

    preparing: ClassVar[float] = 0.7

    training: TrainingConfig
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    linear_transformers: str = "none"
    node_reduction: str = "sum"
    affine: bool = False
    bn_modes: tuple[str, ...] = ("batch",)

    def __post_init__(self) -> None:
        if not self.bn_modes:
            raise ValueError("bn_modes: at least one is needed")
        for mode in self.bn_modes:
            BnMode(mode)
        super().__post_init__()
        if self.sampling.kind in LISTED:
            self.masked_space.listed_cells(self.sampling.kind)  # refuses a space that has no such sampling
        if self.sampling.kind == "fair":
            _ = self.masked_space.fair_group_size  # refuses a mask that strict fairness is not defined for
        lineage.check_variant(self)
        self._check_evaluation_masks()

    @property
    def kind(self) -> str:
        return "one-shot"

    @property
    def measures(self) -> tuple[str, ...]:
        averaged = tuple(f"{EMA}{mode}" for mode in self.bn_modes) if self.training.ema else ()
        return (*self.bn_modes, *averaged)

    @classmethod
    def omitted(cls) -> set[str]:
        return super().omitted() | {"bn_modes"}

    def _check_evaluation_masks(self) -> None:
        spaces = self.evaluation_spaces
        for mask, space in zip(self.evaluation_masks, spaces, strict=True):
            if space == self.masked_space:
                raise ValueError(
                    f"evaluation_masks: {mask!r} leaves out nothing that the training's mask {self.mask!r} does not"
                )
        if len(set(spaces)) < len(spaces):
            raise ValueError(f"evaluation_masks: {self.evaluation_masks!r} has the same subset twice")
