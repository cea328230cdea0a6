"""What `make docs` generates, and does to a page: the command line from the parsers, the Python API from the names that
are public, and links to files that are not pages.

MkDocs calls `on_files`, `on_page_markdown` and `on_post_page` (mkdocs.yml, `hooks`)."""

from __future__ import annotations

import argparse
import ast
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("analysis", "studies", "supernet", "slurm")
ELSEWHERE = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?(https?://[^"' >]+)""")
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s:#]+)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages of the reference."""
    from mkdocs.structure.files import File

    pages = {"reference/command-line.md": command_line()}
    pages |= {f"reference/api/{package}.md": api(package) for package in PACKAGES}
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, files: Any, **_: Any) -> str:
    """A link to a file of the repository that is no page becomes its path; a link to nothing stays, and is an error."""
    folder = (ROOT / "docs" / page.file.src_uri).parent

    def shown(link: re.Match[str]) -> str:
        text, target = link[1], (folder / link[2]).resolve()
        if not target.exists() or (target.is_relative_to(ROOT / "docs") and target.is_file()):
            return link[0]
        path = target.relative_to(ROOT)
        return text if str(path).endswith(text.strip("`")) else f"{text} (`{path}`)"

    return LINK.sub(shown, markdown)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """A page that loads anything from elsewhere is an error: the site is read without the network."""
    if loaded := ELSEWHERE.search(output):
        raise ValueError(f"{page.file.src_uri}: loads {loaded[1]}")
    return output


def public_names(package: str) -> dict[str, str]:
    """The public names of a package and where each is defined, from its stub: {name: module.name}."""
    tree = ast.parse((ROOT / package / "__init__.pyi").read_text())
    return {
        alias.asname or alias.name: ".".join(filter(None, (package, node.module, alias.name)))
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def api(package: str) -> str:
    """A page of every public name of a package, for mkdocstrings, which reads the docstrings."""
    intro = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or ""
    names = sorted(public_names(package).items(), key=lambda item: item[0].lower())
    entries = [f"::: {path}\n    options:\n      heading: {package}.{name}\n" for name, path in names]
    return "\n\n".join([f"# {package}", intro.split("\n\n")[0], *entries])


def command_line() -> str:
    """A page of every command with its arguments, from the parsers."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.__main__ import parser as benchmarks
    from supernet_ranking.__main__ import PROGRAM

    parts = [
        "# Command line",
        "Generated from the parsers. In the clone `python -m studies` is the same as `supernet-ranking studies`;"
        " so are `python -m analysis` and `python -m slurm`. Exit codes: 0 for success, 2 for a mistake in what was"
        " asked or in a file, with one line that names it, 130 after an interrupt.",
    ]
    described = [
        *_commands(PROGRAM.parser(), 2),
        (2, "measure every speed goal (in the clone)", benchmarks()),
    ]
    for level, help_text, parser in described:
        parts.append(f"{'#' * level} {parser.prog.removeprefix('supernet-ranking ')}")
        if help_text:
            parts.append(f"{_plain(help_text[0].upper() + help_text[1:])}.")
        if rows := [_row(action) for action in parser._actions if action.help != argparse.SUPPRESS]:
            table = ["| argument | meaning |", "|---|---|", *(row for row in rows if row)]
            if len(table) > 2:
                parts += [f"```text\n{_usage(parser)}\n```", "\n".join(table)]
    return "\n\n".join(parts)


def _commands(
    parser: argparse.ArgumentParser, level: int
) -> Iterator[tuple[int, str, argparse.ArgumentParser]]:
    """Every sub-command below a parser, depth first: level of its heading, help and parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield min(level, 4), helps.get(name, ""), command
                yield from _commands(command, level + 1)


def _usage(parser: argparse.ArgumentParser) -> str:
    """The usage in lines of a page's width."""
    text = " ".join(parser.format_usage().removeprefix("usage: ").split())
    return textwrap.fill(text, 80, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _row(action: argparse.Action) -> str:
    """A row of the table of arguments; '' for --help and for sub-commands, which have sections of their own."""
    if isinstance(action, (argparse._HelpAction, argparse._SubParsersAction)):
        return ""
    named = action.dest.upper() if action.option_strings else action.dest
    value = action.metavar or ("" if action.nargs == 0 else named)
    value = " ".join(value) if isinstance(value, tuple) else value
    if action.choices is not None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    name = f"{', '.join(action.option_strings)} {value}".strip()
    return f"| `{name.replace('|', chr(92) + '|')}` | {_plain((action.help or '').replace('%%', '%'))} |"


def _plain(text: str) -> str:
    """Help as Markdown text: nothing in it is markup but code between backticks."""
    return re.sub(r"([|<*_\[\]])(?=[^`]*(?:`[^`]*`[^`]*)*$)", r"\\\1", text)
