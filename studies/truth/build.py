"""Ground truth of our own: stand-alone networks trained on the embedded task, one record each, resumable.

Every network is trained from its own seed, derived from space, architecture and seed number, so the table does
not depend on order, workers or interruptions. Records are appended to `<table>.records.jsonl` as they finish;
the table itself is rewritten from them.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from studies import embedded
from studies.parallel import run_tasks
from studies.seeds import derived_seed
from studies.truth import table
from supernet.spaces import Size, Space, get_space
from supernet.training import TrainingConfig

METRICS = ("valid", "test")


def train_one(
    space_name: str, text: str, seed: int, data_name: str, size: Size, config: TrainingConfig
) -> dict[str, Any]:
    """Train one architecture's stand-alone network and evaluate it; a record with accuracies in percent.

    Evaluation is that of any trained network: running BN statistics, the task's evaluation images.
    """
    import torch

    from supernet.data import evaluation_set, load
    from supernet.network import NetworkConfig, StandAlone, seeded
    from supernet.training import Trainer

    space, data = get_space(space_name), load(data_name)
    own_seed = derived_seed(space_name, text, seed)
    network = seeded(
        StandAlone, NetworkConfig(space=space, size=size, affine=True), space.parse(text), seed=own_seed
    )
    trainer = Trainer(network, data, config, seed=own_seed)
    status = trainer.run()
    record: dict[str, Any] = {"arch": text, "seed": seed, "status": status}
    network.eval()
    with torch.no_grad():
        for metric in METRICS:
            split = data.valid if metric == "valid" else data.test
            images, labels = evaluation_set(data, split, embedded.NOISE, embedded.COPIES)
            right = network(images).argmax(1) == labels
            record[metric] = round(100 * float(right.float().mean()), 3) if status == "finished" else None
    record["seconds"] = round(sum(epoch.seconds for epoch in trainer.history), 2)
    return record


class Builder:
    """Builds the table at `path` for the first `architectures` of a published random sample and `seeds` seeds."""

    def __init__(
        self, space: Space, data: str, architectures: int, seeds: int, sample_seed: int, path: Path
    ) -> None:
        if data != embedded.DATA:
            raise ValueError(f"data: {data!r} is not one of {embedded.DATA}")
        if seeds < 1:
            raise ValueError(f"seeds: {seeds} is not a positive number")
        self.space, self.data, self.path = space, data, path
        self.sample_seed, self.seeds = sample_seed, seeds
        self.size, self.config = embedded.SIZES[space.name], embedded.STAND_ALONE[space.name]
        self.texts = [space.text(a) for a in space.sample(architectures, sample_seed)]
        self.records_path = path.with_suffix(".records.jsonl")
        self.header = {
            "space": space.name,
            "data": data,
            "mask": list(space.mask),
            "sample_seed": sample_seed,
            "size": asdict(self.size),
            "training": asdict(self.config),
            "evaluation": {"noise": embedded.NOISE, "copies": embedded.COPIES},
        }

    def records(self) -> list[dict[str, Any]]:
        """The finished records. A torn last line (a killed process) is cut off; another recipe's file is refused."""
        if not self.records_path.exists():
            return []
        raw = self.records_path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) < len(raw):
            with self.records_path.open("r+b") as file:
                file.truncate(len(whole))
        lines = [json.loads(line) for line in whole.splitlines()]
        if lines and lines[0] != self.header:
            changed = [key for key in self.header if lines[0].get(key) != self.header[key]]
            raise ValueError(
                f"table: {self.records_path} was begun with other settings ({', '.join(changed)}); "
                "give another --out or delete it"
            )
        return lines[1:]

    def run(self, workers: int, report: Callable[[int, int], None]) -> pd.DataFrame:
        """Train what is missing, then write the table. report(done, total) after each network."""
        have = {(record["arch"], record["seed"]) for record in self.records()}
        wanted = [(text, seed) for text in self.texts for seed in range(self.seeds)]
        todo = [pair for pair in wanted if pair not in have]
        tasks = [(self.space.name, text, seed, self.data, self.size, self.config) for text, seed in todo]
        done = len(wanted) - len(todo)
        report(done, len(wanted))
        self.records_path.parent.mkdir(parents=True, exist_ok=True)
        with self.records_path.open("a") as file:
            if file.tell() == 0:
                file.write(json.dumps(self.header) + "\n")
            for record in self._train(tasks, workers):
                file.write(json.dumps(record) + "\n")
                file.flush()
                done += 1
                report(done, len(wanted))
        return self.export()

    def _train(self, tasks: list[tuple[Any, ...]], workers: int) -> Iterator[dict[str, Any]]:
        return (record for _, record in run_tasks(train_one, tasks, workers)) if tasks else iter(())

    def export(self) -> pd.DataFrame:
        """Write table and manifest from the records: the architectures that have every seed, in sample order."""
        records = {(r["arch"], r["seed"]): r for r in self.records()}
        rows = []
        for text in self.texts:
            runs = [records.get((text, seed)) for seed in range(self.seeds)]
            if any(run is None for run in runs):
                continue
            row: dict[str, Any] = {"arch": text}
            for metric in METRICS:
                values = pd.Series([run[metric] for run in runs if run], dtype=float)
                row |= {f"{self.data}_{metric}_seed{seed}": value for seed, value in enumerate(values)}
                row[f"{self.data}_{metric}"] = values.mean(skipna=False)
            cost = self.space.cost(self.space.parse(text), self.size)
            rows.append(row | {"params": cost.params, "macs": cost.macs})
        if not rows:
            raise ValueError(
                f"table: {self.records_path} has no architecture with all {self.seeds} seeds yet"
            )
        frame = pd.DataFrame(rows)
        table.save(frame, self.manifest(len(frame)), self.path)
        return frame

    def manifest(self, architectures: int) -> dict[str, Any]:
        """What the table is, in the words of section 'ground truth' of the documentation."""
        import torch

        metrics = [f"{self.data}_{metric}" for metric in METRICS]
        return self.header | {
            "title": f"{self.space.title} on {self.data}",
            "note": embedded.NOTE,
            "columns": [f"{m}_seed{s}" for m in metrics for s in range(self.seeds)] + metrics,
            "units": "accuracy in percent; params and macs of the stand-alone network",
            "seeds": self.seeds,
            "architectures": architectures,
            "sample": f"the first {architectures} of a permutation (seed {self.sample_seed}) of the distinct "
            f"connected architectures of {self.space.title}, without replacement",
            "source": "trained by this project",
            "command": f"python -m studies truth build --space {self.space.name} --data {self.data} "
            f"--architectures {architectures} --seeds {self.seeds} --sample-seed {self.sample_seed} "
            f"--out {self.path.name}",
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
            "machine": platform.machine(),
            "licence": "MIT",
        }
