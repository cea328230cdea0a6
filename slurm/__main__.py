"""`python -m slurm COMMAND`: studies on a cluster. Heavy imports wait until a command runs."""

from __future__ import annotations

import argparse
import sys

from analysis import cli
from slurm.commands import cancel, demo_cluster, doctor, logs, retry, status, submit

COMMANDS = {
    "submit": submit,
    "status": status,
    "logs": logs,
    "retry": retry,
    "cancel": cancel,
    "doctor": doctor,
    "demo-cluster": demo_cluster,
}


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m slurm`."""
    top = argparse.ArgumentParser(prog="python -m slurm", description=__doc__)
    cli.add_commands(top, COMMANDS)
    return top


def main(argv: list[str] | None = None) -> int:
    return cli.main(parser(), argv)


if __name__ == "__main__":
    sys.exit(main())
