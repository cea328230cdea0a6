"""One table in its six formats: the same numbers; nothing that a reader takes for markup, a formula or a command."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

from analysis.tables.cells import fixed, interval_of, number, with_std
from analysis.tables.table import Column, Table
from analysis.tables.writers import csv_text, write

ROWS = [
    {"name": "=a|b", "tau": -1 / 3, "tau_std": 0.1, "tau_low": -0.5, "tau_high": 0.25, "n": 12, "file": "x"},
    {"name": "<c>", "tau": None, "tau_std": None, "tau_low": None, "tau_high": None, "n": 3, "file": "y"},
]
COLUMNS = [
    Column("name", words=True),
    Column("tau", "tau-b", format=with_std, latex=r"$\tau_b$"),
    Column("tau_low", "95 %", format=interval_of),
    Column("n", unit="rows"),
    Column("file", words=True, hidden=True),
]
TABLE = Table(COLUMNS, ROWS, title="Two rows", notes=["A note."])


def test_text_and_markdown():
    assert write(TABLE, "text", before="Before.", after="After.").splitlines() == [
        "Before.",
        "",
        "Two rows",
        "",
        "name           tau-b              95 %  n (rows)",
        "=a|b  -0.333 ± 0.100  [-0.500, 0.250]°        12",
        "<c>                -                 -         3",
        "A note.",
        "",
        "After.",
    ]
    lines = write(TABLE, "markdown").splitlines()
    assert lines[2:5] == [
        "| name | tau-b | 95 % | n (rows) |",
        "|---|---|---|---|",
        "| =a\\|b | -0.333 ± 0.100 | [-0.500, 0.250]° | 12 |",
    ]
    assert lines[5].startswith("| &lt;c&gt; |")
    assert write(Table(COLUMNS, [], title="None"), "text") == "None\n\nnothing to show"


def test_csv_and_json_have_every_digit_and_hidden_columns():
    rows = list(csv.DictReader(io.StringIO(write(TABLE, "csv"))))
    assert [row["name"] for row in rows] == ["'=a|b", "<c>"]
    assert float(rows[0]["tau"]) == -1 / 3
    assert (rows[1]["tau"], rows[1]["file"]) == ("", "y")
    assert json.loads(write(TABLE, "json")) == [
        {key: row[key] for key in ("name", "tau", "tau_low", "n", "file")} for row in ROWS
    ]
    assert json.loads(write(TABLE, "json", facts={"study": "s"}))["rows"][0]["tau"] == -1 / 3
    two = json.loads(write([TABLE, Table(COLUMNS, [], name="others")], "json"))
    assert (len(two["rows"]), two["others"]) == (2, [])


def test_latex_sets_numbers_in_math_mode():
    lines = write(TABLE, "latex").splitlines()
    assert r"\caption{Two rows}" in lines
    assert r"name & $\tau_b$ & 95 \% & n (rows) \\" in lines
    assert r"=a|b & $-0.333 \pm 0.100$ & $[-0.500, 0.250]^\circ$ & $12$ \\" in lines
    assert r"\textless{}c\textgreater{} &  &  & $3$ \\" in lines


def test_html_keeps_the_number_behind_a_cell():
    text = write(TABLE, "html")
    assert f'<td class="number" data-value="{-1 / 3!r}">\N{MINUS SIGN}0.333 ± 0.100</td>' in text
    assert '<td class="word">&lt;c&gt;</td>' in text
    assert '<th class="number" scope="col" data-column="tau">tau-b</th>' in text
    assert "file" not in text


def test_a_frame_is_written_as_pandas_writes_it():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "name": ["a", None, '"q", r'],
            "x": [*rng.normal(size=2) * 1e-7, np.nan],
            "k": pd.array([1, None, 2**60], dtype="Int64"),
            "whole": [1e22, -3.0, 5.0],
            "yes": [True, False, True],
            "mixed": [1, 2.5, "t"],
        }
    )
    table = Table.of_frame(frame)
    assert write(table, "csv") + "\n" == frame.to_csv(index=False) == csv_text(frame)
    assert [column.words for column in table.columns] == [True, False, False, False, False, True]
    assert json.loads(write(table, "json"))[2]["k"] == 2**60
    assert write(table, "text").splitlines()[2].split() == [
        "-",
        *f"{frame['x'][1]:.3f} - -3.000 False 2.500".split(),
    ]
    assert list(frame.columns[[2, 0]]) == [column.key for column in table.select(["k", "name"]).columns]


def test_tables_of_cells():
    table = Table.of_cells(["", "b", "b"], [["x", number(1.5, 1), "-2"]])
    assert write(table, "text").splitlines() == ["     b   b", "x  1.5  -2"]
    assert r"x & $1.5$ & $-$2 \\" in write(table, "latex")
    with pytest.raises(ValueError, match=r"\['1'\] has 1 cells, the head 2"):
        Table.of_cells(["a", "b"], [["1"]])
    assert Column("k", format=fixed(0, ",")).cell({"k": 15625}).content == "15,625"
