"""A table for a paper: LaTeX with booktabs, every text escaped, numbers in math mode."""

from __future__ import annotations

import re

from analysis.tables.cells import DASH, MINUS, ONE_SEED, Cell, Row
from analysis.tables.table import Column, Table

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
IN_MATH = {MINUS: "-", "±": r"\pm", ONE_SEED: r"^\circ"}


def escape(text: str) -> str:
    """The text with what LaTeX would read as a command escaped."""
    return "".join(ESCAPES.get(character, character) for character in text)


def latex(table: Table) -> str:
    """A table environment, with a title over each group's rows where there are several groups."""
    columns = table.shown
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering\\small\\setlength{\\tabcolsep}{4pt}",
        f"\\caption{{{escape(table.caption or table.title)}}}",
        f"\\label{{tab:{''.join(c if c.isalnum() else '-' for c in table.name)}}}",
        f"\\begin{{tabular}}{{{''.join('l' if column.words else 'r' for column in columns)}}}",
        "\\toprule",
        " & ".join(column.latex or escape(str(column.heading)) for column in columns) + " \\\\",
    ]
    groups: dict[str, list[Row]] = {} if table.rows else {"": []}
    for row in table.rows:
        groups.setdefault(table.group(row) if table.group else "", []).append(row)
    for title, rows in groups.items():
        lines.append("\\midrule")
        if len(groups) > 1:
            lines.append(f"\\multicolumn{{{len(columns)}}}{{l}}{{\\emph{{{escape(title)}}}}} \\\\")
        for row in rows:
            cells = [_cell(column.cell(row), column) for column in columns]
            # A bracket after a line's end would be read as its option.
            first = "{}" if cells[0].startswith("[") else ""
            lines.append(first + " & ".join(cells) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", "\\end{table}"])


def _cell(cell: Cell, column: Column) -> str:
    text = str(cell.content)
    if column.words:
        return escape(text)
    if text in (DASH, "-", ""):
        return ""
    if cell.value is None:  # a text among numbers
        return escape(re.sub(r"-(?=\d)", MINUS, text))
    for sign, command in IN_MATH.items():
        text = text.replace(sign, command)
    return f"${text}$"
