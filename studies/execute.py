"""A whole study: find out what is left, do it in worker processes, keep the study's own file up to date."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from studies.parallel import default_workers, run_tasks
from studies.progress import Progress
from studies.study import Run, Study
from studies.truth import table
from supernet.files import write_text
from supernet.spaces import Architecture

LINE_EVERY = 5.0  # seconds between two lines of one run where there is no terminal


@dataclass
class Plan:
    """A study with its ground truth read. runs: its whole grid; selected: the part that was asked for."""

    study: Study
    root: Path
    truth: dict[str, table.TruthTable]
    runs: list[Run]
    selected: list[Run]

    @classmethod
    def of(cls, study: Study, root: Path, part: Study | None = None) -> Plan:
        """part: the study with fewer variants or seeds. ValueError if a truth table does not belong to its space
        or lacks the column."""
        tables = {}
        for space in {variant.space for variant in study.variants}:
            truth = study.truth[space]
            found = table.load(table.resolve(truth.table))
            if found.manifest["space"] != space:
                raise ValueError(f"truth: {found.path} is of space {found.manifest['space']}, not of {space}")
            if truth.column not in found.frame:
                columns = ", ".join(found.manifest["columns"])
                raise ValueError(f"truth: {found.path} has no column {truth.column!r}; it has {columns}")
            tables[space] = found
        return cls(study, root, tables, list(study.runs(root)), list((part or study).runs(root)))

    @property
    def folder(self) -> Path:
        return self.root / self.study.name

    def architectures(self, run: Run) -> list[Architecture]:
        """What a run scores."""
        variant = run.variant
        truth, column = self.truth[variant.space], self.study.truth[variant.space].column
        return self.study.scored.choose(truth.frame, column, variant.masked_space)

    def write(self) -> None:
        """`study.json`: what the analysis needs to know about the study."""
        runs = [
            {
                "variant": run.variant.name,
                "space": run.variant.space,
                "mask": list(run.variant.mask),
                "seed": run.seed,
                "run_id": run.variant.run_id(run.seed),
                "folder": os.path.relpath(run.folder, self.folder),
                "bn_mode": run.variant.bn_modes[0],
                "size": asdict(run.variant.size),
            }
            for run in self.runs
        ]
        truth = {
            space: {
                "file": os.path.relpath(found.path, self.folder),
                "column": self.study.truth[space].column,
                "size": found.manifest["size"],
                "title": found.manifest["title"],
            }
            for space, found in self.truth.items()
        }
        facts = {key: getattr(self.study, key) for key in ("title", "question", "note", "top")}
        content = {"study": self.study.name, **facts, "runs": runs, "truth": truth}
        write_text(self.folder / "study.json", json.dumps(content, indent=1) + "\n")


def execute(
    plan: Plan, todo: list[Run], device: str, workers: int | None
) -> list[tuple[Run, dict[str, Any]]]:
    """Do the runs of `todo`; (run, result) of each. Progress goes to standard error."""
    count = workers or default_workers(device, len(todo))
    weights = [run.variant.expected_seconds or 1.0 for run in todo]
    progress = Progress(plan.study.name, sum(weights), every=15.0)
    print(f"{plan.study.name}: {len(todo)} to do on {device}; workers: {count}", file=sys.stderr)
    results = []
    with multiprocessing.Manager() as manager:
        messages = manager.Queue()
        listener = threading.Thread(target=_listen, args=(messages, todo, weights, progress), daemon=True)
        listener.start()
        tasks = [(number, run, plan.architectures(run), device, messages) for number, run in enumerate(todo)]
        try:
            for number, result in run_tasks(_work, tasks, count):
                messages.put((number, "done", 1.0, outcome(result)))
                results.append((todo[number], result))
        finally:
            messages.put(None)
            listener.join()
            progress.close()
    return results


def outcome(result: dict[str, Any]) -> str:
    """A result in a few words."""
    if result["status"] == "finished":
        return f"finished ({result['train_seconds'] + result['score_seconds']:.0f} s)"
    return f"{result['status']}: {result['reason']}"


def _work(
    number: int, run: Run, architectures: list[Architecture], device: str, messages: Any
) -> dict[str, Any]:
    """What a worker process does."""
    from studies.run import run_one

    return run_one(run, architectures, device, _reporter(number, messages))


def _reporter(number: int, messages: Any) -> Callable[[str, float, str], None]:
    """Sends a run's progress, at most every tenth of a second."""
    last = 0.0

    def report(phase: str, fraction: float, detail: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= 0.1 or fraction >= 1:
            last = now
            messages.put((number, phase, fraction, detail))

    return report


TRAINING_SHARE = 0.7  # of a run's time; the rest is scoring


def _listen(messages: Any, todo: list[Run], weights: list[float], progress: Progress) -> None:
    """Shows what the workers send until None comes."""
    parts = [0.0] * len(todo)
    shown = [0.0] * len(todo)
    with suppress(EOFError, ConnectionError):  # the sender was interrupted
        while (message := messages.get()) is not None:
            number, phase, fraction, detail = message
            share = {
                "train": (0.0, TRAINING_SHARE),
                "score": (TRAINING_SHARE, 1 - TRAINING_SHARE),
                "done": (0.0, 1.0),
            }
            offset, scale = share[phase]
            parts[number] = offset + scale * fraction
            progress.update(sum(p * w for p, w in zip(parts, weights, strict=True)))
            now = time.monotonic()
            if phase == "done" or (not progress.terminal and now - shown[number] >= LINE_EVERY):
                shown[number] = now
                progress.line(f"{todo[number].name}: {detail}")
