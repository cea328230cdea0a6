"""A whole study: find out what is left, do it in worker processes, keep the study's own file up to date."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from analysis.store import study_file
from studies.model import lineage
from studies.model.study import Run, Study
from studies.running.jobs import Job, Work, split
from studies.running.parallel import default_workers, message_queue, run_tasks, send
from studies.running.progress import Reporter, RunsProgress
from studies.running.provenance import commit, versions
from studies.tracking.settings import SHARE, tracked
from studies.truth import table
from supernet.data import DEFAULT_ROOT
from supernet.spaces import Architecture, Space

ENDING = 10.0  # seconds that the last messages may take


@dataclass
class Plan:
    """A study with its ground truth read. runs: its whole grid; selected: the part that was asked for.
    command: what repeats the study. lacking: by space, why its ground truth could not be found, in a plan that may lack
    it: its runs score what is not known. chosen: what each combination of a space's masks scores, as far as it has
    been asked for."""

    study: Study
    root: Path
    truth: dict[str, table.TruthTable]
    runs: list[Run]
    selected: list[Run]
    command: str | None = None
    lacking: dict[str, str] = field(default_factory=dict)
    chosen: dict[tuple[Space, ...], list[Architecture]] = field(default_factory=dict, init=False)

    @classmethod
    def of(
        cls,
        study: Study,
        root: Path,
        part: Study | None = None,
        data_root: Path = DEFAULT_ROOT,
        milestones: tuple[int, ...] | None = None,
        share: float = SHARE,
        command: str | None = None,
        may_lack_truth: bool = False,
    ) -> Plan:
        """part: the study with fewer variants or seeds. milestones: percent of the epochs after which a run shows in
        TensorBoard how it ranks; None: runs are not shown at all. may_lack_truth: a truth table that is not there is
        noted, for a plan that is only looked at. ValueError if a truth table does not belong to its space or lacks the
        column."""
        tables, lacking = {}, {}
        for space in dict.fromkeys(variant.space for variant in study.variants):
            truth = study.truth[space]
            try:
                path = table.resolve(truth.table)
            except ValueError as error:
                if not may_lack_truth:
                    raise
                lacking[space] = str(error)
                continue
            found = table.load(path)
            if found.manifest["space"] != space:
                raise ValueError(f"truth: {found.path} is of space {found.manifest['space']}, not of {space}")
            if truth.column not in found.frame:
                columns = ", ".join(found.manifest["columns"])
                raise ValueError(f"truth: {found.path} has no column {truth.column!r}; it has {columns}")
            tables[space] = found
        studies = [study] if part is None or part is study else [study, part]
        grids = [list(s.runs(root, data_root)) for s in studies]
        if milestones is not None and not lacking:
            grids = [tracked(runs, study, root / study.name, tables, milestones, share) for runs in grids]
        return cls(study, root, tables, grids[0], grids[-1], command, lacking)

    @property
    def folder(self) -> Path:
        return self.root / self.study.name

    def architectures(self, run: Run) -> list[Architecture]:
        """What a run scores; runs of one space with the same masks score the same, parts of one ranking their part of
        what the whole would."""
        variant = run.variant
        if variant.space in self.lacking:
            return []
        name, spaces = variant.space, (lineage.whole_space(variant), *variant.evaluation_spaces)
        if spaces not in self.chosen:
            truth, column = self.truth[name], self.study.truth[name].column
            values = truth.frame[column].to_numpy(dtype=float)
            self.chosen[spaces] = self.study.scored.choose(truth.architectures, values, *spaces)
        if variant.part_of is not None:
            return list(filter(variant.masked_space.in_mask, self.chosen[spaces]))
        return self.chosen[spaces]

    def write(self) -> None:
        """`study.json`: what the analysis needs to know about the study."""
        study = self.study
        runs: list[study_file.Entry] = [
            {
                "variant": ranking.name,
                "kind": run.variant.kind,
                "space": run.variant.space,
                "mask": list(run.variant.mask),
                "parent": None if run.parent is None else run.parent.variant.run_id(run.seed),
                "part_of": run.variant.part_of,
                "whole": list(lineage.whole_space(run.variant).mask),
                "seed": run.seed,
                "run_id": run.variant.run_id(run.seed),
                "folder": os.path.relpath(run.folder, self.folder),
                "measure": ranking.measures[0],
                "measures": list(ranking.measures),
                "vote_of": list(ranking.vote_of),
                "apart": list(ranking.apart),
                "evaluations": [
                    {"mask": list(space.mask), "run_id": run.variant.trained_under(space).run_id(run.seed)}
                    for space in run.variant.evaluation_spaces
                ],
                "size": asdict(run.variant.size),
            }
            for run in self.runs
            for ranking in run.variant.rankings
        ]
        truth: dict[str, study_file.TruthEntry] = {
            space: {
                "file": os.path.relpath(found.path, self.folder),
                "column": self.study.truth[space].column,
                "size": found.manifest["size"],
                "title": found.manifest["title"],
            }
            for space, found in self.truth.items()
        }
        content: study_file.StudyContent = {
            "study": study.name,
            "title": study.title,
            "question": study.question,
            "note": study.note,
            "top": list(study.top),
            "scored": asdict(study.scored),  # type: ignore[typeddict-item]
            "scored_otherwise": [asdict(scored) for scored in study.scored_otherwise],  # type: ignore[misc]
            "runs": runs,
            "truth": truth,
            "provenance": {"command": self.command, "commit": commit(), "versions": versions()},
        }
        study_file.write(self.folder, content)


def execute(
    plan: Plan, todo: list[Run], device: str, workers: int | None
) -> list[tuple[Run, dict[str, Any]]]:
    """Do the runs of `todo`; (run, result) of each. Runs that others start from come before those others."""
    waves = lineage.generations(todo)
    return [done for wave in waves for done in _execute(plan, wave, device, workers)]


def _execute(
    plan: Plan, todo: list[Run], device: str, workers: int | None
) -> list[tuple[Run, dict[str, Any]]]:
    """Do runs of which none starts from another. Progress goes to standard error.

    Runs go to worker processes of one thread. Where runs are fewer than workers, or the last round has fewer,
    such a run trains in one process and is then scored in several.
    """
    cores = workers or default_workers(device)
    jobs = [
        Job(run, plan.architectures(run), parts)
        for run, parts in zip(todo, split(len(todo), cores), strict=True)
    ]
    count = min(cores, sum(job.parts for job in jobs))
    progress = RunsProgress(plan.study.name, todo)
    scoring = max(job.parts for job in jobs)
    shared = f"; scoring of a run in up to {scoring} parts" if scoring > 1 else ""
    print(
        f"{plan.study.name}: {len(todo)} to do on {device}; workers: {count}, of one thread each{shared}",
        file=sys.stderr,
    )
    results = []
    with message_queue() as messages:
        listener = threading.Thread(target=progress.listen, args=(messages,), daemon=True)
        listener.start()
        tasks = [(number, job.first(), device, messages) for number, job in enumerate(jobs)]
        owner = list(range(len(jobs)))  # of each task, the job that it belongs to

        def then(position: int, result: dict[str, Any] | None) -> list[tuple[Any, ...]]:
            number = owner[position]
            more = jobs[number].after(result)
            owner.extend([number] * len(more))
            return [(number, work, device, messages) for work in more]

        try:
            for position, _ in run_tasks(_work, tasks, count, then):
                number = owner[position]
                if jobs[number].pending == 0:
                    result = jobs[number].result
                    send(messages, (number, (0, 1), "done", 1.0, outcome(result)))
                    results.append((todo[number], result))
        finally:
            for job in jobs:
                job.release()
            with suppress(OSError):
                send(messages, None)
            listener.join(timeout=ENDING)
            progress.close()
    return results


def outcome(result: dict[str, Any]) -> str:
    """A result in a few words."""
    if result["status"] == "finished":
        return f"finished ({result['train_seconds'] + result['score_seconds']:.0f} s)"
    if result["status"] == "held":
        return f"{result['reason']}; skipped"
    return f"{result['status']}: {result['reason']}"


def _work(number: int, work: Work, device: str, messages: Any) -> dict[str, Any] | None:
    """What a worker process does."""
    from studies.running import run

    report = Reporter(number, work.part, messages)
    if work.kind == "train":
        return run.train(work.run, device, report)
    if work.kind == "score":
        return run.score(work.run, work.what, work.part, device, report)
    return run.run_one(work.run, work.what, device, report)
