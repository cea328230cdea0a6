"""One table, six writers. A command says what its columns are once and prints them in any of FORMATS:

    table = Table([Column("name", words=True), Column("seconds", unit="s", format=fixed(1))], rows)
    print(write(table, args.format))

rows: dictionaries of plain values by the columns' keys. CSV and JSON have the values with all their digits, and hidden
columns too; text, Markdown, LaTeX and HTML have what a column's format makes of them. Nothing here knows a study, and
nothing here is slow to import. `analysis.cli.add_format` adds `--format` to a command.
"""

from analysis.tables.cells import (
    DASH,
    MINUS,
    ONE_SEED,
    Cell,
    Format,
    Row,
    fixed,
    general,
    interval,
    interval_of,
    missing,
    number,
    significant,
    with_std,
)
from analysis.tables.html import Html, element, html_table, safe
from analysis.tables.table import Column, Table, records
from analysis.tables.writers import FORMATS, as_json, csv_text, write

__all__ = [
    "DASH",
    "FORMATS",
    "MINUS",
    "ONE_SEED",
    "Cell",
    "Column",
    "Format",
    "Html",
    "Row",
    "Table",
    "as_json",
    "csv_text",
    "element",
    "fixed",
    "general",
    "html_table",
    "interval",
    "interval_of",
    "missing",
    "number",
    "records",
    "safe",
    "significant",
    "with_std",
    "write",
]
