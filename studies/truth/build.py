"""Ground truth of our own: stand-alone networks trained on a task of `studies.truth.tasks`, resumable.

Every network is trained from its own seed, derived from space, architecture and seed number, so the table does
not depend on order, workers or interruptions (but for rounding, where seeds are added later). The seeds of an
architecture are trained side by side, which costs little more than half of one after the other; other ways to form
groups gained less, as unlike networks share fewer calls.
Records are appended to `<table>.records.jsonl` as they finish; the table itself is rewritten from them.

With `curves` the validation accuracy after every epoch is kept as well, that of the last epoch being the table's.

A table is of a random sample of the architectures, of all, or of some that were named. Of all, architectures that are
one function as stand-alone networks are trained once and have equal values; the column `trained_as` says which one was
trained. A table of named ones may get more of them later.

With `fine_tuned` networks are not trained from scratch, but put together of distilled blocks (fine_tuned.py).
"""

from __future__ import annotations

import json
import platform
import random
import shlex
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from analysis.store.truth_table import described
from studies.running.parallel import run_tasks
from studies.truth import fine_tuned, table
from studies.truth.fine_tuned import FineTuned, FineTuningSetup
from studies.truth.stand_alone import load_images, train
from studies.truth.tasks import Asked, Task
from supernet.data import DEFAULT_ROOT, DataConfig
from supernet.network import NetworkConfig
from supernet.spaces import Architecture, Space
from supernet.training.config import Augmentation, TrainingConfig

CURVE = "valid"  # the metric that is taken after every epoch
OPTIONAL = (
    "per_epoch",
    "images",
    "best_epoch",
    "chosen",
    "fine_tuned",
)  # of a header: absent from tables without


def _with_later_fields(training: Any) -> Any:
    """A recipe as it was written down, with the fields that came later at their defaults, which change nothing."""
    try:
        augmentation = Augmentation(**training["augmentation"])
        return asdict(TrainingConfig(**{**training, "augmentation": augmentation}))
    except (TypeError, KeyError, ValueError):
        return training


