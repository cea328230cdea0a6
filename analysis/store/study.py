"""A study's folder as it lies on disk: study.json, the runs it names, and its ground truth.

<runs>/<study>/study.json   title, question, note on the data, the runs, what they score and where the truth is
<run folder>/result.json    how the run ended; absent until it has
<run folder>/scores.parquet arch, measure, score (validation accuracy in percent), loss, status, seconds
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.statistics.topn import check_top
from analysis.statistics.vote import vote
from analysis.store import sealed, study_file
from analysis.store.parts import join_parts, joined_result, with_ancestors, with_costs_of
from analysis.store.run import look
from analysis.store.scored import ScoredSet
from analysis.store.tables import Table, read_frame
from supernet.spaces import Size, Space, get_space

GROUP = ["space", "mask", "variant", "measure"]  # what runs that differ only in their seed share
FULL = "full space"  # the mask that leaves everything
ONE_SHOT = "one-shot"  # supernets; files that name no kind are of nothing else


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training of one supernet, judged under one mask; or another estimator's run. measure: how the scores that
    the study is about were taken, of a supernet the BatchNorm mode. measures: all that it asks for, None for all that
    there are: another study may have had the run score in more.

    trained_as: None if `space` has the mask that it was trained with; else the variant that was trained, and the run's
    own name says both. control: the id of the run that was trained alike but under this mask, in the study or not.
    kind: of the ranker, ONE_SHOT or that of an estimator. vote_of: the measures in the same file whose vote it is.
    apart: those in the same file that only a figure of their own shows.
    before: the runs whose weights it started from. part_of: the name under which it is ranked with other parts of
    `whole`. parts: of a run that stands for several (analysis/store/parts.py); its folder is that of the first.
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
    part_of: str | None = None
    whole: Space | None = None
    parts: tuple[Run, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Where the ground truth of one space is; size: of the stand-alone networks that were trained for it."""

    path: Path
    column: str
    size: Size | None
    title: str


@dataclass(frozen=True, kw_only=True)
class Study:
    """provenance: the command that repeats the study, the commit of the code and the versions that wrote study.json;
    empty for one that was written before they were recorded. scored: what its runs score; scored_otherwise: what they
    score when they are not told otherwise on the command line, if that is another set."""

    folder: Path
    name: str
    title: str
    question: str
    note: str
    top: tuple[int, ...]
    runs: tuple[Run, ...]
    truths: Mapping[str, Truth]
    scored: ScoredSet
    provenance: Mapping[str, Any]
    scored_otherwise: tuple[ScoredSet, ...] = ()

    @property
    def in_percent(self) -> bool:
        """Whether every ranking's score is an accuracy."""
        return all(run.kind == ONE_SHOT or "accuracy" in run.measure for run in self.runs)


def study_folder(runs: Path, name: str) -> Path:
    """The folder of a study. Raises ValueError, listing those that there are, if there is none."""
    folder = runs / name
    if not (folder / study_file.FILE).is_file():
        known = sorted(path.parent.name for path in runs.glob(f"*/{study_file.FILE}"))
        raise ValueError(f"no study {name!r} in {runs}; studies there: {', '.join(known) or 'none'}")
    return folder


