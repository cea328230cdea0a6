"""A run of a study as its folder says: its result, checked with the files that it was written with, and its scores.

A run may stand for several: the parts of a space, each scored by a supernet of its own. What the parts cost is what the
whole costs; trainings that they started from count once. What a combination or a predictor costs is what its members
and its labels cost, each member once, and what is its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.statistics.vote import vote
from analysis.store import config, history, labels, milestones, ranked, scores, sealed
from analysis.store import result as result_file
from analysis.store.tables import Table
from supernet.files import digest
from supernet.spaces import Space

NOT_RUN = "not run yet"
ONE_SHOT = "one-shot"  # supernets; files that name no kind are of nothing else
FITTED = "separable"  # to the truth itself: a bound, no estimate
UNFINISHED = ("failed", "diverged", "missing")  # the state of the whole is the first of these that a part has
TRAINING_COSTS = ("updates", "epochs", "train_seconds")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training of one supernet, evaluated under one mask; or another estimator's run. measure: how the scores that
    the study is about were taken, of a supernet the BatchNorm mode. measures: all that it asks for, None for all that
    there are: another study may have had the run score in more.

    trained_as: None if `space` has the mask that it was trained with; else the variant that was trained, and the run's
    own name says both. control: the id of the run that was trained alike but under this mask, in the study or not.
    kind: of the ranker, ONE_SHOT or that of an estimator. vote_of: the measures in the same file whose vote it is.
    apart: those in the same file that only a figure of their own shows.
    before: the runs that it rests on, directly or not: whose weights it started from, whose scores it ranks by.
    members: the ids of the latter. part_of: the name under which it is ranked with other parts of
    `whole`. parts: of a run that stands for several; its folder is that of the first.
    """

    variant: str
    space: Space
    seed: int
    run_id: str
    folder: Path
    measure: str
    size: Mapping[str, Any]
    measures: tuple[str, ...] | None = None
    kind: str = ONE_SHOT
    vote_of: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    trained_as: str | None = None
    control: str | None = None
    before: tuple[Run, ...] = ()
    members: tuple[str, ...] = ()
    part_of: str | None = None
    whole: Space | None = None
    parts: tuple[Run, ...] = ()


@dataclass(frozen=True)
class Look:
    """What the files of a run say, read and checked once.

    result: of `result.json`; {'status': 'missing'} while there is none, and 'failed' if a file cannot be used.
    damage: then which and why, with what to do; None if all is well. sealed: False for a run that has ended and was
    written before files were bound together.
    """

    folder: Path
    result: dict[str, Any]
    damage: str | None = None
    sealed: bool = True
    digests: dict[str, str] = field(default_factory=dict, compare=False, repr=False)  # of files, by name

    def digest(self, name: str) -> str:
        """SHA-256 of a file of the run; a file is summed once."""
        if name not in self.digests:
            self.digests[name] = digest(self.folder / name)
        return self.digests[name]

    def is_as_written(self, name: str) -> bool | None:
        """Whether a file is the one that the result was written with; None if the result does not say."""
        known = self.result.get("files", {}).get(name)
        return None if known is None else (self.folder / name).is_file() and self.digest(name) == known


def look(folder: Path, run_id: str) -> Look:
    """Read and check the result of a run and, if it has finished, its scores."""
    try:
        result = result_file.read(folder, run_id)
        if result is None:
            return Look(folder, {"status": "missing", "reason": NOT_RUN})
        seen = Look(folder, result, sealed="seal" in result)
        for name in (history.FILE, config.FILE, milestones.FILE, ranked.FILE, labels.FILE):
            _check_as_written(seen, name)
        if config.FILE not in result.get("files", {}):
            config.read(folder)
        if result["status"] == "finished":
            _check_scores(seen, run_id)
    except (ValueError, OSError) as error:
        damage = f"{_told(error)}; {result_file.REMEDY}"
        return Look(folder, {"status": "failed", "reason": damage}, damage)
    return seen


