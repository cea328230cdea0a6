"""Estimates that searches share: computed when one asks, each once, kept in a file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict

from studies.configuration import plain_data
from studies.estimators import Estimator, Record
from studies.estimators.compute.task import Task
from studies.search.cut_off import Trial
from studies.search.units import UNITS
from supernet.data import DataConfig
from supernet.data.loading import load_data
from supernet.files import parse_object, write_text
from supernet.spaces import Size, get_space


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What an estimate depends on, apart from the architecture; and where it is kept. seed: of the trainings."""

    space: str
    size: Size
    data: DataConfig
    data_root: Path
    noise: float
    seed: int
    estimator: Estimator
    measure: str
    root: Path
    name: str

    def config(self) -> dict[str, Any]:
        """As plain data, without the places."""
        return {
            "space": self.space,
            "size": plain_data(self.size),
            "data": plain_data(self.data),
            "noise": self.noise,
            "seed": self.seed,
            "estimator": self.estimator.config(),
            "measure": self.measure,
        }

    @property
    def folder(self) -> Path:
        """Named by what it holds, so that other settings have another."""
        text = json.dumps(self.config(), sort_keys=True)
        return self.root / f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def task(self) -> Task:
        return Task(
            space=get_space(self.space),
            size=self.size,
            data=load_data(self.data, self.data_root),
            seed=self.seed,
            folder=self.folder,
            noise=self.noise,
        )


def prepare(setting: Setting) -> dict[str, Any]:
    """What the estimator needs once; its cost."""
    setting.folder.mkdir(parents=True, exist_ok=True)
    return setting.estimator.prepare(setting.task(), lambda done, detail: None)


@lru_cache(maxsize=4)
def _task(setting: Setting) -> Task:
    return setting.task()


def estimate(setting: Setting, text: str) -> dict[str, Any]:
    """One architecture's trial as a line of the file."""
    task = _task(setting)
    records = list(setting.estimator.score(task, [task.space.parse(text)], lambda done, detail: None))
    return {"name": setting.name, "arch": text, **as_trial(records, setting.measure)}


def as_trial(records: list[Record], measure: str) -> dict[str, Any]:
    """The fields of a Trial from all records of one architecture. Its first part is FEAR's first stage; an estimator
    without one has nothing to cut off."""
    own = next(record for record in records if record.measure == measure)
    whole = {unit: float(sum(getattr(record, unit) for record in records)) for unit in UNITS}
    first = {unit: float(own.details.get(f"stage1_{unit}", 0.0)) for unit in UNITS}
    rest = {unit: whole[unit] - first[unit] for unit in UNITS}
    return {
        "score": own.score,
        "status": own.status,
        "first": first,
        "epochs": int(own.details.get("stage1_epochs", 0)),
        "reached": "stage2_steps" in own.details,
        "rest": rest,
    }


class Line(TypedDict):
    """One line of the file: the architecture's text and the fields of its Trial."""

    name: str
    arch: str
    score: float | None
    status: str
    first: dict[str, float]
    epochs: int
    reached: bool
    rest: dict[str, float]


class Trials:
    """The trials of one setting: known ones by the architecture's text, new ones added to the file at once."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.path = setting.folder / "trials.jsonl"
        self.known: dict[str, Trial] = {}
        setting.folder.mkdir(parents=True, exist_ok=True)
        write_text(setting.folder / "config.json", json.dumps(setting.config(), indent=1) + "\n")
        raw = self.path.read_bytes() if self.path.exists() else b""
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) < len(raw):  # a line that a killed process left half written
            with self.path.open("r+b") as file:
                file.truncate(len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                self._take(parse_object(line, Line))
            except (TypeError, ValueError) as error:
                raise ValueError(f"trials: {self.path}, line {number}: {error}; delete the file") from None

    def _take(self, line: dict[str, Any]) -> None:
        fields = {key: value for key, value in line.items() if key not in ("name", "arch")}
        self.known[line["arch"]] = Trial(**fields)

    def add(self, line: dict[str, Any]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        self._take(line)
