"""One HTML page for a study: its answer, tables, figures and where they came from. A section is a module."""

from __future__ import annotations

from pathlib import Path

from analysis.measures.collect import Collected
from analysis.report.answer import answer
from analysis.report.page import element, page
from analysis.report.sections.bn_modes import bn_modes_section
from analysis.report.sections.chance import chance_section
from analysis.report.sections.comparisons import comparisons_section
from analysis.report.sections.controls import controls_section
from analysis.report.sections.diagnostics import diagnostics_section
from analysis.report.sections.estimators import estimators_section
from analysis.report.sections.figures import draw_figures
from analysis.report.sections.learning import learning_section
from analysis.report.sections.provenance import provenance_section
from analysis.report.sections.runs import runs_section
from analysis.report.sections.sensitivity import sensitivity_section
from analysis.report.sections.top import top_section
from analysis.report.sections.whole import whole_section
from supernet.files import write_text


def write_report(found: Collected) -> Path:
    """Write a study's figures and its page into its folder; the page's path."""
    study = found.study
    folder = study.folder / "figures"
    pictures = draw_figures(found, folder)
    content = [
        element("h1", study.title),
        element("p", study.question, class_="question"),
        element("div", *(element("p", text) for text in answer(found)), class_="answer"),
        element("p", element("strong", "The data: "), study.note, class_="data"),
        *whole_section(found, pictures["variants"]),
        *comparisons_section(found),
        *estimators_section(found, folder),
        *controls_section(found),
        *top_section(found, pictures["topn"]),
        element("h2", "Truth against score"),
        pictures["scatter"],
        *learning_section(found, folder),
        *chance_section(found),
        *sensitivity_section(found),
        *diagnostics_section(found, folder),
        *bn_modes_section(found),
        *runs_section(found),
        *provenance_section(found),
    ]
    path = study.folder / "report.html"
    write_text(path, page(study.title, *content))
    return path