def check_scores(folder: Path, run_id: str, result: dict[str, Any]) -> None:
    """ValueError or OSError unless the scores are the run's own and whole."""
    _check_scores(Look(folder, result), run_id)


def _check_as_written(seen: Look, name: str) -> None:
    """ValueError if the result says what a file of the run is, and it is something else or gone."""
    path = seen.folder / name
    if name in seen.result.get("files", {}):
        if not path.is_file():
            raise ValueError(f"{path} is missing")
        if not seen.is_as_written(name):
            raise ValueError(f"{path} is damaged: it is not the file that {result_file.FILE} describes")


def _check_scores(seen: Look, run_id: str) -> None:
    """The same for scores. A file that was replaced since the result was written passes if its own seal says so: a run
    that was killed between the two writes leaves that."""
    path = seen.folder / scores.FILE
    if not path.is_file():
        raise ValueError(f"{path} is missing")
    if not seen.is_as_written(scores.FILE):
        frame, has_seal = sealed.read_with_seal(path, run_id)
        if not has_seal and scores.FILE in seen.result.get("files", {}):
            raise ValueError(f"{path} is damaged: it is not the file that {result_file.FILE} describes")
        scores.check_rows(frame, path)


def _told(error: ValueError | OSError) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


def read_scores(run: Run) -> dict[str, Table]:
    """The run's scores, one table for each BatchNorm mode, the study's own mode first; of its parts where it has some,
    of which one may have had nothing to score."""
    frames = [_read_own_scores(part) for part in run.parts or (run,)]
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    frame = filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)
    source = f"{run.variant}, seed {run.seed}" if run.parts else str(run.folder / scores.FILE)
    found = {str(mode) for mode in frame["measure"].unique()}
    modes = sorted(found, key=lambda mode: (mode != run.measure, mode))
    if run.measure not in modes:
        raise ValueError(
            f"{source}: measure {run.measure!r} was not scored; it has {', '.join(modes) or 'no rows'}"
        )
    modes = [mode for mode in modes if run.measures is None or mode in run.measures]
    return {
        mode: Table(
            frame=frame if len(found) == 1 else frame[frame["measure"] == mode].reset_index(drop=True),
            column="score",
            source=f"{source} ({mode})",
        )
        for mode in modes
    }


def _read_own_scores(run: Run) -> pd.DataFrame:
    path = run.folder / scores.FILE
    frame = sealed.read(path, run.run_id)
    return vote(frame, run.vote_of) if run.vote_of else frame


def joined_result(parts: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """One result.json for those of the parts, by their names. Not finished unless all are; reason says which."""
    left = {name: result for name, result in parts.items() if result["status"] != "finished"}
    if left:
        status = next(s for s in UNFINISHED if any(result["status"] == s for result in left.values()))
        reasons = "; ".join(
            f"{name}: {result.get('reason') or result['status']}" for name, result in left.items()
        )
        return {"status": status, "reason": f"{len(left)} of {len(parts)} parts: {reasons}"}
    names = (*TRAINING_COSTS, "score_seconds")
    return {"status": "finished", "reason": None} | {n: _sum(parts.values(), n) for n in names}


def with_costs_of(result: dict[str, Any], before: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The result with the costs of the trainings that it rests on, and of those that gave it its labels; label_count:
    how many these are."""
    results = [result, *before]
    labelled = [one["labels"] for one in results if "labels" in one]
    if result["status"] != "finished" or not (before or labelled):
        return result
    summed = {name: _sum([*results, *labelled], name) for name in TRAINING_COSTS}
    return result | summed | {"label_count": sum(one["functions"] for one in labelled)}


def _sum(results: Any, name: str) -> float | None:
    """None if one of them does not tell: a part of a sum would be taken for the whole."""
    values = [result.get(name) for result in results]
    return None if None in values else sum(values)
