"""The task that architectures are scored on, and where."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from studies.configuration import derived_seed
from supernet.data.dataset import DataSet
from supernet.network import NetworkConfig, StandAlone, Supernet, cut_out, seeded
from supernet.spaces import Architecture, Size, Space
from supernet.training import checkpoint
from supernet.training.trainer import Epoch, Trainer

# While a supernet trains: hears of every epoch after its checkpoint is saved.
Watch = Callable[[Trainer], AbstractContextManager[Callable[[Epoch], None]]]


@dataclass(frozen=True, kw_only=True)
class MemberRun:
    """A run that others rank by. name: for a reader. members: what it ranks by itself."""

    name: str
    run_id: str
    folder: Path
    kind: str
    members: tuple[MemberRuns, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MemberRuns:
    """A member (`studies.model.member`) with its runs, of which the mean is taken."""

    name: str
    measure: str
    by: str
    runs: tuple[MemberRun, ...]
    equal_functions: str = "apart"


@dataclass(frozen=True, kw_only=True)
class Task:
    """The task that architectures are scored on, and where.

    space, size: of the networks; stand-alone ones have affine BN, as benchmarks train them. data: loaded, on `device`.
    noise: Gaussian, of the evaluation images. seed: of the run. folder: the run's own, for what `prepare` keeps.
    start: the checkpoint of a trained supernet whose space holds this one and whose weights networks may start from,
    and what that supernet is made of (`start_config`); None without one. generation: how many trainings came before, a
    run's parent and its parents; a run does not draw what its parent drew. members: whose scores a combination or a
    predictor ranks by.
    run_id: what files are marked with. check: called before anything is written, raises if the folder is no longer this
    process's. watch: sees a supernet train.
    """

    space: Space
    size: Size
    data: DataSet
    seed: int
    folder: Path
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    noise: float = 0.0
    evaluation_batch: int = 512
    start: Path | None = None
    start_config: NetworkConfig | None = None
    generation: int = 0
    members: tuple[MemberRuns, ...] = ()
    run_id: str | None = None
    check: Callable[[], None] = lambda: None
    watch: Watch = lambda trainer: nullcontext(lambda epoch: None)

    def seed_of(self, purpose: str, architecture: Architecture) -> int:
        """A seed that depends on these and on the run's seed alone: order and sharding change nothing."""
        return derived_seed(purpose, self.space.name, self.space.text(architecture), self.seed)

    def network(self, architecture: Architecture, purpose: str = "weights") -> StandAlone:
        """The architecture's network with its own random weights, in training mode, on the device. Edges that cannot
        matter are not in it (`Space.stand_alone_form`), so equal functions have equal weights."""
        form = self.space.stand_alone_form(architecture)
        config = NetworkConfig(space=self.space, size=self.size, affine=True)
        network = seeded(StandAlone, config, form, seed=self.seed_of(purpose, form))
        return network.to(self.device).train()

    def inherited(self, architecture: Architecture) -> StandAlone:
        """The architecture's network with the weights that it has in the trained supernet, in training mode, on the
        device."""
        return cut_out(self._supernet, architecture).train()

    @cached_property
    def _supernet(self) -> Supernet:
        assert self.start is not None
        assert self.start_config is not None
        network = seeded(Supernet, self.start_config, seed=0).to(self.device)
        network.load_state_dict(checkpoint.load(self.start, self.device)["model"])
        return network
