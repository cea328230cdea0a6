"""`studies search TABLE`: searches that train networks, or that look their training up."""

from __future__ import annotations

import argparse
import importlib
import re

TRAINED = ("fear", "short-training")
GUIDED = ("ranking:", "ilp:", "one-shot:", "darts-pt:")  # followed by what says the scores
ALL = "all"
DEFAULTS: dict[str, dict[str, int | float | str]] = {
    "training": {"runs": 10, "budget": 2000.0, "unit": "steps"},
    "look_up": {"runs": 200, "budget": 100.0, "unit": "trainings"},
}


def search(args: argparse.Namespace) -> int:
    """Run the searches that --method names, all of one kind."""
    # Names of variants have commas before spaces: 'blocks, 4 epochs: mse'.
    names = [name for text in args.method or TRAINED for name in re.split(",(?! )", text)]
    train = [name for name in names if name in TRAINED]
    if train and len(train) < len(names):
        other = next(name for name in names if name not in TRAINED)
        raise ValueError(
            f"--method: {train[0]} trains networks and {other} looks trainings up; they cannot be searched in one call"
        )
    kind = "training" if train else "look_up"
    for name, value in DEFAULTS[kind].items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    # One of the two needs PyTorch.
    run = importlib.import_module(f"studies.commands.search_by_{kind}").search
    code: int = run(args, names)
    return code
