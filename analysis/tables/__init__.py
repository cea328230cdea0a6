"""One table, six writers. A command says what its columns are once and prints them in any of FORMATS:

    table = Table([Column("name", words=True), Column("seconds", unit="s", format=fixed(1))], rows)
    print(write(table, args.format))

rows: dictionaries of plain values by the columns' keys. CSV and JSON have the values with all their digits, and hidden
columns too; text, Markdown, LaTeX and HTML have what a column's format makes of them. Nothing here knows a study, and
nothing here is slow to import. `analysis.cli.add_format` adds `--format` to a command. What only pages need is in the
modules `cells` and `html`.
"""

from analysis.tables.cells import Cell, fixed, interval_of, number, with_std
from analysis.tables.table import Column, Table
from analysis.tables.writers import FOR_READERS, FORMATS, as_json, csv_text, write

__all__ = [
    "FORMATS", "FOR_READERS", "Cell", "Column", "Table", "as_json", "csv_text", "fixed", "interval_of", "number",
    "with_std", "write",
]  # fmt: skip
