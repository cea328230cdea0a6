"""A teacher and the blocks distilled from it, as a run of `blockwise` keeps them: students are made of these."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from studies.estimators.blockwise import Blockwise
from studies.estimators.compute.blockwise import TEACHER_FILE, Work
from studies.estimators.compute.task import Task
from supernet.distillation.stages import assemble, block_of, new_block, set_values
from supernet.network import StandAlone
from supernet.spaces import Architecture, Path
from supernet.training import checkpoint


@dataclass(frozen=True)
class BlockLibrary:
    """teacher: in evaluation mode. weights: of each block, by stage and path, and its BN statistics in one vector.
    A block that diverged has the weights that it began with."""

    task: Task
    teacher: StandAlone
    weights: dict[tuple[int, Path], Tensor]

    @classmethod
    def read(cls, settings: Blockwise, task: Task) -> BlockLibrary:
        """From the run's folder. ValueError, naming the file, if it is damaged or of another run; OSError if it is
        missing."""
        kept = checkpoint.load(task.folder / TEACHER_FILE, task.device, task.run_id)
        work = Work.of(settings, task, kept)
        held = {}
        for stage, first in work.groups:
            state = checkpoint.load(work.path(stage, first), task.device, task.run_id)
            for path, weights in zip(work.blocks(stage, first), state["weights"], strict=True):
                held[stage, path] = weights
        return cls(task, work.teacher.network, held)

    def student(self, architecture: Architecture) -> StandAlone:
        """The architecture's network of distilled blocks, stem and head the teacher's; in evaluation mode."""
        config = self.teacher.config
        path = self.task.space.path(self.task.space.supernet_form(architecture), self.task.size)
        blocks = {}
        for stage in range(config.size.stages):
            own = block_of(path, config, stage)
            block = new_block(config, stage, own, seed=0).to(self.task.device)
            set_values(block, self.weights[stage, own])
            blocks[stage] = block
        return assemble(self.teacher, blocks)
