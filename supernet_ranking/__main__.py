"""`supernet-ranking studies | analysis | slurm ...`: studies, what their scores say, and studies on a cluster."""

from __future__ import annotations

import argparse
import os
import sys

from analysis import __main__ as analysis
from analysis import cli
from analysis.cli import Command
from slurm import __main__ as slurm
from studies import __main__ as studies

NAME = "supernet-ranking"
SHELLS = ("bash", "zsh", "fish")


def add_shell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help='for bash: eval "$(supernet-ranking completion bash)"')


COMMANDS = {
    "studies": Command("run and inspect studies, ground truth, images", commands=studies.COMMANDS),
    "analysis": Command("reports, tables and figures of scores", commands=analysis.COMMANDS),
    "slurm": Command("studies on a cluster", commands=slurm.COMMANDS),
    "completion": Command(
        "print the shell's completion script",
        "supernet_ranking.completion:print_script",
        add_shell,
    ),
}

PROGRAM = cli.Program(NAME, __doc__, COMMANDS, called=NAME)


def main() -> int:
    """The console command; asked by a shell, what could come next."""
    if "_ARGCOMPLETE" in os.environ:
        cli.work("supernet_ranking.completion:answer")(PROGRAM.parser())
    return PROGRAM.main()


if __name__ == "__main__":
    sys.exit(main())
