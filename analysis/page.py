"""The frame of a report: one HTML file with its styles and pictures inside, no script, no network.

Every text is escaped here and nowhere else: `Html` is markup that is ready, a plain str is not.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path


class Html(str):
    """Markup that is safe to put in the page as it is."""


def safe(text: object) -> Html:
    """The text with what HTML would read as markup escaped; Html stays as it is."""
    return text if isinstance(text, Html) else Html(html.escape(str(text)))


def element(tag: str, *content: object, **attributes: str) -> Html:
    """<tag name="value">content</tag>; an attribute's trailing underscore is dropped (class_)."""
    words = "".join(f' {name.rstrip("_")}="{html.escape(value)}"' for name, value in attributes.items())
    return Html(f"<{tag}{words}>{''.join(safe(part) for part in content)}</{tag}>")


def table(
    head: Sequence[object], rows: Sequence[Sequence[object]], words: int = 1, weak: Sequence[int] = ()
) -> Html:
    """A table that scrolls sideways by itself. The first `words` columns are text, the others numbers; the
    rows numbered in `weak` (baselines and ceilings) are set in grey."""
    if not rows:
        return Html("")
    lines = [
        element(
            "tr", *(element("th", cell, class_=_kind(i, words), scope="col") for i, cell in enumerate(head))
        )
    ]
    body = [
        element(
            "tr",
            *(element("td", cell, class_=_kind(i, words)) for i, cell in enumerate(row)),
            class_="weak" if number in weak else "",
        )
        for number, row in enumerate(rows)
    ]
    inner = element("table", element("thead", *lines), element("tbody", *body))
    return element("div", inner, class_="scroll", tabindex="0", role="group")


def _kind(column: int, words: int) -> str:
    return "word" if column < words else "number"


def picture(path: Path, caption: object, alternative: str) -> Html:
    """A PNG inside the page, with its caption."""
    data = base64.b64encode(path.read_bytes()).decode()
    image = Html(f'<img alt="{html.escape(alternative)}" src="data:image/png;base64,{data}">')
    return element("figure", image, element("figcaption", caption))


def page(title: str, *content: object) -> str:
    """The whole document."""
    body = "\n".join(safe(part) for part in content)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


STYLE = """
:root {
  --ink: #1c1c1c; --soft: #5a5a5a; --line: #d8d8d8; --paper: #ffffff; --panel: #f4f6f8; --accent: #0072b2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e9e9e9; --soft: #aaaaaa; --line: #3b3f44; --paper: #15181b; --panel: #1f2327; --accent: #6cb8ea;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif;
}
main { max-width: 74rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
p { margin: .5rem 0; max-width: 46rem; overflow-wrap: break-word; }
.question { font-size: 1.1rem; color: var(--soft); }
.answer {
  background: var(--panel); border-left: 4px solid var(--accent); padding: .6rem 1rem; margin: 1rem 0;
}
.answer p { max-width: none; }
.data, figcaption, .small { color: var(--soft); font-size: .88rem; }
.data strong { color: var(--ink); }
.scroll { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td {
  padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: top;
}
th { color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal; }
.word { text-align: left; }
.number { text-align: right; }
td.word { white-space: normal; min-width: 7rem; }
td.word:first-child { min-width: 9.5rem; }
tr.weak td { color: var(--soft); }
figure { margin: 1.2rem 0; }
img {
  display: block; width: 100%; max-width: 52rem; height: auto;
  background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: .4rem;
}
figcaption { max-width: 46rem; margin-top: .4rem; }
code { font-size: .92em; overflow-wrap: anywhere; }
@media (min-width: 70rem) { td.word:first-child { min-width: 15rem; } }
@media (max-width: 40rem) {
  body { font-size: 15px; }
  h1 { font-size: 1.4rem; }
  th, td { padding: .25rem .45rem; }
}
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --panel: #f4f4f4; --accent: #000; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  .scroll { overflow: visible; }
  table { font-size: 7pt; }
  th, td { padding: .12rem .25rem; }
  td.word, td.word:first-child { min-width: 0; }
  figure, tr, .answer { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
"""
