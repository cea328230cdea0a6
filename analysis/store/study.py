"""A study's folder as it lies on disk: study.json, the runs it names, and its ground truth.

<runs>/<study>/study.json   title, question, note on the data, the runs, what they score and where the truth is
<run folder>/result.json    how the run ended; absent until it has
<run folder>/scores.parquet arch, measure, score (validation accuracy in percent), loss, status, seconds
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from analysis.statistics.topn import check_top
from analysis.store import study_file
from analysis.store.run import ONE_SHOT, Look, Run, joined_result, look, with_costs_of
from analysis.store.scored import ScoredSet
from analysis.store.tables import Table, read_frame
from supernet.spaces import Size, Space, get_space

GROUP = ["space", "mask", "variant", "measure"]  # what runs that differ only in their seed share
FULL = "full space"  # the mask that leaves everything


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Where the ground truth of one space is; size: of the stand-alone networks that were trained for it."""

    path: Path
    column: str
    size: Size | None
    title: str

    @classmethod
    def of_entry(cls, entry: Mapping[str, Any], folder: Path) -> Truth:
        """What a file of that folder says of it (study_file.TruthEntry). TypeError or ValueError for a wrong size."""
        size = Size(**entry["size"]) if entry.get("size") else None
        title = entry.get("title") or entry["column"]
        return cls(path=folder / entry["file"], column=entry["column"], size=size, title=title)


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
    _looks: dict[Path, Look] = field(default_factory=dict, repr=False, compare=False)
    _tables: dict[str, Table] = field(default_factory=dict, repr=False, compare=False)

    def look(self, run: Run) -> Look:
        """What the files of a run say; each folder is read and checked once."""
        if run.folder not in self._looks:
            self._looks[run.folder] = look(run.folder, run.run_id)
        return self._looks[run.folder]

    def result(self, run: Run) -> dict[str, Any]:
        """The run's result.json; {'status': 'missing'} if it has not ended yet, 'failed' if its files cannot be used.
        What it rests on counts as a cost, and so do its labels."""
        parts = {part.variant: self.look(part).result for part in run.parts}
        result = joined_result(parts) if parts else self.look(run).result
        return with_costs_of(result, [self.look(one).result for one in run.before])

    def table(self, space: str) -> Table:
        """The truth table of the space of that name, which is read once."""
        if space not in self._tables:
            self._tables[space] = _read_truth(self.truths[space], space)
        return self._tables[space]

    @property
    def in_percent(self) -> bool:
        """Whether every ranking's score is an accuracy."""
        return all(run.kind == ONE_SHOT or "accuracy" in run.measure for run in self.runs)


def study_names(runs: Path) -> list[str]:
    """Of the studies that have results there."""
    return sorted(path.parent.name for path in runs.glob(f"*/{study_file.FILE}"))


def study_folder(runs: Path, name: str) -> Path:
    """The folder of a study, which its file names as well: my_study.py is the study my_study. Raises ValueError,
    listing those that there are, if there is none."""
    name = Path(name).stem if name.endswith(".py") else name
    folder = runs / name
    if not (folder / study_file.FILE).is_file():
        known = ", ".join(study_names(runs))
        raise ValueError(f"no study {name!r} in {runs}; studies there: {known or 'none'}")
    return folder


def variant_and_measure(text: str, variants: Collection[str]) -> tuple[str, str]:
    """VARIANT or VARIANT:MEASURE, where a variant's name may itself have a colon; the measure is '' if none is said."""
    if text in variants or ":" not in text:
        return text, ""
    before, _, after = text.rpartition(":")
    return before, after


def load_study(folder: str | Path) -> Study:
    """Read study.json. Raises ValueError naming the file and the key that is missing or wrong."""
    folder = Path(folder)
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
        truths = {name: Truth.of_entry(truth, folder) for name, truth in content["truth"].items()}
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
        runs = _with_ancestors(_named_apart(study.runs), content["runs"])
        views = _views(runs, content["runs"])
        study = replace(study, runs=_join_parts(_side_by_side(runs, views)))
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
    """The runs again, once for each further mask under which they are evaluated."""
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


def _with_ancestors(runs: Sequence[Run], entries: Sequence[Mapping[str, Any]]) -> tuple[Run, ...]:
    """The runs with all that each rests on, its parent's and members' own first, each once, as study.json's entries of
    them name parents and members. ValueError if one rests on itself."""
    needed = {
        run.run_id: [name for name in (entry.get("parent"), *entry.get("members", ())) if name]
        for run, entry in zip(runs, entries, strict=True)
    }
    by_id = {run.run_id: run for run in runs}

    def collect(run_id: str, found: dict[str, Run], under: tuple[str, ...]) -> None:
        for other in needed.get(run_id, ()):
            if other in under:
                raise ValueError(f"runs: {other} rests on itself")
            if other in by_id and other not in found:
                collect(other, found, (*under, other))
                found[other] = by_id[other]

    def before(run_id: str) -> tuple[Run, ...]:
        found: dict[str, Run] = {}
        collect(run_id, found, (run_id,))
        return tuple(found.values())

    known = {run_id: before(run_id) for run_id in by_id}
    members = {run.run_id: tuple(entry.get("members", ())) for run, entry in zip(runs, entries, strict=True)}
    return tuple(replace(run, before=known[run.run_id], members=members[run.run_id]) for run in runs)


def _join_parts(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs, with one for all that are parts of one ranking with one seed, where the first of them was."""
    groups: dict[tuple[str, str, int], list[Run]] = {}
    joined: dict[int, list[Run]] = {}
    for place, run in enumerate(runs):
        if run.part_of is None:
            joined[place] = [run]
        elif (key := (run.space.name, run.part_of, run.seed)) in groups:
            groups[key].append(run)
        else:
            groups[key] = joined[place] = [run]
    return tuple(parts[0] if parts[0].part_of is None else _whole(parts) for parts in joined.values())


def _whole(parts: Sequence[Run]) -> Run:
    first = parts[0]
    assert first.part_of is not None
    assert first.whole is not None
    return replace(
        first,
        variant=first.part_of,
        space=first.whole,
        run_id=f"{first.run_id} +{len(parts) - 1}",
        before=tuple({run.run_id: run for part in parts for run in part.before}.values()),
        parts=tuple(parts),
    )


def _read_truth(truth: Truth, name: str) -> Table:
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
    """Of all runs that the study needs, each once."""
    runs = {one.folder: one for run in study.runs for one in (*(run.parts or (run,)), *run.before)}
    looks = [(run, study.look(run)) for run in runs.values()]
    return Damage(
        tuple(f"{run.variant} seed {run.seed}: {seen.damage}" for run, seen in looks if seen.damage),
        sum(not seen.sealed for _, seen in looks),
    )


def tell(*studies: Study) -> int:
    """Say it on standard error; the exit code of a command that has shown the other runs."""
    code = 0
    for study in studies:
        files = damage(study)
        for line in files.damaged:
            print(f"error: {line}", file=sys.stderr)
        if files.note:
            print(f"note: {study.name}: {files.note}", file=sys.stderr)
        code = 2 if files.damaged else code
    return code