class Builder:
    """Builds the table at `path` of a task for `seeds` seeds of the first `architectures` of a random sample, of those
    that are given, or of all architectures if that is None (trained in random order, so that a part of them is a
    random sample too). asked: what made the task differ from its default, for the command in the manifest."""

    def __init__(
        self,
        space: Space,
        task: Task,
        architectures: int | Sequence[Architecture] | None,
        seeds: int,
        sample_seed: int,
        path: Path,
        *,
        root: Path = DEFAULT_ROOT,
        device: str = "cpu",
        curves: bool = False,
        asked: Asked | None = None,
        how: FineTuned | None = None,
    ) -> None:
        if seeds < 1:
            raise ValueError(f"seeds: {seeds} is not a positive number")
        self.setup: FineTuningSetup | None = None
        if how is not None:
            if curves:
                raise ValueError("--curves: fine-tuning is evaluated at its end alone; leave it out")
            task = replace(task, best=False)
            self.setup = FineTuningSetup(how, space, task, path.parent / "blocks", root, device)
        self.space, self.task, self.data, self.path = space, task, task.label, path
        self.sample_seed, self.seeds = sample_seed, seeds
        self.size, self.config, self.metrics = task.size, task.training, task.metrics
        self.root, self.device, self.curves = root, device, curves
        self.asked = asked or Asked()
        self.complete, self.named = architectures is None, False
        NetworkConfig(space=space, size=self.size, affine=True)  # refuses a size that networks cannot have
        self.records_path = path.with_suffix(".records.jsonl")
        if architectures is None:
            self.trained_as = {
                space.text(a): space.text(space.stand_alone_form(a)) for a in space.enumerate()
            }
            self.to_train = sorted(set(self.trained_as.values()))
            random.Random(sample_seed).shuffle(self.to_train)
        elif isinstance(architectures, int):
            self.to_train = [space.text(a) for a in space.sample(architectures, sample_seed)]
        else:
            self.named, self.sample_seed = True, 0
            self.to_train = [space.text(a) for a in architectures]
        self.header = self._header()
        if self.named:  # in their order, those of the table before them
            self.to_train = list(dict.fromkeys([r["arch"] for r in self.records()] + self.to_train))
        if architectures is not None:
            self.trained_as = {text: text for text in self.to_train}

    def _header(self) -> dict[str, Any]:
        """What all records of a table have in common."""
        images = {k: v for k, v in asdict(self.task.data).items() if k != "name"}
        default = self.task.data.facts.side is not None and self.task.data == DataConfig(
            name=self.task.data.name
        )
        return {
            "space": self.space.name,
            "data": self.task.data.name,
            "mask": list(self.space.mask),
            "sample_seed": self.sample_seed,
            "size": asdict(self.size),
            "training": asdict(self.config),
            "evaluation": {"noise": self.task.noise, "copies": self.task.copies},
            **({"per_epoch": [CURVE]} if self.curves else {}),
            **({} if default else {"images": images}),
            **({"best_epoch": True} if self.task.best else {}),
            **({"chosen": "named"} if self.named else {}),
            **({"fine_tuned": self.setup.how.facts} if self.setup else {}),
        }

    def records(self) -> list[dict[str, Any]]:
        """The finished records; without a records file those that the table itself holds, if it is there. A torn last
        line (a killed process) is cut off; another recipe's file is refused."""
        former = described(self.path) if self.path.exists() else {}
        if former.get("source", table.OWN_SOURCE) != table.OWN_SOURCE:
            raise ValueError(
                f"table: {self.path} is {former.get('title') or 'another table'}, not trained here; give another --out"
                " or remove it"
            )
        if not self.records_path.exists():
            return self._records_of_table() if self.path.exists() else []
        raw = self.records_path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) < len(raw):
            with self.records_path.open("r+b") as file:
                file.truncate(len(whole))
        lines = [json.loads(line) for line in whole.splitlines()]
        if lines:
            self._check(lines[0], self.records_path)
        return lines[1:]

    def _check(self, header: dict[str, Any], path: Path) -> None:
        stated = header | {"training": _with_later_fields(header.get("training"))}
        changed = [
            key
            for key in {**self.header, **dict.fromkeys(OPTIONAL)}
            if stated.get(key) != self.header.get(key)
        ]
        if changed:
            raise ValueError(
                f"table: {path} was begun with other settings ({', '.join(changed)}); "
                "give another --out or delete it"
            )

    def _records_of_table(self) -> list[dict[str, Any]]:
        """What a finished or half-finished table knows about each network; a missing accuracy is a divergence."""
        found = table.load(self.path)
        self._check(found.manifest, self.path)
        frame = found.frame
        if "trained_as" in frame:
            frame = frame.drop_duplicates("trained_as").assign(arch=lambda f: f["trained_as"])
        records = []
        for seed in range(found.manifest["seeds"]):
            accuracies = frame[[self._column(metric, seed) for metric in self.metrics]].to_numpy()
            name = self._column(CURVE, seed)
            per_epoch = table.curves(self.path, [name])[name][frame.index] if self.curves else None
            for row, (text, values) in enumerate(zip(frame["arch"], accuracies, strict=True)):
                known = {m: None if v != v else float(v) for m, v in zip(self.metrics, values, strict=True)}
                status = "diverged" if None in known.values() else "finished"
                record = {"arch": text, "seed": seed, "status": status, **known}
                if per_epoch is not None:
                    record["curve"] = [None if v != v else round(float(v), 3) for v in per_epoch[row]]
                records.append(record)
        return records

    def _column(self, metric: str, seed: int | None = None) -> str:
        return f"{self.data}_{metric}" + ("" if seed is None else f"_seed{seed}")

    def _check_images(self) -> None:
        """ValueError, before anything is trained, for images that the task cannot be trained on."""
        data = load_images(self.task.data, self.root, "cpu")
        for name, split in (("validation", data.valid), ("test", data.test)):
            if not len(split):
                raise ValueError(f"data: {data.name!r} has no {name} images")
        if data.classes != self.size.classes:
            raise ValueError(f"data: {data.name!r} has {data.classes} classes, not {self.size.classes}")
        self.config.batches(len(data.train))

    def run(self, workers: int, report: Callable[[int, int], None]) -> pd.DataFrame:
        """Train what is missing, then write the table. report(done, total) in networks, now and then. Of fine-tuned
        networks teacher and blocks come first; ValueError if the teacher diverges."""
        held = self.records()
        have = {(record["arch"], record["seed"]) for record in held}
        missing = {text: [s for s in range(self.seeds) if (text, s) not in have] for text in self.to_train}
        tasks = [self._work(text, seeds) for text, seeds in missing.items() if seeds]
        if tasks:
            self._check_images()
        total = len(self.to_train) * self.seeds
        done = total - sum(map(len, missing.values()))
        report(done, total)
        self.records_path.parent.mkdir(parents=True, exist_ok=True)
        if self.setup and tasks:
            setup, seeds = self.setup, sorted({seed for own in missing.values() for seed in own})
            for _ in run_tasks(
                fine_tuned.distil, [(setup, seed) for seed in seeds], min(workers, len(seeds))
            ):
                report(done, total)
        with self.records_path.open("a") as file:
            if file.tell() == 0:
                file.write("".join(json.dumps(line) + "\n" for line in (self.header, *held)))
            one = fine_tuned.train if self.setup else train
            for _, records in run_tasks(one, tasks, workers) if tasks else ():
                file.write("".join(json.dumps(record) + "\n" for record in records))
                file.flush()
                done += len(records)
                report(done, total)
        return self.export()

    def _work(self, text: str, seeds: list[int]) -> tuple[Any, ...]:
        """A worker's arguments."""
        if self.setup:
            return self.setup, text, seeds
        return self.space.name, text, seeds, self.task, self.root, self.device, self.curves

    def export(self) -> pd.DataFrame:
        """Write table and manifest from the records: the architectures that have every seed, in order."""
        records = {(r["arch"], r["seed"]): r for r in self.records()}
        rows: list[dict[str, Any]] = []
        lines: list[list[Any]] = []  # of the table, for each seed the values per epoch
        for text, trained in self.trained_as.items():
            runs = [records.get((trained, seed)) for seed in range(self.seeds)]
            if any(run is None for run in runs):
                continue
            row: dict[str, Any] = {"arch": text} | ({"trained_as": trained} if self.complete else {})
            for metric in self.metrics:
                values = pd.Series([run[metric] for run in runs if run], dtype=float)
                row |= {self._column(metric, seed): value for seed, value in enumerate(values)}
                row[self._column(metric)] = values.mean(skipna=False)
            cost = self.space.cost(self.space.parse(text), self.size)
            rows.append(row | {"params": cost.params, "macs": cost.macs})
            lines.append([run["curve"] for run in runs if run] if self.curves else [])
        if not rows:
            raise ValueError(
                f"table: {self.records_path} has no architecture with all {self.seeds} seeds yet"
            )
        frame = pd.DataFrame(rows)
        per_epoch = None
        if self.curves:
            points = np.array(lines, dtype=np.float32)  # (architectures, seeds, epochs); None is NaN
            columns = {self._column(CURVE, seed): points[:, seed] for seed in range(self.seeds)}
            columns[self._column(CURVE)] = points.mean(1)
            curves = {name: table.curve_column(column) for name, column in columns.items()}
            per_epoch = pd.DataFrame({"arch": frame["arch"], **curves})
        table.save(frame, self.manifest(frame), self.path, per_epoch)
        return frame

    def manifest(self, frame: pd.DataFrame) -> dict[str, Any]:
        """What the table is, in the words of section 'ground truth' of the documentation."""
        metrics = [self._column(metric) for metric in self.metrics]
        title, n = self.space.title, len(frame)
        title += f" without {', '.join(self.space.mask)}" if self.space.mask else ""
        if self.complete:
            trained = frame["trained_as"].nunique()
            whole = n == len(self.trained_as)
            sample = (
                f"{'all' if whole else f'{n} of'} {len(self.trained_as)} architectures of {title}, connected or "
                f"not: {trained} networks that differ as functions"
                + ("" if whole else f" of {len(self.to_train)}, drawn at random (seed {self.sample_seed})")
            )
        elif self.named:
            sample = f"{n} architectures of {title} that were named"
        else:
            sample = (
                f"the first {n} of a permutation (seed {self.sample_seed}) of the distinct connected "
                f"architectures of {title}, without replacement"
            )
        return self.header | {
            "title": f"{title} on {self.task.data.name}" + (", fine-tuned" if self.setup else ""),
            "note": self.task.note,
            "columns": [f"{m}_seed{s}" for m in metrics for s in range(self.seeds)] + metrics,
            "units": "accuracy in percent; params and macs of the stand-alone network",
            "seeds": self.seeds,
            "architectures": n,
            "networks": frame["trained_as"].nunique() if self.complete else n,
            "sample": sample,
            "source": table.OWN_SOURCE,
            "command": shlex.join(self._words(frame)),
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
            "machine": platform.machine(),
            "licence": "MIT",
        }

    def _words(self, frame: pd.DataFrame) -> list[str]:
        """The command that makes the table."""
        words = ["python", "-m", "studies", "truth", "build", "--space", self.space.name]
        words += ["--data", self.task.data.name]
        if self.named:
            words += [word for text in frame["arch"] for word in ("--arch", text)]
        else:
            words += ["--architectures", "all" if self.complete else str(len(frame))]
        words += ["--seeds", str(self.seeds)]
        words += [] if self.named else ["--sample-seed", str(self.sample_seed)]
        words += ["--mask", ",".join(self.space.mask)] if self.space.mask else []
        for name, value in self.asked.given.items():
            words += [f"--{name}", str(value)]
        words += fine_tuned.words(self.setup.how, self.task) if self.setup else []
        return words + ["--curves"] * self.curves + ["--out", self.path.name]
