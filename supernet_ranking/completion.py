"""Completion of the console command by bash, zsh and fish, through argcomplete: the shell asks the command itself, so
that it knows the studies, runs and files of the moment."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import argcomplete

from analysis import cli
from supernet_ranking.__main__ import NAME


def print_script(args: argparse.Namespace) -> int:
    """Print what the shell has to read."""
    print(argcomplete.shellcode([NAME], shell=args.shell).strip())
    return 0


def answer(parser: argparse.ArgumentParser) -> None:
    """Tell the shell that asks what could come next, and end this process."""
    for action in _actions(parser):
        if hasattr(action, "completed_by"):
            action.completer = Completer(action.completed_by)  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)


class Completer:
    """The names that a function of the arguments so far gives (`cli.completed_by`), and study files."""

    def __init__(self, names: str) -> None:
        self.names = names

    def __call__(self, prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        named: Iterable[str] = cli.work(self.names)(parsed_args)
        return [name for name in named if name.startswith(prefix)] + list(_study_files(prefix))


def _study_files(prefix: str) -> Iterator[str]:
    """Files that end in .py, and the folders on the way to them, as they continue what was typed."""
    folder, slash, begun = prefix.rpartition("/")
    where = Path(folder or slash).expanduser()
    for path in sorted(where.iterdir()) if where.is_dir() else ():
        if path.name.startswith(begun) and (begun or not path.name.startswith((".", "_"))):
            if path.suffix == ".py" and path.is_file():
                yield f"{folder}{slash}{path.name}"
            elif slash and path.is_dir():
                yield f"{folder}{slash}{path.name}/"


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Every argument of a command line and of its sub-commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from _actions(sub)
