"""`studies search TABLE`: searches that train networks, or that look their training up."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.store.search import FILE

TRAINED = ("fear", "short-training")
GUIDED = (
    "ranking:",
    "ilp:",
    "one-shot:",
    "darts-pt:",
    "donna:",
    "iterative-teacher:",
)  # followed by what guides
ALL = "all"
TRAINED_FILE = "search.csv"  # a row a search that trains, beside the events
WHAT = {"training": "trains networks", "look_up": "looks trainings up"}
# Options of either kind with their defaults; what stands in one alone is of that kind alone.
DEFAULTS: dict[str, dict[str, Any]] = {
    "training": {
        "runs": 10,
        "budget": 2000.0,
        "unit": "steps",
        "ratio": 4.0,
        "threshold": None,
        "epochs": None,
    },
    "look_up": {"runs": 200, "budget": 100.0, "unit": "trainings", "encodings": "raw", "missing": "error"}
    | {"studies": "runs", "space": None, "dialect": None, "arch_column": None}
    | dict.fromkeys(("set", "objective", "mask", "limit", "latency", "price", "seconds", "at")),
}


def replace_former(out: Path, content: Mapping[str, Any]) -> None:
    """Before new searches are written to a folder: say which others they replace, and remove what only searches that
    train have beside their events."""
    try:
        before = json.loads((out / FILE).read_text())
    except (OSError, ValueError):
        return
    told = {name: value for name, value in before.items() if name != "checksum"}
    if told != json.loads(json.dumps(content)):
        was = before.get("command") or ", ".join(one["name"] for one in before.get("methods", []))
        print(f"note: {out / FILE} was of other searches, {was}; it is replaced", file=sys.stderr)
    (out / TRAINED_FILE).unlink(missing_ok=True)


def search(args: argparse.Namespace) -> int:
    """Run the searches that --method names, all of one kind."""
    # Names of variants have commas before spaces: 'blocks, 4 epochs: mse'.
    names = [name for text in args.method or TRAINED for name in re.split(",(?! )", text)]
    train = [name for name in names if name in TRAINED]
    if train and len(train) < len(names):
        other = next(name for name in names if name not in TRAINED)
        raise ValueError(
            f"--method: {train[0]} {WHAT['training']} and {other} {WHAT['look_up']}; one call takes one kind"
        )
    kind, other_kind = ("training", "look_up") if train else ("look_up", "training")
    for name in DEFAULTS[other_kind]:
        if name not in DEFAULTS[kind] and getattr(args, name) is not None:
            raise ValueError(f"--{name.replace('_', '-')}: no option of {names[0]}, which {WHAT[kind]}")
    for name, value in DEFAULTS[kind].items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    # One of the two needs PyTorch.
    run = importlib.import_module(f"studies.commands.search_by_{kind}").search
    code: int = run(args, names)
    return code
