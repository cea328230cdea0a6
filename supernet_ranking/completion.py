"""Completion of the console command by bash, zsh and fish, through argcomplete: the shell asks the command itself, so
that it knows the studies, runs and files of the moment."""

from __future__ import annotations

import argparse
import pkgutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import argcomplete
from argcomplete.shell_integration import shellcode

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


def _studies(args: argparse.Namespace) -> list[str]:
    """The catalogue's studies, without importing it: a shell waits for each key."""
    catalog = find_spec("studies.catalog")
    assert catalog is not None
    return sorted(module.name for module in pkgutil.iter_modules(catalog.submodule_search_locations))


def _results(args: argparse.Namespace) -> list[str]:
    """Studies in the folder of results that the arguments name."""
    from analysis.store.study import study_names  # pandas: only where such a name is asked for

    return study_names(getattr(args, "runs", None) or Path("runs"))


def _tables(args: argparse.Namespace) -> list[str]:
    """Tables of ground truth, those that `truth list` has."""
    from studies.truth import table  # pandas, as above

    return list(table.known())


def _figures(args: argparse.Namespace) -> list[str]:
    """Figures that have a name."""
    from analysis.figures.registry import figures  # Matplotlib, as above

    return list(figures())


KINDS: dict[str, Callable[[argparse.Namespace], list[str]]] = {
    "studies": _studies,
    "results": _results,
    "tables": _tables,
    "figures": _figures,
}


class Completer:
    """Names of a kind, and files with a suffix, if there is one (`cli.completed_by`)."""

    def __init__(self, kind: str, suffix: str | None) -> None:
        self.names, self.suffix = KINDS[kind], suffix

    def __call__(self, prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        named = [name for name in self.names(parsed_args) if name.startswith(prefix)]
        return [*named, *(_files(prefix, self.suffix) if self.suffix else ())]


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
