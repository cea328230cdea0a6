"""Ground truth of our own: stand-alone networks trained on a task of `studies.truth.tasks`, resumable.

Every network is trained from its own seed, derived from space, architecture and seed number, so the table does
not depend on order, workers or interruptions (but for rounding, where seeds are added later). The seeds of an
architecture are trained side by side, which costs little more than half of one after the other; other ways to form
groups gained less, as unlike networks share fewer calls.
Records are appended to `<table>.records.jsonl` as they finish; the table itself is rewritten from them.

With `curves` the validation accuracy after every epoch is kept as well, that of the last epoch being the table's.

A table is of a random sample of the architectures or of all. Of all, architectures that are one function as
stand-alone networks are trained once and have equal values; the column `trained_as` says which one was trained.
"""

from __future__ import annotations

import json
import platform
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from studies.parallel import run_tasks
from studies.seeds import derived_seed
from studies.truth import table
from studies.truth.tasks import get_task
from supernet.augmentation import Augmentation
from supernet.spaces import Size, Space, get_space
from supernet.training_config import TrainingConfig

if TYPE_CHECKING:
    from supernet.data import DataSet
    from supernet.grouped import NetworkGroup

METRICS = ("valid", "test")
CURVE = "valid"  # the metric that is taken after every epoch
IMAGES = Path("datasets")  # the default root; `supernet.data` would import torch
EVALUATION_BATCH = 2000  # images in memory at a time; it changes nothing


def train(
    space_name: str,
    text: str,
    seeds: Sequence[int],
    data_name: str,
    size: Size,
    config: TrainingConfig,
    root: Path = IMAGES,
    device: str = "cpu",
    curves: bool = False,
) -> list[dict[str, Any]]:
    """Train one architecture's stand-alone network from each of `seeds`, side by side, and evaluate them; a record
    of each, with accuracies in percent. curves: with the validation accuracy after each epoch.

    Evaluation is that of any trained network: running BN statistics, the task's evaluation images.
    """
    import torch

    from supernet.grouped import train_group
    from supernet.network import NetworkConfig, StandAlone, seeded
    from supernet.precision import set_numerics

    begin = time.perf_counter()
    set_numerics(config, torch.device(device))
    space, data = get_space(space_name), _load(data_name, root, device)
    task = get_task(space_name, data_name)
    own_seeds = [derived_seed(space_name, text, seed) for seed in seeds]
    network_config = NetworkConfig(space=space, size=size, affine=True)
    architecture = space.parse(text)
    networks = [seeded(StandAlone, network_config, architecture, seed=own).to(device) for own in own_seeds]
    epochs: list[list[float]] = []  # accuracies (seeds,) after each

    def after_epoch(group: NetworkGroup) -> None:
        images, labels = _evaluation(data_name, CURVE, root, device, task.noise, task.copies)
        with torch.no_grad():
            parts = [
                group(part.repeat(1, len(seeds), 1, 1)).argmax(2) for part in images.split(EVALUATION_BATCH)
            ]
        right = torch.cat(parts) == labels.unsqueeze(1)
        epochs.append((100 * right.float().mean(0)).tolist())

    told = after_epoch if curves else None
    statuses = train_group(networks, data, config, own_seeds, told)  # type: ignore[arg-type]
    records = []
    for index, (network, seed, status) in enumerate(zip(networks, seeds, statuses, strict=True)):
        record: dict[str, Any] = {"arch": text, "seed": seed, "status": status}
        network.eval()
        with torch.no_grad():
            for metric in METRICS:
                images, labels = _evaluation(data_name, metric, root, device, task.noise, task.copies)
                parts = [network(part).argmax(1) for part in images.split(EVALUATION_BATCH)]
                right = torch.cat(parts) == labels
                record[metric] = round(100 * float(right.float().mean()), 3) if status == "finished" else None
        if curves:  # the last epoch's value is the table's: side by side, sums are rounded in another order
            record["curve"] = [round(values[index], 3) for values in epochs[:-1]] + [record[CURVE]]
        records.append(record)
    seconds = round((time.perf_counter() - begin) / len(seeds), 2)
    return [record | {"seconds": seconds} for record in records]


@lru_cache(maxsize=1)
def _load(data_name: str, root: Path, device: str) -> DataSet:
    import torch

    from supernet.data import DataConfig, load

    return load(DataConfig(name=data_name), root).to(torch.device(device))


@lru_cache
def _evaluation(
    data_name: str, metric: str, root: Path, device: str, noise: float, copies: int
) -> tuple[Any, Any]:
    """The task's evaluation images of that split and their labels: the same for all networks."""
    from supernet.data import evaluation_set

    data = _load(data_name, root, device)
    return evaluation_set(data, data.valid if metric == "valid" else data.test, noise, copies)


def _with_later_fields(training: Any) -> Any:
    """A recipe as it was written down, with the fields that came later at their defaults, which change nothing."""
    try:
        augmentation = Augmentation(**training["augmentation"])
        return asdict(TrainingConfig(**{**training, "augmentation": augmentation}))
    except (TypeError, KeyError, ValueError):
        return training


