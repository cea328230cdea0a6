"""`python -m analysis COMMAND`: what the scores say. Heavy imports wait until a command runs."""

from __future__ import annotations

import argparse
import sys

from analysis import cli
from analysis.commands import compare, correlate, figure, report, table, yardstick

COMMANDS = {
    "correlate": correlate,
    "report": report,
    "table": table,
    "compare": compare,
    "figure": figure,
    "yardstick": yardstick,
}


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m analysis`."""
    top = argparse.ArgumentParser(prog="python -m analysis", description=__doc__)
    cli.add_commands(top, COMMANDS)
    return top


def main(argv: list[str] | None = None) -> int:
    return cli.main(parser(), argv)


if __name__ == "__main__":
    sys.exit(main())