def load_study(folder: Path) -> Study:
    """Read study.json. Raises ValueError naming the file and the key that is missing or wrong."""
    path = folder / study_file.FILE
    content = study_file.read(folder)
    try:
        runs = tuple(
            Run(
                variant=run["variant"],
                space=get_space(run["space"], run["mask"]),
                seed=run["seed"],
                run_id=run["run_id"],
                folder=folder / run["folder"],
                measure=run["measure"],
                size=run["size"],
                measures=tuple(run["measures"]) if "measures" in run else None,
                kind=run.get("kind", ONE_SHOT),
                vote_of=tuple(run.get("vote_of", ())),
                apart=tuple(run.get("apart", ())),
                part_of=run.get("part_of"),
                whole=get_space(run["space"], run.get("whole", run["mask"])),
            )
            for run in content["runs"]
        )
        truths = {
            name: Truth(
                path=folder / truth["file"],
                column=truth["column"],
                size=Size(**truth["size"]) if truth.get("size") else None,
                title=truth.get("title") or truth["column"],
            )
            for name, truth in content["truth"].items()
        }
        study = Study(
            folder=folder,
            name=content["study"],
            title=content["title"],
            question=content["question"],
            note=content["note"],
            top=check_top(content["top"]),
            runs=runs,
            truths=truths,
            scored=ScoredSet(**content["scored"]),
            provenance=content.get("provenance", {}),
            scored_otherwise=tuple(ScoredSet(**scored) for scored in content.get("scored_otherwise", ())),
        )
        runs = with_ancestors(_named_apart(study.runs), content["runs"])
        views = _views(runs, content["runs"])
        study = replace(study, runs=join_parts(_side_by_side(runs, views)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    if not study.runs:
        raise ValueError(f"{path}: runs: none are named")
    if lacking := sorted({run.space.name for run in runs} - set(truths)):
        raise ValueError(f"{path}: no truth for {', '.join(lacking)}")
    return study


def _named_apart(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """A variant that was run under several masks of a space gets the mask into its name."""
    masks: dict[tuple[str, str], set[Space]] = {}
    for run in runs:
        masks.setdefault((run.space.name, run.variant), set()).add(run.space)

    def name(run: Run) -> str:
        several = len(masks[run.space.name, run.variant]) > 1
        return f"{run.variant}, without {mask_text(run.space)}" if several and run.space.mask else run.variant

    return tuple(replace(run, variant=name(run)) for run in runs)


def _views(runs: tuple[Run, ...], entries: list[dict[str, Any]]) -> list[Run]:
    """The runs again, once for each further mask under which they are judged."""
    views = []
    for run, entry in zip(runs, entries, strict=True):
        for evaluation in entry.get("evaluations", ()):
            space = get_space(run.space.name, evaluation["mask"])
            trained = "" if run.space.mask or FULL in run.variant else f", trained on the {FULL}"
            name = f"{run.variant}{trained}, evaluated without {mask_text(space)}"
            views.append(
                replace(run, variant=name, space=space, trained_as=run.variant, control=evaluation["run_id"])
            )
    return views


def _side_by_side(runs: tuple[Run, ...], views: list[Run]) -> tuple[Run, ...]:
    """All of them, each view after its control if the study has it, else after the run itself."""
    places = {run.run_id: place for place, run in enumerate(runs)}
    after: list[list[Run]] = [[] for _ in runs]
    for view in views:
        after[places.get(view.control or "", places[view.run_id])].append(view)
    return tuple(one for run, more in zip(runs, after, strict=True) for one in (run, *more))


def read_result(run: Run) -> dict[str, Any]:
    """The run's result.json; {'status': 'missing'} if it has not ended yet, 'failed' if its files cannot be used. What
    it started from counts as a cost."""
    parts = {part.variant: _own_result(part) for part in run.parts}
    result = joined_result(parts) if parts else _own_result(run)
    return with_costs_of(result, list(map(_own_result, run.before)))


def _own_result(run: Run) -> dict[str, Any]:
    return look(run.folder, run.run_id).result


def read_scores(run: Run) -> dict[str, Table]:
    """The run's scores, one table for each BatchNorm mode, the study's own mode first; of its parts where it has some,
    of which one may have had nothing to score."""
    frames = [_read_own_scores(part) for part in run.parts or (run,)]
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    frame = filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)
    source = f"{run.variant}, seed {run.seed}" if run.parts else str(run.folder / "scores.parquet")
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
    path = run.folder / "scores.parquet"
    frame = sealed.read(path, run.run_id)
    return vote(frame, run.vote_of) if run.vote_of else frame


def read_truth(truth: Truth, name: str) -> Table:
    """The truth table of the space of that name."""
    table = Table(frame=read_frame(truth.path), column=truth.column, source=f"{truth.path}:{truth.column}")
    if table.parsed is None or table.parsed[0].name != name:
        raise ValueError(f"{table.source}: not every arch is an architecture of {name}")
    return table


def allowed_rows(table: Table, space: Space) -> np.ndarray:
    """bool (n,): the architectures of a truth table that the space's mask allows. ValueError if there are none."""
    assert table.parsed is not None
    allowed = np.array([space.in_mask(architecture) for architecture in table.parsed[1]])
    if not allowed.any():
        raise ValueError(f"{table.source}: the mask {', '.join(space.mask)} leaves no architecture")
    return allowed


def mask_text(space: Space) -> str:
    """The masked names, or FULL (an operation may itself be called none)."""
    return ", ".join(space.mask) or FULL
