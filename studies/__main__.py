"""`python -m studies COMMAND`: what is asked, and the ground truth. Heavy imports wait until a command runs."""

from __future__ import annotations

import argparse
import sys

from analysis import cli
from studies.commands import data, describe, run, search, show, space, tensorboard, truth
from studies.commands import list as list_

COMMANDS = {
    "list": list_,
    "show": show,
    "run": run,
    "search": search,
    "tensorboard": tensorboard,
    "space": space,
    "describe": describe,
    "truth": truth,
    "data": data,
}


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m studies`."""
    top = argparse.ArgumentParser(prog="python -m studies", description=__doc__)
    cli.add_commands(top, COMMANDS)
    return top


def main(argv: list[str] | None = None) -> int:
    return cli.main(parser(), argv)


if __name__ == "__main__":
    sys.exit(main())
