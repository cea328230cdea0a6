"""What the command lines share. A command's arguments are light; the module with its work is imported once the command
is known, so that --help answers at once. A user's mistake ends with one line and exit code 2, no traceback."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from analysis.tables import FORMATS

LONGEST = 1500  # characters of a message


@dataclass(frozen=True)
class Command:
    """A sub-command.

    Args:
        help: One line of what it does.
        work: `module:function` of what does it, a function of the parsed arguments that returns an exit code.
        add_arguments: Adds its arguments to a parser.
        commands: Sub-commands, by name, of a command that is a group of them and does nothing by itself.
    """

    help: str
    work: str = ""
    add_arguments: Callable[[argparse.ArgumentParser], None] | None = None
    commands: Mapping[str, Command] = field(default_factory=dict)


def add_commands(
    parser: argparse.ArgumentParser, commands: Mapping[str, Command], metavar: str = "COMMAND"
) -> None:
    """Add sub-commands, by name. What is parsed holds the `work` of the one that was chosen."""
    chosen = parser.add_subparsers(required=True, metavar=metavar)
    for name, command in commands.items():
        added = chosen.add_parser(name, help=command.help, description=command.help)
        added.set_defaults(work=command.work)
        if command.add_arguments is not None:
            command.add_arguments(added)
        if command.commands:
            add_commands(added, command.commands, metavar="|".join(command.commands))


def completed_by(action: argparse.Action, kind: str, suffix: str | None = ".py") -> None:
    """Have a shell complete an argument's value by names of a kind (supernet_ranking/completion.py) and by files
    with that suffix, if there is one."""
    action.completed_by = kind, suffix  # type: ignore[attr-defined]


def add_format(parser: argparse.ArgumentParser) -> None:
    """--format, what is printed: one of analysis.tables.FORMATS."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="csv and json have every number with all its digits; text fits 100 columns, wide has every column (text)",
    )
    parser.add_argument("--wide", action=_Wide, nargs=0, help="text with every column: --format wide")


class _Wide(argparse.Action):
    """Text becomes wide; another format that was asked for has every column anyway."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, *rest: Any) -> None:
        if namespace.format == "text":
            namespace.format = "wide"


@dataclass(frozen=True)
class Program:
    """`CALLED COMMAND`; called `python -m NAME` if not said otherwise."""

    name: str
    description: str | None
    commands: Mapping[str, Command]
    called: str = ""

    def parser(self) -> argparse.ArgumentParser:
        """The command line."""
        called = self.called or f"python -m {self.name}"
        top = argparse.ArgumentParser(prog=called, description=self.description)
        add_commands(top, self.commands)
        return top

    def main(self, argv: list[str] | None = None) -> int:
        """Parse a command line and do its work; the exit code."""
        args = self.parser().parse_args(argv)
        return run(lambda: work(args.work)(args))


def work(name: str) -> Callable[..., Any]:
    """The function that `module:function` names."""
    module, _, function = name.partition(":")
    named: Callable[..., Any] = getattr(import_module(module), function)
    return named


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM: what it has started ends with it, as after an interrupt."""


def run(command: Callable[[], int | None]) -> int:
    """Run a command; its exit code. A ValueError or OSError is the user's to fix: one line, exit code 2. So is a file
    that is nested too deeply, and a number that is too large, where nothing nearer said so."""
    try:
        with _ending_in_order():
            return command() or 0
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        reason = error.strerror or str(error)
        print(f"error: {error.filename}: {reason}" if error.filename else f"error: {reason}", file=sys.stderr)
    except ValueError as error:
        print(f"error: {_short(' '.join(str(error).split()))}", file=sys.stderr)
    except RecursionError:
        print("error: a file or an argument is nested too deeply", file=sys.stderr)
    except OverflowError as error:
        print(f"error: a number is out of range ({error})", file=sys.stderr)
    except MemoryError as error:
        said = " ".join(str(error).split())
        print(f"error: out of memory{f' ({said})' if said else ''}", file=sys.stderr)
    except Terminated:
        print("terminated", file=sys.stderr)
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 2


def _short(text: str) -> str:
    """A line that a terminal shows, of a mistake that may quote what somebody's file holds."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """SIGTERM ends this process through its `finally` clauses, unless somebody has decided otherwise."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(number: int, frame: object) -> None:
    raise Terminated
