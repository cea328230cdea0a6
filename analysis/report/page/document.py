"""The frame of a page: one HTML file with its styles and scripts inside, nothing from the network."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from importlib.resources import files

from analysis.tables.html import Html, element, safe

STYLES = ("page.css", "tables.css", "scatter.css")
SCRIPTS = ("unpack.js", "sections.js", "downloads.js", "tables.js", "drawing.js", "scatter.js")
# The browser keeps to it, whatever the page may come to hold: nothing is fetched, and of what is inside only the page's
# own styles and scripts count.
POLICY = "default-src 'none'; img-src data:; style-src {styles}; script-src {scripts}"
SECTION = '<details class="section"'
HEADING = re.compile(r'<h2(?: id="(?P<name>[^"]*)")?>(?P<title>.*?)</h2>')


def page(title: str, *content: object) -> str:
    """The whole document. Its <h2> headings get ids where they have none; a list of them stands before the first,
    unless that is of a section that opens: such sections are the list."""
    body = _with_contents("\n".join(safe(part) for part in content))
    styles, scripts = ("\n".join(["", *map(_text, names)]) for names in (STYLES, SCRIPTS))
    policy = POLICY.format(styles=_source(styles), scripts=_source(scripts))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)}</title>\n<style>{styles}</style>\n</head>\n"
        f'<body>\n<main>\n{body}\n</main>\n<script type="module">{scripts}</script>\n</body>\n</html>\n'
    )


def folded(pieces: Sequence[Html], about: str) -> Html:
    """A section that opens: its heading, which is the first of the pieces, with a few words on what is inside. It opens
    by a click, by a link to it, and for print (sections.js)."""
    heading, *content = pieces
    summary = element("summary", heading, element("span", about, class_="small"))
    return element("details", summary, *content, class_="section")


def _source(text: str) -> str:
    """What a policy calls an element with this content: by its hash (CSP level 2)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    """The text of a file beside this one."""
    return files("analysis.report.page").joinpath(name).read_text(encoding="utf-8")


def _with_contents(body: str) -> str:
    links: list[Html] = []

    def named(match: re.Match[str]) -> str:
        name = match["name"] or f"section-{len(links) + 1}"
        links.append(element("li", element("a", Html(match["title"]), href=f"#{name}")))
        return f'<h2 id="{name}">{match["title"]}</h2>'

    if (first := HEADING.search(body)) is None:
        return body
    rest = HEADING.sub(named, body[first.start() :])
    if SECTION in body[: first.start()]:
        return f"{body[: first.start()]}{rest}"
    return f"{body[: first.start()]}{element('nav', element('ul', *links), aria_label='Contents')}\n{rest}"
