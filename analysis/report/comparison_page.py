"""The page of a comparison of studies."""

from __future__ import annotations

from pathlib import Path

from analysis.figures.style import TITLES
from analysis.measures.compare import Compared
from analysis.report.page import ONE_SEED, Html, element, interval_of, number, page, table, with_std
from analysis.report.sections.comparisons import comparison_tables
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
    "On the architectures that all variants of the space scored. Mean ± standard deviation over seeds. 95 %: interval"
    f" of the mean over architectures and trainings; {ONE_SEED}: of one seed, which lacks the share of the trainings. A"
    " training in several studies is one variant."
)


def _variants(compared: Compared) -> list[Html]:
    several = len(compared.studies) > 1
    words = ["Variant", *(["Studies"] if several else []), "Mask"]
    head = [*words, "tau-b", "95 %", "Spearman", "seeds", "n", "epochs", "updates"]
    pieces: list[Html] = []
    for space, group in compared.variants.groupby("space", sort=False):
        rows = [
            [
                row["variant"],
                *([row["studies"]] if several else []),
                row["mask"],
                with_std(row, "tau_b"),
                interval_of(row, "tau_b"),
                with_std(row, "spearman"),
                *(number(row[name], 0) for name in ("seeds", "n", "epochs", "updates")),
            ]
            for row in group.to_dict("records")
        ]
        judged = f"Judged on: {group['set'].iloc[0]}, {int(group['n'].iloc[0]):,} with every score."
        pieces += [
            element("h3", TITLES.get(str(space), space)),
            element("p", judged),
            table(head, rows, words=len(words)),
        ]
    return pieces
