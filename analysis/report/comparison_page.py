"""The page of a comparison of studies."""

from __future__ import annotations

from pathlib import Path

from analysis.figures.style import TITLES
from analysis.measures.compare import Compared
from analysis.report.page import page
from analysis.report.sections.comparisons import comparison_tables
from analysis.report.tables.comparison import VARIANTS
from analysis.tables.cells import ONE_SEED
from analysis.tables.html import Html, element, html_table
from analysis.tables.table import Table
from supernet.files import write_text


def write_comparison(compared: Compared, path: Path) -> None:
    """Write the page: the studies, a table of variants a space, the pairs, what was left out."""
    names = [study.name for study in compared.studies]
    title = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    studies = [
        element("li", element("strong", study.name), f": {study.question} ({study.note})")
        for study in compared.studies
    ]
    notes = [element("p", f"{note}.") for note in compared.notes]
    content = [
        element("h1", f"Comparison: {title}"),
        element("ul", *studies),
        element("h2", "All variants"),
        *_variants(compared),
        element("p", TEXT, class_="small"),
        *notes,
        *comparison_tables(compared.differences),
    ]
    write_text(path, page(f"Comparison: {title}", *content))


TEXT = (
    "On the architectures that all variants of the space scored. Mean ± standard deviation over seeds. 95 %: confidence"
    f" interval of the mean over architectures and trainings; {ONE_SEED}: one seed, so that the interval lacks the"
    " variance of the training. A training that several studies share is one variant."
)


def _variants(compared: Compared) -> list[Html]:
    several = len(compared.studies) > 1
    columns = [column for column in VARIANTS if several or column.key != "studies"]
    pieces: list[Html] = []
    for space, group in compared.variants.groupby("space", sort=False):
        first = group.iloc[0]
        pieces += [
            element("h3", TITLES.get(str(space), space)),
            element("p", f"Evaluated on: {first['set']}, {int(first['n']):,} with every score."),
            html_table(Table(columns, group.to_dict("records"))),
        ]
    return pieces
