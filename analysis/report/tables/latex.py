"""Tables for a paper: LaTeX with booktabs, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "\N{DEGREE SIGN}": r"$^\circ$",
    "\N{MINUS SIGN}": "$-$",
    "\N{EN DASH}": "--",
    "“": "``",
    "”": "''",
} | {character: f"\\{character}" for character in "&%$#_{}"}


def escape(text: str) -> str:
    """The text with what LaTeX would read as a command escaped."""
    return "".join(ESCAPES.get(character, character) for character in text)


def number(value: float | None, digits: int = 3, sign: str = "") -> str:
    """A number in math mode, so that its minus is one; empty for None and NaN."""
    return "" if value is None or value != value else f"${value:{sign}.{digits}f}$"


def with_std(value: float | None, std: float | None, digits: int = 3) -> str:
    """mean ± standard deviation, the latter where there is one."""
    if not (mean := number(value, digits)) or not (spread := number(std, digits)):
        return mean
    return f"${mean[1:-1]} \\pm {spread[1:-1]}$"


def interval(low: float | None, high: float | None, digits: int = 3, sign: str = "") -> str:
    """[low, high]; empty without either."""
    ends = [number(end, digits, sign)[1:-1] for end in (low, high)]
    return f"$[{ends[0]}, {ends[1]}]$" if all(ends) else ""


def interval_of(row: Mapping[str, Any], name: str, digits: int = 3, fixed: bool = False) -> str:
    """The interval of a mean over seeds, row[name_low] to row[name_high]; marked as in the report where row has no part
    of the trainings. fixed: of a baseline, which has none."""
    shown = interval(row[f"{name}_low"], row[f"{name}_high"], digits)
    part = row.get(f"{name}_trainings_low")
    return shown if not shown or fixed or (part is not None and part == part) else f"{shown[:-1]}^\\circ$"


def latex_table(
    head: Sequence[str],
    groups: Sequence[tuple[str, Sequence[Sequence[str]]]],
    *,
    caption: str,
    label: str,
    words: int = 1,
) -> str:
    """A table environment. head and cells are LaTeX already; caption and groups' titles are text. groups: (title,
    rows), a title over its rows where there are several groups. The first `words` columns are set to the left.

    Raises ValueError for a row of another length than the head."""
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering\\small\\setlength{\\tabcolsep}{4pt}",
        f"\\caption{{{escape(caption)}}}",
        f"\\label{{{label}}}",
        f"\\begin{{tabular}}{{{'l' * words}{'r' * (len(head) - words)}}}",
        "\\toprule",
        " & ".join(head) + " \\\\",
    ]
    for title, rows in groups:
        lines.append("\\midrule")
        if len(groups) > 1:
            lines.append(f"\\multicolumn{{{len(head)}}}{{l}}{{\\emph{{{escape(title)}}}}} \\\\")
        for row in rows:
            if len(row) != len(head):
                raise ValueError(f"rows: {list(row)} has {len(row)} cells, the head {len(head)}")
            # A bracket after a line's end would be read as its option.
            first = "{}" if row[0].startswith("[") else ""
            lines.append(first + " & ".join(row) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", "\\end{table}"])
