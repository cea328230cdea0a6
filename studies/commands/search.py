"""`studies search TABLE`: searches that train networks, or that look their training up."""

from __future__ import annotations

import argparse
import importlib
import re
from typing import Any

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
