"""A study with its ground truth read: its runs, what each is to score, and the file that says so to the analysis."""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from analysis.store import study_file
from studies.model.study import SHARE, Run, Study
from studies.running.provenance import commit, versions
from studies.tracking.links import tracked
from studies.truth import table
from studies.user_study import UserStudy
from supernet.data import DEFAULT_ROOT
from supernet.spaces import Architecture, Space


@dataclass
class Plan:
    """A study with its ground truth read.

    Attributes:
        runs: its whole grid.
        selected: the part that was asked for.
        command: what repeats the study.
        file: the user's file that says the study; None for one of the catalogue.
        lacking: by space, why its ground truth could not be found, in a plan that may lack it: its runs score what is
            not known.
        chosen: what each combination of a space's masks scores, as far as it has been asked for.
        labelled: by run, what others that rest on it are told the labels of, once it has been asked for.
    """

    study: Study
    root: Path
    truth: dict[str, table.TruthTable]
    runs: list[Run]
    selected: list[Run]
    command: str | None = None
    file: UserStudy | None = None
    lacking: dict[str, str] = field(default_factory=dict)
    chosen: dict[tuple[Space, ...], list[Architecture]] = field(default_factory=dict, init=False)
    labelled: dict[str, list[Architecture]] | None = field(default=None, init=False)

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
        file: UserStudy | None = None,
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
            tables[space] = _checked(table.load(path), space, truth.column)
        _check_told(study, tables)
        studies = [study] if part is None or part is study else [study, part]
        grids = [list(s.runs(root, data_root)) for s in studies]
        if milestones is not None and not lacking:
            grids = [tracked(runs, study, root / study.name, tables, milestones, share) for runs in grids]
        return cls(study, root, tables, grids[0], grids[-1], command, file, lacking)

    @property
    def folder(self) -> Path:
        return self.root / self.study.name

    def architectures(self, run: Run) -> list[Architecture]:
        """What a run scores; runs of one space with the same masks score the same, parts of one ranking their part of
        what the whole would. A run that others rest on also scores what these are told the labels of."""
        variant = run.variant
        if variant.space in self.lacking:
            return []
        name, spaces = variant.space, (variant.whole_space, *variant.evaluation_spaces)
        if spaces not in self.chosen:
            truth, column = self.truth[name], self.study.truth[name].column
            values = truth.frame[column].to_numpy(dtype=float)
            self.chosen[spaces] = self.study.scored.choose(truth.architectures, values, *spaces)
        if variant.part_of is not None:
            return list(filter(variant.masked_space.in_mask, self.chosen[spaces]))
        more = self._labelled().get(run.run_id)
        return list(dict.fromkeys([*self.chosen[spaces], *more])) if more else self.chosen[spaces]

    def _labelled(self) -> dict[str, list[Architecture]]:
        if self.labelled is None:
            self.labelled = {}
            for run in self.runs:
                labelled = run.variant.estimator.labelled(run.variant.masked_space, run.seed)
                waiting = [run] if labelled else []
                while waiting:  # members, and theirs
                    waiting = [other for one in waiting for other in one.rests_on]
                    for other in waiting:
                        self.labelled.setdefault(other.run_id, []).extend(labelled)
        return self.labelled

    def write(self) -> None:
        """`study.json`: what the analysis needs to know about the study; a user's file is kept beside it. ValueError if
        the folder has the results of another file."""
        study = self.study
        if self.file is not None:
            self._check_file(self.file)
            self.file.keep(self.folder)
        runs: list[study_file.Entry] = [
            {
                "variant": ranking.name,
                "kind": run.variant.kind,
                "space": run.variant.space,
                "mask": list(run.variant.mask),
                "parent": None if run.parent is None else run.parent.run_id,
                "members": _members(run),
                "part_of": run.variant.part_of,
                "whole": list(run.variant.whole_space.mask),
                "seed": run.seed,
                "run_id": run.run_id,
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
        if self.file is not None:
            kept = self.file.kept(self.folder).relative_to(self.folder)
            content["provenance"]["file"] = {
                "path": str(self.file.path),
                "sha256": self.file.digest,
                "kept": str(kept),
            }
        study_file.write(self.folder, content)

    def _check_file(self, file: UserStudy) -> None:
        """ValueError if the study's folder is that of another file that is still there; copies in it are its own."""
        if not (self.folder / study_file.FILE).is_file():
            return
        before = study_file.read(self.folder).get("provenance", {}).get("file")
        if before is None or before["sha256"] == file.digest:
            return
        other, own = Path(before["path"]), self.folder.absolute()
        if own in other.parents or own in file.path.parents:
            return
        if other.is_file() and not other.samefile(file.path):
            raise ValueError(
                f"study: {self.folder} has the results of {other}; {file.path} is another study of that name: give the "
                "file another name, or --runs another folder"
            )


def _checked(found: table.TruthTable, space: str, column: str) -> table.TruthTable:
    """The table, which must be of this space and have the column."""
    if found.manifest["space"] != space:
        raise ValueError(f"truth: {found.path} is of space {found.manifest['space']}, not of {space}")
    if column not in found.frame:
        columns = ", ".join(found.manifest["columns"])
        raise ValueError(f"truth: {found.path} has no column {column!r}; it has {columns}")
    return found


def _members(run: Run) -> list[str]:
    """The ids of a run's members."""
    others = [run.other(one.variant, seed) for one in run.variant.members for seed in one.seeds_of(run.seed)]
    return list(dict.fromkeys(other.run_id for other in others))


def _check_told(study: Study, tables: dict[str, table.TruthTable]) -> None:
    """ValueError where an estimator learns from what the study's rankings are judged by, or has it as a member."""
    for variant in study.variants:
        if variant.space not in tables:
            continue
        judge = tables[variant.space].path.resolve(), study.truth[variant.space].column
        looking = [variant] if variant.estimator.learns else []
        for other in (*looking, *(one.variant for one in variant.members)):
            for name, column in other.estimator.told_by(variant.space):
                if _shares(column, judge[1]) and table.resolve(name).resolve() == judge[0]:
                    of = "" if other is variant else f", a member of {variant.name!r}"
                    raise ValueError(
                        f"column: {column!r}, which {other.name!r}{of} is told, has a part in {judge[1]!r}, which "
                        f"judges the rankings of {study.name} (both in {name})"
                    )


def _shares(column: str, judge: str) -> bool:
    """Whether the two columns are one, or one is the mean over seeds that has the other in it."""
    one, other = (re.sub(r"_seed\d+$", "", name) for name in (column, judge))
    return one == other and (column == judge or one in (column, judge))
