"""A page: markup, tables, figures, and the one HTML file that holds them. Nothing here knows a study."""

from analysis.page.cells import DASH, MINUS, ONE_SEED, Cell, Head, interval, interval_of, number, with_std
from analysis.page.document import page
from analysis.page.markup import Html, element, safe
from analysis.page.picture import picture
from analysis.page.scatter import scatter_data
from analysis.page.table import table

__all__ = [
    "DASH",
    "MINUS",
    "ONE_SEED",
    "Cell",
    "Head",
    "Html",
    "element",
    "interval",
    "interval_of",
    "number",
    "page",
    "picture",
    "safe",
    "scatter_data",
    "table",
    "with_std",
]
