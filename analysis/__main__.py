"""`python -m analysis COMMAND`: what the scores say."""

from __future__ import annotations

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

PROGRAM = cli.Program("analysis", __doc__, COMMANDS)
parser, main = PROGRAM.parser, PROGRAM.main

if __name__ == "__main__":
    sys.exit(main())