class Builder:
    """Builds the table at `path` for `seeds` seeds of the first `architectures` of a random sample, or of all
    architectures if that is None (trained in random order, so that a part of them is a random sample too)."""

    def __init__(
        self,
        space: Space,
        data: str,
        architectures: int | None,
        seeds: int,
        sample_seed: int,
        path: Path,
        *,
        root: Path = IMAGES,
        device: str = "cpu",
        curves: bool = False,
    ) -> None:
        self.task = get_task(space.name, data)
        if seeds < 1:
            raise ValueError(f"seeds: {seeds} is not a positive number")
        self.space, self.data, self.path = space, data, path
        self.sample_seed, self.seeds = sample_seed, seeds
        self.size, self.config = self.task.size, self.task.training
        self.root, self.device, self.curves = root, device, curves
        self.complete = architectures is None
        if architectures is None:
            self.trained_as = {
                space.text(a): space.text(space.stand_alone_form(a)) for a in space.enumerate()
            }
            self.to_train = sorted(set(self.trained_as.values()))
            random.Random(sample_seed).shuffle(self.to_train)
        else:
            self.to_train = [space.text(a) for a in space.sample(architectures, sample_seed)]
            self.trained_as = {text: text for text in self.to_train}
        self.records_path = path.with_suffix(".records.jsonl")
        self.header = {
            "space": space.name,
            "data": data,
            "mask": list(space.mask),
            "sample_seed": sample_seed,
            "size": asdict(self.size),
            "training": asdict(self.config),
            "evaluation": {"noise": self.task.noise, "copies": self.task.copies},
        } | ({"per_epoch": [CURVE]} if curves else {})

    def records(self) -> list[dict[str, Any]]:
        """The finished records; without a records file those that the table itself holds, if it is there. A torn last
        line (a killed process) is cut off; another recipe's file is refused."""
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
            key for key in {**self.header, "per_epoch": None} if stated.get(key) != self.header.get(key)
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
            accuracies = frame[[f"{self.data}_{metric}_seed{seed}" for metric in METRICS]].to_numpy()
            name = self._curve_name(seed)
            per_epoch = table.curves(self.path, [name])[name][frame.index] if self.curves else None
            for row, (text, values) in enumerate(zip(frame["arch"], accuracies, strict=True)):
                known = {m: None if v != v else float(v) for m, v in zip(METRICS, values, strict=True)}
                status = "diverged" if None in known.values() else "finished"
                record = {"arch": text, "seed": seed, "status": status, **known}
                if per_epoch is not None:
                    record["curve"] = [None if v != v else round(float(v), 3) for v in per_epoch[row]]
                records.append(record)
        return records

    def _curve_name(self, seed: int) -> str:
        return f"{self.data}_{CURVE}_seed{seed}"

    def run(self, workers: int, report: Callable[[int, int], None]) -> pd.DataFrame:
        """Train what is missing, then write the table. report(done, total) in networks, now and then."""
        held = self.records()
        have = {(record["arch"], record["seed"]) for record in held}
        missing = {text: [s for s in range(self.seeds) if (text, s) not in have] for text in self.to_train}
        tasks = [
            (
                self.space.name,
                text,
                seeds,
                self.data,
                self.size,
                self.config,
                self.root,
                self.device,
                self.curves,
            )
            for text, seeds in missing.items()
            if seeds
        ]
        total = len(self.to_train) * self.seeds
        done = total - sum(map(len, missing.values()))
        report(done, total)
        self.records_path.parent.mkdir(parents=True, exist_ok=True)
        with self.records_path.open("a") as file:
            if file.tell() == 0:
                file.write("".join(json.dumps(line) + "\n" for line in (self.header, *held)))
            for _, records in run_tasks(train, tasks, workers) if tasks else ():
                file.write("".join(json.dumps(record) + "\n" for record in records))
                file.flush()
                done += len(records)
                report(done, total)
        return self.export()

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
            for metric in METRICS:
                values = pd.Series([run[metric] for run in runs if run], dtype=float)
                row |= {f"{self.data}_{metric}_seed{seed}": value for seed, value in enumerate(values)}
                row[f"{self.data}_{metric}"] = values.mean(skipna=False)
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
            columns = {self._curve_name(seed): points[:, seed] for seed in range(self.seeds)}
            columns[f"{self.data}_{CURVE}"] = points.mean(1)
            curves = {name: table.curve_column(column) for name, column in columns.items()}
            per_epoch = pd.DataFrame({"arch": frame["arch"], **curves})
        table.save(frame, self.manifest(frame), self.path, per_epoch)
        return frame

    def manifest(self, frame: pd.DataFrame) -> dict[str, Any]:
        """What the table is, in the words of section 'ground truth' of the documentation."""
        import torch

        metrics = [f"{self.data}_{metric}" for metric in METRICS]
        title, n = self.space.title, len(frame)
        if self.complete:
            trained = frame["trained_as"].nunique()
            whole = n == len(self.trained_as)
            sample = (
                f"{'all' if whole else f'{n} of'} {len(self.trained_as)} architectures of {title}, connected or "
                f"not: {trained} networks that differ as functions"
                + ("" if whole else f" of {len(self.to_train)}, drawn at random (seed {self.sample_seed})")
            )
        else:
            sample = (
                f"the first {n} of a permutation (seed {self.sample_seed}) of the distinct connected "
                f"architectures of {title}, without replacement"
            )
        return self.header | {
            "title": f"{title} on {self.data}",
            "note": self.task.note,
            "columns": [f"{m}_seed{s}" for m in metrics for s in range(self.seeds)] + metrics,
            "units": "accuracy in percent; params and macs of the stand-alone network",
            "seeds": self.seeds,
            "architectures": n,
            "networks": frame["trained_as"].nunique() if self.complete else n,
            "sample": sample,
            "source": "trained by this project",
            "command": f"python -m studies truth build --space {self.space.name} --data {self.data} "
            f"--architectures {'all' if self.complete else n} --seeds {self.seeds} --sample-seed {self.sample_seed} "
            + (f"--mask {','.join(self.space.mask)} " if self.space.mask else "")
            + ("--curves " if self.curves else "")
            + f"--out {self.path.name}",
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
            "machine": platform.machine(),
            "licence": "MIT",
        }
