"""`python -m analysis COMMAND`: what the scores say. Heavy imports wait until a command runs."""

from __future__ import annotations

import sys

from analysis import cli
from analysis.cli import Command
from analysis.commands import arguments

COMMANDS = {
    "correlate": Command(
        "compare one column of scores with one column of truth, architecture by architecture",
        "analysis.commands.correlate:main",
        arguments.correlate,
    ),
    "report": Command("write the HTML page of a study", "analysis.commands.report:main", arguments.study),
    "table": Command("print the numbers of a study", "analysis.commands.table:main", arguments.table),
    "compare": Command(
        "compare the variants of several studies on the architectures that all of them scored",
        "analysis.commands.compare:main",
        arguments.compare,
    ),
    "figure": Command(
        "draw a figure by name, with its data as CSV; without arguments: list the figures and their sources",
        "analysis.commands.figure:main",
        arguments.figure,
    ),
    "scores": Command(
        "write every score of a study beside its truth, one row each, for pandas, R or a spreadsheet",
        "analysis.commands.scores:main",
        arguments.scores,
    ),
    "front": Command(
        "Pareto fronts of accuracy against params, MACs or latency: the true ones of a table, and those of rankings",
        "analysis.commands.front:main",
        arguments.front,
    ),
    "leaderboard": Command(
        "rank all rankings of a study: over all and at the top, by several truths, with cost and labels",
        "analysis.commands.leaderboard:main",
        arguments.leaderboard,
    ),
    "blockwise": Command(
        "judge what the Blox paper states of blockwise distillation, statement by statement",
        "analysis.commands.blockwise:main",
        arguments.studies,
    ),
    "two-phases": Command(
        "searches by short fine-tuning whose best networks are trained anew, by several tables: table 2 of Blox",
        "analysis.commands.two_phases:main",
        arguments.two_phases,
    ),
    "iterations": Command(
        "searches by the iterative teacher, round by round: table 5 of Blox",
        "analysis.commands.iterations:main",
        arguments.iterations,
    ),
    "yardstick": Command(
        "compare all rankings of a study in cumulative bins of the truth, with what each of them cost",
        "analysis.commands.yardstick:main",
        arguments.yardstick,
    ),
}

PROGRAM = cli.Program("analysis", __doc__, COMMANDS)
parser, main = PROGRAM.parser, PROGRAM.main

if __name__ == "__main__":
    sys.exit(main())
