"""One HTML page for one pair of user files: what `correlate` says of them, with figures, in the style of a study's."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures import pair, style
from analysis.measures.score_sets import points
from analysis.measures.top_and_sample import DEFAULT, choose
from analysis.report.page import Html, element, page, picture, scatter_data, table
from analysis.report.sections.pair import answer_text, tops_section, whole_section
from analysis.report.sections.pair_diagnostics import pair_diagnostics_section
from analysis.report.sections.provenance import VERSIONS
from analysis.statistics.topn import by_score
from analysis.store.study import FULL
from analysis.store.tables import Joined, Table, join
from supernet.files import digest, write_text

UNKNOWN = "not recognised: architectures are joined by their exact text"


def write_pair_report(
    path: Path, truth: Table, scores: Table, result: Mapping[str, Any], title: str | None = None
) -> Path:
    """Write the page of `result`, which is `correlate(truth, scores, ...)`, and its figures beside it in
    <name>_figures/; the path. title: of the page, None for the names of the two columns.

    Raises ValueError for a path that does not end in .html."""
    if path.suffix != ".html":
        raise ValueError(f"report: {str(path)!r} does not end in .html")
    joined = join(truth, scores, result["missing_handling"])
    used = result["parts"]["used"] if result["parts"] else DEFAULT
    _, compared, sample = choose(truth, joined, None if used == DEFAULT else used)
    joined = joined.only(compared)
    folder = path.with_name(f"{path.stem}_figures")
    note = f"Truth: {_short(truth)}. Ties: {result['ties']}; seed {result['seed']}."
    space = style.TITLES.get(result["space"], UNKNOWN)
    counts = (
        f"{result['n']:,} architectures compared; {result['missing']:,} with truth and no score; {result['unknown']:,}"
        f" scored and not in the truth; {result['truth_missing']:,} without a finite truth, left out. Space: {space}."
    )
    heading = title or f"{scores.column} against {truth.column}"
    content = [
        element("h1", heading),
        element("p", "How well do these scores rank the architectures?", class_="question"),
        element("div", *(element("p", text) for text in answer_text(result)), class_="answer"),
        element("p", element("strong", "The data: "), counts, class_="data"),
        *(element("p", element("strong", "Note: "), f"{one}.", class_="data") for one in result["notes"]),
        *whole_section(result),
        *tops_section(result),
        element("h2", "Truth against score"),
        _scatter(joined, scores, result, folder, note),
        *pair_diagnostics_section(joined.only(sample), scores.column, folder, result["seed"], note),
        *_provenance(truth, scores, result, folder),
    ]
    write_text(path, page(heading, *content))
    return path


def _scatter(joined: Joined, scores: Table, result: Mapping[str, Any], folder: Path, note: str) -> Html:
    """The picture, and in its place the points to look into. Missing scores have no point, whatever their rank."""
    kept = joined.scored
    texts = joined.frame["arch"][kept].tolist()
    truth, score = joined.truth[kept], joined.score[kept]
    found = points(texts, truth, score, np.ones(len(texts), dtype=bool), seeds=0)
    place = np.empty(len(texts), dtype=int)
    place[by_score(score, result["seed"])] = np.arange(1, len(texts) + 1)
    found = found.assign(score_place=place)
    top = max((int(size) for size in result["top"] if int(size) <= 50), default=min(10, len(texts)))
    axis = joined.table.column
    figure = pair.pair(found, top=top, truth=axis, score=scores.column, note=note)
    data = found.drop(columns=["seeds", "sampled"])
    path = style.save(figure, data, folder, "scatter")[0]
    group = {
        "space": "unknown space" if joined.space is None else joined.space.name,
        "mask": FULL,
        "variant": scores.column,
    }
    found = found.assign(**group)
    taus = found[list(group)].head(1).assign(tau_b=result["tau_b"]["value"])
    more = scatter_data(found, taus, top=top, truth=axis, titles=style.TITLES, score=scores.column)
    caption = (
        f"Truth against score, one point an architecture, n = {len(found):,}; in print also their places in the two"
        f" rankings. Orange: the {top} of the highest truth. {note}"
    )
    return picture(path, caption, f"Figure: {caption}", more=more)


def _path(one: Table) -> Path:
    """The file that a table was read from: its source is FILE:COLUMN, perhaps with ' where ' behind."""
    return Path(one.source.split(" where ")[0].rpartition(":")[0])


def _short(one: Table) -> str:
    """The source without the folder: a page goes to others."""
    return one.source.replace(str(_path(one)), _path(one).name, 1)


def _provenance(truth: Table, scores: Table, result: Mapping[str, Any], folder: Path) -> list[Html]:
    rows = []
    for what, one in (("truth", truth), ("scores", scores)):
        path = _path(one)
        checksum = digest(path)[:16] if path.is_file() else "absent"
        rows.append([what, element("code", _short(one)), f"{len(one.frame):,}", element("code", checksum)])
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return [
        element("h2", "Provenance"),
        table(["", "File and column", "rows", "SHA-256, first 16"], rows, words=4),
        element(
            "p", f"Missing scores: {result['missing_handling']}. Seed {result['seed']}. The figures are also in ",
            element("code", f"{folder.name}/"), " as PNG, PDF and SVG, with their data as CSV. ",
            f"Analysed with Python {platform.python_version()}, {versions}.", class_="small",
        ),
    ]  # fmt: skip
