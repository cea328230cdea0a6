"""The frame of a page: one HTML file with its styles inside, nothing from the network."""

from __future__ import annotations

import html
from importlib.resources import files

from analysis.page.markup import safe


def page(title: str, *content: object) -> str:
    """The whole document."""
    body = "\n".join(safe(part) for part in content)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{_text('page.css')}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _text(name: str) -> str:
    """The text of a file beside this one."""
    return files("analysis.page").joinpath(name).read_text(encoding="utf-8")
