"""A table of measured latencies, resumable: records are appended to `<table>.records.jsonl` as they are measured, the
table is written from them.

With several repeats all networks are measured once, then all once more, and so on, so that what the machine does
meanwhile falls on different networks: the repeats' agreement bounds what any prediction of a latency can reach.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.store.column_names import LATENCY, latency_column
from studies.latency.measure import Protocol, machine, measure
from studies.running.provenance import versions
from studies.truth import table
from supernet.network import NetworkConfig
from supernet.spaces import Architecture, Size, Space

Key = tuple[str, int, int]  # architecture, batch, repeat


def _is_time(value: object) -> bool:
    """Whether a record's value is one, in milliseconds."""
    return type(value) in (int, float) and 0 < value < float("inf")  # type: ignore[operator]


class LatencyTable:
    """The table at `path` of the architectures, in milliseconds for each of `batches` images.

    Raises:
        ValueError: for a size that networks cannot have.
    """

    def __init__(
        self,
        space: Space,
        size: Size,
        architectures: Sequence[Architecture],
        batches: Sequence[int],
        protocol: Protocol,
        path: Path,
        *,
        repeats: int = 1,
        sample: str,
        command: Sequence[str],
    ) -> None:
        for name, values in (("batch", batches), ("repeats", [repeats])):
            if not values or any(value < 1 for value in values):
                raise ValueError(f"{name}: {', '.join(map(str, values)) or 'none'} is not a positive integer")
        NetworkConfig(space=space, size=size, affine=True)
        self.space, self.size, self.protocol, self.path = space, size, protocol, path
        self.architectures = {space.text(one): one for one in architectures}
        self.batches, self.repeats = list(dict.fromkeys(batches)), repeats
        self.sample, self.command = sample, command
        self.records_path = path.with_suffix(".records.jsonl")
        self.header: dict[str, Any] = {
            "space": space.name,
            "mask": list(space.mask),
            "size": asdict(size),
            "protocol": asdict(protocol),
            "machine": machine(protocol.device),
            "versions": versions(),
        }

    def records(self) -> dict[Key, dict[str, Any]]:
        """What was measured. A torn last line is cut off. ValueError for a file of other settings, or another
        machine."""
        if not self.records_path.exists():
            return {}
        raw = self.records_path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) < len(raw):
            with self.records_path.open("r+b") as file:
                file.truncate(len(whole))
        try:
            lines = [json.loads(line) for line in whole.splitlines()]
            found = {(line["arch"], line["batch"], line["repeat"]): line for line in lines[1:]}
            if wrong := [line for line in lines[1:] if not _is_time(line["value"])]:
                raise ValueError(f"the latency of {wrong[0]['arch']} is {wrong[0]['value']!r}")
            changed = [name for name, value in self.header.items() if lines and lines[0][name] != value]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"table: {self.records_path} is damaged ({error}); delete it") from None
        if changed:
            was, now = lines[0][changed[0]], self.header[changed[0]]
            raise ValueError(
                f"table: {self.records_path} was begun with another {changed[0]}, {was} and not {now}; give another"
                " --out or delete it"
            )
        return found

    def run(self, report: Callable[[int, int], None]) -> pd.DataFrame:
        """Measure what is missing, then write the table. report(done, total) in networks measured."""
        records = self.records()
        self._check_former()
        total = len(self.architectures) * self.repeats
        self.records_path.parent.mkdir(parents=True, exist_ok=True)
        done = 0
        with self.records_path.open("a") as file:
            if file.tell() == 0:
                file.write(json.dumps(self.header) + "\n")
            for repeat in range(self.repeats):
                for text, architecture in self.architectures.items():
                    missing = [batch for batch in self.batches if (text, batch, repeat) not in records]
                    found = measure(self.space, self.size, architecture, missing, self.protocol)
                    for batch, one in found.items():
                        record = {"arch": text, "batch": batch, "repeat": repeat, **one._asdict()}
                        records[text, batch, repeat] = record
                        file.write(json.dumps(record) + "\n")
                    file.flush()
                    done += 1
                    report(done, total)
        return self.write(records)

    def _check_former(self) -> None:
        """ValueError for a table at the same path that has more than this one will."""
        if not self.path.is_file():
            return
        former = pd.read_parquet(self.path)
        repeats = (None, *(range(self.repeats) if self.repeats > 1 else ()))
        columns = {
            latency_column(self.protocol.device, batch, one) for batch in self.batches for one in repeats
        }
        lost = [name for name in map(str, former) if name.startswith(LATENCY) and name not in columns]
        gone = len(set(former["arch"]) - set(self.architectures)) if "arch" in former else len(former)
        if lost or gone:
            what = ", ".join(lost) or f"{gone:,} other architectures"
            raise ValueError(
                f"--out: {self.path} has {what}, which it would lose; measure these as well (what is there is not"
                " measured again) or give another --out"
            )

    def write(self, records: dict[Key, dict[str, Any]]) -> pd.DataFrame:
        """The table of the architectures from complete records: means over repeats, and each repeat where there are
        several."""
        frame = pd.DataFrame({"arch": list(self.architectures)})
        device = self.protocol.device
        for batch in self.batches:
            single = [
                [records[text, batch, repeat]["value"] for text in self.architectures]
                for repeat in range(self.repeats)
            ]
            frame[latency_column(device, batch)] = pd.DataFrame(single).mean().to_numpy()
            for repeat, values in enumerate(single if self.repeats > 1 else ()):
                frame[latency_column(device, batch, repeat)] = values
        costs = [self.space.cost(one, self.size) for one in self.architectures.values()]
        frame["params"], frame["macs"] = [one.params for one in costs], [one.macs for one in costs]
        table.save(frame, self._manifest(frame), self.path)
        return frame

    def _manifest(self, frame: pd.DataFrame) -> dict[str, Any]:
        return self.header | {
            "title": f"Latency of {self.space.title}'s networks on {self._place()}",
            "data": [],
            "columns": [name for name in frame if name not in ("arch", "params", "macs")],
            "units": f"milliseconds a batch by the {self.protocol.clock} clock; params and macs of the networks",
            "seeds": 0,
            "repeats": self.repeats,
            "architectures": len(frame),
            "sample": self.sample,
            "source": "measured by this project",
            "command": shlex.join(self.command),
            "licence": "MIT",
        }

    def _place(self) -> str:
        found = self.header["machine"]
        threads = self.protocol.threads
        cpu = f"{found['processor']}, {threads} thread{'s' if threads > 1 else ''}"
        return str(found.get("gpu", cpu))
