"""A page: markup, tables, figures, and the one HTML file that holds them. Nothing here knows a study."""

from analysis.report.page.cells import (
    DASH,
    MINUS,
    ONE_SEED,
    Cell,
    Head,
    interval,
    interval_of,
    number,
    with_std,
)
from analysis.report.page.document import page
from analysis.report.page.markup import Html, element, safe
from analysis.report.page.picture import picture
from analysis.report.page.scatter import scatter_data
from analysis.report.page.table import table

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
