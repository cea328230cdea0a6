"""Completion of the console command by bash, zsh and fish, through argcomplete: the shell asks the command itself, so
that it knows the studies, runs and files of the moment."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import argcomplete
from argcomplete.shell_integration import shellcode

from analysis import cli
from supernet_ranking.__main__ import NAME


def print_script(args: argparse.Namespace) -> int:
    """Print what the shell has to read."""
    print(shellcode([NAME], shell=args.shell).strip())
    return 0


def answer(parser: argparse.ArgumentParser) -> None:
    """Tell the shell that asks what could come next, and end this process."""
    for action in _actions(parser):
        if hasattr(action, "completed_by"):
            action.completer = Completer(*action.completed_by)  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser, always_complete_options=False)


class Completer:
    """The names that a function of the arguments so far gives, and files with a suffix (`cli.completed_by`)."""

    def __init__(self, names: str, suffix: str) -> None:
        self.names, self.suffix = names, suffix

    def __call__(self, prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        named: Iterable[str] = cli.work(self.names)(parsed_args)
        return [name for name in named if name.startswith(prefix)] + list(_files(prefix, self.suffix))


def _files(prefix: str, suffix: str) -> Iterator[str]:
    """Files with that suffix, and the folders on the way to them, as they continue what was typed."""
    folder, slash, begun = prefix.rpartition("/")
    where = Path(folder or slash).expanduser()
    for path in sorted(where.iterdir()) if where.is_dir() else ():
        if path.name.startswith(begun) and (begun or not path.name.startswith((".", "_"))):
            if path.suffix == suffix and path.is_file():
                yield f"{folder}{slash}{path.name}"
            elif path.is_dir() and (slash or begun):
                yield f"{folder}{slash}{path.name}/"


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Every argument of a command line and of its sub-commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from _actions(sub)
