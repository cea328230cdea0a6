"""What `submit` and `retry` share: which runs are left, their jobs, and putting these into the queue."""

from __future__ import annotations

import functools
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from slurm import arrays, queue
from slurm.profile import Profile
from slurm.records import (
    ACTIVE,
    COMPLETE,
    State,
    Submission,
    clusters,
    current_states,
    found_again,
    jobs_of,
    read_all,
    read_study,
    states,
)
from studies.model.study import Run, generations
from studies.running import lock
from studies.running.plan import Plan
from studies.tracking.columns import write_columns
from studies.tracking.links import link_known
from supernet.data.loading import ready

T = TypeVar("T")


def chunks(items: Sequence[T], size: int) -> list[tuple[T, ...]]:
    """Items in groups of `size`, the last with what remains."""
    return [tuple(items[begin : begin + size]) for begin in range(0, len(items), size)]


def counted(number: int, thing: str) -> str:
    """'1 run', '2 runs'."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


class Submitter:
    """Puts what is left of a plan into the queue.

    Args:
        plan: The study and the part of it that was asked for.
        words: What a job starts it from (studies/commands/plan.py).
        profile: What to ask the cluster for.
        wanted: Of the runs neither complete nor active, those to submit.
    """

    def __init__(
        self,
        plan: Plan,
        words: tuple[str, ...],
        profile: Profile,
        wanted: Callable[[State], bool] = lambda state: True,
    ) -> None:
        self.plan, self.words, self.profile, self.wanted = plan, words, profile, wanted
        self.states: list[State] = []
        self.todo: list[State] = []

    def dry_run(self) -> None:
        """Print the batch scripts and the numbers; where no controller answers, as for an empty queue. ValueError for a
        cluster that SLURM does not know."""
        try:
            _ = self.most  # first of all, whether there is such a cluster
            self.look()
        except queue.Unreachable as error:
            print(
                f"note: {error}; shown for an empty queue and arrays of {queue.MAX_ARRAY_SIZE}",
                file=sys.stderr,
            )
            self.look_at_files()
            self.most = queue.MAX_ARRAY_SIZE
        made: list[Submission] = []
        for number, part in enumerate(self.generations()):
            after = () if number == 0 else tuple(each.name for each in made)  # there are no ids yet
            for each in self.packed(part, after):
                print(arrays.script(each))
                made.append(each)
        self.tell("would submit", made)

    def submit(self) -> None:
        """Submit, with the study's queue to oneself: of two that submit at once, the second finds what the first
        has done. ValueError if another is submitting now."""
        made: list[Submission] = []
        try:
            with lock.lock_run(self.plan.folder / "slurm"):
                self.recover()
                self.look()
                wanted = (state.run for state in self.todo if state.run.variant.estimator.needs_images)
                for config, root in {(run.variant.data, run.data_root) for run in wanted}:
                    ready(config, root)
                self.plan.write()
                link_known(self.plan.selected)
                write_columns(self.plan.runs)
                for part in self.generations():
                    for each in self.packed(part, self.awaited(part, made)):
                        made.append(arrays.submit(each))
        except lock.RunLocked as error:
            raise ValueError(f"submit: this study is being submitted already, {error}") from error
        except ValueError as error:
            if made:
                jobs = sum(len(each.jobs) for each in made)
                raise ValueError(f"{error}; submitted before that: {jobs} jobs") from error
            raise
        self.tell("submitted", made)

    def recover(self) -> None:
        """Arrays of the study that a submitter sent off without learning their ids: those in the queue get them."""
        unknown = [each for each in read_study(self.plan.folder) if each.job_id is None]
        if unknown:
            for each in found_again(unknown, queue.entries(clusters(unknown))):
                if each.job_id is not None:
                    arrays.recover(each)

    def look(self) -> None:
        """Find out what is left."""
        self.take(current_states(self.plan))

    def look_at_files(self) -> None:
        """The same, without the queue."""
        self.take(states(self.plan, jobs_of(read_all(self.plan.root), [])))

    def take(self, current: list[State]) -> None:
        self.states = current
        done = (*COMPLETE, *ACTIVE)
        self.todo = [state for state in self.states if state.state not in done and self.wanted(state)]

    def generations(self) -> list[list[Run]]:
        """What is left; runs that others rest on before those others. ValueError where these could wait in vain:
        a job waits for jobs of its own cluster only."""
        parts = generations(state.run for state in self.todo)
        if len(parts) > 1 and len(self.profile.clusters) > 1:
            raise ValueError(
                f"options: clusters is {self.profile.options['clusters']!r}, but runs of {self.plan.study.name} rest "
                "on others, so all must go to one cluster; name one"
            )
        return parts

    def awaited(self, runs: list[Run], made: list[Submission]) -> tuple[str, ...]:
        """Jobs that must have ended before these runs start: of what was submitted now, and of the queue."""
        needed = {other.run_id for run in runs for other in run.rests_on}
        now = [each.job_id for each in made if each.job_id and needed & {i for job in each.jobs for i in job}]
        before = [s.job.job_id for s in self.states if s.run_id in needed and s.job and s.job.entry]
        return tuple(dict.fromkeys(now + before))

    def packed(self, runs: list[Run], after: tuple[str, ...]) -> list[Submission]:
        """Runs packed into jobs, and jobs into arrays of at most as many as the cluster takes."""
        ids = [run.run_id for run in runs]
        jobs = chunks(ids, self.profile.runs_per_job)
        return [
            Submission.new(self.plan.folder, self.words, part, self.profile, after)
            for part in chunks(jobs, self.most)
        ]

    @functools.cached_property
    def most(self) -> int:
        """Most elements of an array."""
        return queue.max_array_size(self.profile.clusters)

    def tell(self, what: str, made: list[Submission]) -> None:
        """Print the numbers."""
        counts = Counter(state.state for state in self.states)
        jobs, active = sum(len(each.jobs) for each in made), sum(counts[name] for name in ACTIVE)
        complete = sum(counts[name] for name in COMPLETE)
        ids = ", ".join(each.job_id for each in made if each.job_id)
        print(
            f"{self.plan.study.name}: {what} {counted(len(self.todo), 'run')} in {counted(jobs, 'job')}, "
            f"{counted(len(made), 'array')}{f' ({ids})' if ids else ''}; {complete} complete, "
            f"{active} queued or running"
        )
