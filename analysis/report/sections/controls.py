"""The section on masks: trained with one against only judged under it."""

from __future__ import annotations

from analysis.measures.collect import Collected
from analysis.measures.differences import verdict
from analysis.report.page import ONE_SEED, Html, element, number, table
from analysis.report.sections.comparisons import difference_interval
from analysis.report.sections.rankings import space_title


def controls_section(found: Collected) -> list[Html]:
    """Heading, table and text, if the study has what was trained with a mask and what was only judged under it."""
    if not len(found.controls):
        return []
    rows = []
    for row in found.controls.to_dict("records"):
        numbers = [number(row["difference"]), difference_interval(row), number(row["n"], 0)]
        rows.append([space_title(row), row["leader"], row["other"], *numbers, verdict(row)])
    head = ["Space", "Trained", "Only evaluated", "difference of tau-b", "95 %", "n", "Trained so, it is"]
    return [
        element("h2", "Trained without, or only evaluated without"),
        table(head, rows, words=3),
        element("p", TEXT, class_="small"),
    ]


TEXT = (
    "A supernet trained without some operations and one trained with them, both judged on the same architectures, that"
    " have none of them. The difference is the training's; what tau-b gains beyond it is the narrower evaluation set's."
    f" 95 %: over architectures and trainings; {ONE_SEED}: of one seed, over architectures alone. Better or worse: over"
    " architectures and by Welch's test over seeds, both after Holm's correction for the rows of the space."
)
