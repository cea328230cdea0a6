"""The study's table in its formats: the same numbers in CSV and JSON; LaTeX that is well formed."""

import csv
import io
import json
import re

from analysis.report.tables.study import table_frame, table_text
from analysis.tables import latex
from analysis.tables.cells import Cell, fixed, interval, interval_of, with_std
from analysis.tables.table import Column, Table
from analysis.tables.writers import write


def test_json_and_csv_have_the_same_numbers(found):
    rows = json.loads(table_text(found, "json"))["rows"]
    lines = list(csv.DictReader(io.StringIO(table_text(found, "csv"))))
    assert len(rows) == len(lines) > 10
    for row, line in zip(rows, lines, strict=True):
        assert list(row) == list(line)
        for name, value in row.items():
            assert line[name] == ("" if value is None else str(value))
    assert rows[0]["tau_b"] == table_frame(found)["tau_b"][0]  # every digit
    assert (rows[0]["epochs"], rows[0]["updates"], rows[0]["seeds"]) == (5, 440, 3)


def cells(line):
    return re.split(r"(?<!\\)&", line.removesuffix(r" \\"))


def check(text):
    """What LaTeX asks of a table: closed environments and braces, math in pairs, as many cells as columns."""
    open_ = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            open_.append(name)
        else:
            assert open_.pop() == name
    assert not open_
    assert text.count("toprule") == text.count("bottomrule") == 1
    columns = re.search(r"\\begin\{tabular\}\{([lr]+)\}", text)[1]
    body = text[text.index("\\toprule") : text.index("\\bottomrule")]
    for line in text.splitlines():
        bare = re.sub(r"\\[\\{}%&$#_,]", "", line)
        assert bare.count("$") % 2 == 0
        depth = 0
        for character in bare:
            depth += (character == "{") - (character == "}")
            assert depth >= 0
        assert depth == 0
        outside = re.sub(r"\$[^$]*\$", "", bare)
        assert not re.search(r"[_^#~<>]", outside)
        assert "%" not in bare or line.startswith("%")
    rows = [
        line for line in body.splitlines()[1:] if line not in ("\\midrule",) and "multicolumn" not in line
    ]
    assert all(line.endswith(r" \\") for line in rows)
    assert {len(cells(line)) for line in rows} == {len(columns)}
    return rows


def test_latex_is_well_formed_and_has_the_numbers(found):
    text = table_text(found, "latex")
    rows = check(text)
    first = found.primary.iloc[0]
    line = next(row for row in rows if row.startswith("strictly fair"))
    assert f"${first['tau_b']:.3f} \\pm {first['tau_b_std']:.3f}$" in line
    assert f"$[{first['tau_b_low']:.3f}, {first['tau_b_high']:.3f}]$" in line
    assert r"warm-up \textless{}b\textgreater{}" in text
    assert r"An invented study \& its report" in text
    assert "nan" not in text.lower()
    assert "None" not in text


def test_latex_of_hostile_texts():
    text = r"50 % of a_b & {c} #1 $x$ ~ ^ \end{table} <“±”>"
    check(write(Table.of_cells(["a", "b"], [[text, Cell("1", 1.0)]], caption=text, name="t"), "latex"))
    assert latex.escape("\\") == r"\textbackslash{}"
    bracket = write(Table.of_cells(["a"], [["x"], ["[0, 1]"]]), "latex")
    assert "\n{}[0, 1]" in bracket  # else it would be the option of the line's end before


def test_latex_numbers():
    row = {"a": -0.5, "b": None, "c": 0.5, "c_std": None, "d": None, "d_std": 0.1}
    row |= {"e_low": 0.1, "e_high": None}
    formats = {"a": fixed(), "b": fixed(), "c": with_std, "d": with_std, "e_low": interval_of}
    table = Table([Column("name"), *(Column(key, format=one) for key, one in formats.items())], [row])
    assert r" & $-0.500$ &  & $0.500$ &  &  \\" in write(table, "latex")
    assert interval(0.1, 0.25, 2, "+").content == "[+0.10, +0.25]"


def test_text_fits_a_terminal_and_says_what_it_leaves_out():
    columns = [
        Column("name", words=True),
        Column("set", words=True),
        *(Column(f"number_{i:02}") for i in range(20)),
    ]
    rows = [
        {"name": "long " * 12 + str(k), "set": "all"} | {f"number_{i:02}": k + i / 7 for i in range(20)}
        for k in range(3)
    ]
    table = Table(columns, rows)
    text, wide = write(table, "text").splitlines(), write(table, "wide").splitlines()
    assert max(map(len, text)) <= 100 < max(map(len, wide))
    assert len(wide) == 4
    assert all(column.key in wide[0] for column in columns)
    shown, below = text[0].split(), " ".join(text[4:])
    assert "in all rows: set all" in below
    for column in columns:
        assert (column.key in shown) != (column.key in below)
    # Of ranked columns those of the highest stay, and a table that fits is as it was.
    ranked = write(table.ranked({"number_19": 2, "name": 1}), "text").splitlines()[0].split()
    assert ranked[-1] == "number_19"
    narrow = table.select(["set", "number_03"])
    assert write(narrow, "text") == write(narrow, "wide")
    lone = write(Table(columns[:1], [{"name": "x" * 300}]), "text").splitlines()
    assert len(lone[1]) == 100
