"""What a reader of a study must know about its files: runs whose files cannot be used, and runs that were written
before files were bound together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from analysis.store.run import Look, look
from analysis.store.study import Run, Study


@dataclass(frozen=True)
class Damage:
    """damaged: a line for each run with a file that cannot be used. unsealed: runs that were written before."""

    damaged: tuple[str, ...]
    unsealed: int

    @property
    def note(self) -> str:
        """On the runs that were written before; '' if there are none."""
        if not self.unsealed:
            return ""
        runs = "1 run was" if self.unsealed == 1 else f"{self.unsealed} runs were"
        return f"{runs} written before files carried digests: read as they are, unchecked"


def damage(study: Study) -> Damage:
    """Of all runs that the study needs."""
    looks = list(_looks(study))
    return Damage(
        tuple(f"{run.variant} seed {run.seed}: {one.damage}" for run, one in looks if one.damage),
        sum(not one.sealed for _, one in looks),
    )


def tell(*studies: Study) -> int:
    """Say it on standard error; the exit code of a command that has shown the other runs."""
    code = 0
    for study in studies:
        found = damage(study)
        for line in found.damaged:
            print(f"error: {line}", file=sys.stderr)
        if found.note:
            print(f"note: {study.name}: {found.note}", file=sys.stderr)
        code = 2 if found.damaged else code
    return code


def _looks(study: Study) -> Iterator[tuple[Run, Look]]:
    """Each folder once."""
    seen = set()
    for run in study.runs:
        for one in (*(run.parts or (run,)), *run.before):
            if one.folder not in seen:
                seen.add(one.folder)
                yield one, look(one.folder, one.run_id)
