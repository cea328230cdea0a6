"""The work of the benchmark `step` as files, so that other systems can be timed on the same."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.step import C16, C32, DIGITS, Steps


def export(folder: Path) -> list[Path]:
    """For each piece of work a folder with weights.pt (the supernet's state dict), batch.pt (images (B, C, H, W)
    normalised float32, labels (B,)) and work.json (network, the strictly fair group of paths as NAS-Bench-201
    texts, the optimizer, seeds). The folders."""
    written = []
    for work in (C16, C32, DIGITS):
        steps = Steps(work)
        space = steps.network.config.space
        place = folder / work.name.replace(" ", "-")
        place.mkdir(parents=True, exist_ok=True)
        torch.save(steps.network.state_dict(), place / "weights.pt")
        torch.save({"images": steps.images, "labels": steps.labels}, place / "batch.pt")
        content = {
            "space": space.name,
            "size": asdict(work.size),
            "batch": work.batch,
            "threads": work.threads,
            "seeds": {"weights": 0, "batch": 0, "paths": 0},
            "paths": [space.text(path[0]) for path in steps.paths],
            "optimizer": {"name": "SGD", "lr": 0.01, "momentum": 0.9},
            "gflop_of_the_group": steps.flops / 1e9,
        }
        (place / "work.json").write_text(json.dumps(content, indent=1) + "\n")
        written.append(place)
    return written
