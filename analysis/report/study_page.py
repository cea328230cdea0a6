"""One HTML page for a study: its answer, tables, figures and where they came from."""

from __future__ import annotations

from pathlib import Path

from analysis.measures.collect import Collected
from analysis.report.answer import answer
from analysis.report.page import page
from analysis.report.sections.choices import bn_modes_section, controls_section, sensitivity_section
from analysis.report.sections.comparisons import comparison_tables
from analysis.report.sections.diagnostics import diagnostics_section
from analysis.report.sections.estimators import estimators_section
from analysis.report.sections.figures import draw_figures
from analysis.report.sections.runs import learning_section, provenance_section, runs_section
from analysis.report.sections.top import chance_section, top_section
from analysis.report.sections.whole import whole_section
from analysis.tables.html import element
from supernet.files import write_text


def write_report(collected: Collected) -> Path:
    """Write a study's figures and its page into its folder; the page's path."""
    study = collected.study
    folder = study.folder / "figures"
    pictures = draw_figures(collected, folder)
    content = [
        element("h1", study.title),
        element("p", study.question, class_="question"),
        element("div", *(element("p", text) for text in answer(collected)), class_="answer"),
        element("p", element("strong", "The data: "), study.note, class_="data"),
        *whole_section(collected, pictures["variants"]),
        *comparison_tables(collected.differences),
        *estimators_section(collected, folder),
        *controls_section(collected),
        *top_section(collected, pictures["topn"]),
        element("h2", "Truth against score"),
        pictures["scatter"],
        *learning_section(collected, folder),
        *chance_section(collected),
        *sensitivity_section(collected),
        *diagnostics_section(collected, folder),
        *bn_modes_section(collected),
        *runs_section(collected),
        *provenance_section(collected),
    ]
    path = study.folder / "report.html"
    write_text(path, page(study.title, *content))
    return path
