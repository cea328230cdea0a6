"""One HTML page for a study: its answer, tables, figures and where they came from."""

from __future__ import annotations

from pathlib import Path

from analysis.measures.collect import Collected
from analysis.report.answer import answer, assumptions
from analysis.report.page import folded, page
from analysis.report.sections.choices import bn_modes_section, controls_section, sensitivity_section
from analysis.report.sections.comparisons import comparison_tables
from analysis.report.sections.diagnostics import diagnostics_section
from analysis.report.sections.estimators import estimators_section
from analysis.report.sections.figures import draw_figures
from analysis.report.sections.leaderboard import leaderboard_section
from analysis.report.sections.overview import overview_section
from analysis.report.sections.runs import learning_section, provenance_section, runs_section
from analysis.report.sections.top import chance_section, top_section
from analysis.report.sections.whole import whole_section
from analysis.tables.html import Html, element
from supernet.files import write_text


def write_report(collected: Collected) -> Path:
    """Write a study's figures and its page into its folder; the page's path.

    The first screen has the answer, one picture and the main tables; everything else is in sections that open."""
    study = collected.study
    folder = study.folder / "figures"
    pictures = draw_figures(collected, folder)
    scatter = [element("h2", "Truth against score"), pictures["scatter"]]
    sections = [
        (whole_section(collected), "every measure of every ranking"),
        (comparison_tables(collected.differences), "all pairs, with intervals and corrected p-values"),
        (leaderboard_section(collected, folder), "every ranking: quality, cost, labels, by several truths"),
        (estimators_section(collected, folder), "supernets beside other estimators"),
        (controls_section(collected), "what masking does to training, and what to evaluation"),
        (top_section(collected, pictures["topn"]), "tau-b within the true top-N, set by set"),
        (scatter, "every architecture"),
        (learning_section(collected, folder), "tau-b against updates"),
        (chance_section(collected), "what a narrow range of truths and what luck alone would give"),
        (sensitivity_section(collected), "tau-b under other truths, coefficients and scores"),
        (diagnostics_section(collected, folder), "operations that are over- and underrated"),
        (bn_modes_section(collected), "the same weights with other BatchNorm statistics"),
        (runs_section(collected), "costs and states"),
        (provenance_section(collected), "data, configurations, code"),
    ]
    content = [
        element("h1", study.title),
        element("p", study.question, class_="question"),
        *answer_box(collected),
        element("p", element("strong", "The data: "), study.note, class_="data"),
        overview_section(collected, pictures["variants"]),
        *(folded(pieces, about) for pieces, about in sections if pieces),
    ]
    path = study.folder / "report.html"
    write_text(path, page(study.title, *content))
    return path


def answer_box(collected: Collected) -> list[Html]:
    """The answer as a list for each space, and in small print what its numbers of seeds rest on."""
    pieces = []
    answers = answer(collected)
    for one in answers:
        pieces.append(element("h3", one.title))
        pieces.append(element("ul", *(element("li", point) for point in one.points)))
    if text := assumptions(answers):
        pieces.append(
            element(
                "details", element("summary", "How the numbers of seeds are computed"), text, class_="small"
            )
        )
    return [element("div", *pieces, class_="answer")]
