"""What `submit` and `retry` share: which runs are left, their jobs, and putting these into the queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from slurm import queue, records, submission
from slurm.profile import Profile
from slurm.state import ACTIVE, COMPLETE, State, jobs_of, states

if TYPE_CHECKING:
    from studies.execute import Plan


def look(plan: Plan) -> list[State]:
    """The state of every selected run, by the files and the queue of this moment."""
    return states(plan, jobs_of(records.read_all(plan.root), queue.entries()))


class Sending:
    """Runs of a plan on their way to the cluster. wanted: of those neither complete nor active, the ones to send."""

    def __init__(
        self,
        plan: Plan,
        words: tuple[str, ...],
        profile: Profile,
        wanted: Callable[[State], bool] = lambda state: True,
    ) -> None:
        self.plan, self.words, self.profile, self.wanted = plan, words, profile, wanted

    def show(self) -> None:
        """Print the batch scripts and the numbers."""
        todo = self._todo()
        made = self._arrays(todo)
        for each in made:
            print(submission.script(each))
        self._tell("would submit", todo, made)

    def send(self) -> None:
        """Submit, with the study's queue to oneself: of two that submit at once, the second finds what the first
        has done. ValueError if another is submitting now."""
        from studies import lock
        from supernet.data import ready

        for config in {run.variant.data for run in self.plan.selected}:
            ready(config, self.plan.selected[0].data_root)
        try:
            with lock.hold(self.plan.folder / "slurm"):
                todo = self._todo()
                self.plan.write()
                made = self._submit(self._arrays(todo))
        except lock.Held as error:
            raise ValueError(f"submit: this study is being submitted already, {error}") from error
        self._tell("submitted", todo, made)

    def _submit(self, arrays: list[records.Submission]) -> list[records.Submission]:
        made: list[records.Submission] = []
        for each in arrays:
            try:
                made.append(submission.submit(each))
            except ValueError as error:
                count = sum(len(done.jobs) for done in made)
                raise ValueError(f"{error}; submitted before that: {count} jobs") from error
        return made

    def _todo(self) -> list[State]:
        self.found = look(self.plan)
        done = (*COMPLETE, *ACTIVE)
        return [state for state in self.found if state.state not in done and self.wanted(state)]

    def _arrays(self, todo: list[State]) -> list[records.Submission]:
        if not todo:
            return []
        ids = [state.run_id for state in todo]
        most = queue.max_array_size()
        return submission.arrays(self.plan.folder, self.words, ids, self.profile, most)

    def _tell(self, what: str, todo: list[State], made: list[records.Submission]) -> None:
        counts = Counter(state.state for state in self.found)
        jobs, active = sum(len(each.jobs) for each in made), sum(counts[name] for name in ACTIVE)
        complete = sum(counts[name] for name in COMPLETE)
        ids = ", ".join(each.job_id for each in made if each.job_id)
        print(
            f"{self.plan.study.name}: {what} {len(todo)} runs in {jobs} jobs, {len(made)} arrays"
            f"{f' ({ids})' if ids else ''}; {complete} complete, {active} queued or running"
        )
