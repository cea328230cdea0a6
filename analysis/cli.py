"""What the command lines share: commands that are modules; a user's mistake ends with one line and exit code 2, no
traceback."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from types import ModuleType


def add_commands(
    parser: argparse.ArgumentParser,
    commands: Mapping[str, ModuleType],
    dest: str = "command",
    metavar: str = "COMMAND",
) -> None:
    """One sub-command a module, which has HELP and add_arguments(parser); `dest` of what is parsed says which."""
    chosen = parser.add_subparsers(dest=dest, required=True, metavar=metavar)
    for name, module in commands.items():
        module.add_arguments(chosen.add_parser(name, help=module.HELP, description=module.HELP))


def run(command: Callable[[], int | None]) -> int:
    """Run a command; its exit code. A ValueError or OSError is the user's to mend: one line, exit code 2."""
    try:
        return command() or 0
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        reason = error.strerror or str(error)
        print(f"error: {error.filename}: {reason}" if error.filename else f"error: {reason}", file=sys.stderr)
    except ValueError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 2
