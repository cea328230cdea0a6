"""`studies truth ACTION`: ground truth, made here or published."""

from __future__ import annotations

import argparse

from analysis import cli
from studies.commands.truth import build, check, import_, show
from studies.commands.truth import list as list_

HELP = "ground truth: import what is published, build one's own, say what a table is and how noisy"
ACTIONS = {"list": list_, "show": show, "check": check, "import": import_, "build": build}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    cli.add_commands(parser, ACTIONS, metavar="|".join(ACTIONS))
