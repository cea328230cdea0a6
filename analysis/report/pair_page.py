"""The page of one pair of columns: what `correlate` says of them, with figures, in the style of a study's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.figures import scatter, style
from analysis.measures.baselines import TITLES
from analysis.measures.ceiling import CEILINGS, INSIDE
from analysis.measures.score_sets import pair_points
from analysis.measures.top_and_sample import DEFAULT, choose
from analysis.report.page import page, picture, scatter_data
from analysis.report.sections.diagnostics import pair_diagnostics_section
from analysis.report.sections.runs import analysed_with, checksum
from analysis.report.tables.pair import at_k_table, notes, ranking_tables
from analysis.store.study import FULL
from analysis.store.tables import Joined, join
from analysis.store.tables import Table as ScoreTable
from analysis.tables.cells import MINUS, Cell, interval, number, significant
from analysis.tables.html import Html, element, html_table
from analysis.tables.table import Table
from supernet.files import write_text

UNKNOWN = "not recognised: architectures are joined by their exact text"


def write_pair_report(
    path: Path,
    truth: ScoreTable,
    scores: ScoreTable,
    result: Mapping[str, Any],
    title: str | None = None,
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
        element("div", *(element("p", text) for text in _answer(result)), class_="answer"),
        element("p", element("strong", "The data: "), counts, class_="data"),
        *(element("p", element("strong", "Note: "), f"{one}.", class_="data") for one in result["notes"]),
        *_whole(result),
        *_tops(result),
        element("h2", "Truth against score"),
        _scatter(joined, scores, result, folder, note),
        *pair_diagnostics_section(joined.only(sample), scores.column, folder, result["seed"], note),
        *_provenance(truth, scores, result, folder),
    ]
    write_text(path, page(heading, *content))
    return path


def _answer(result: Mapping[str, Any]) -> list[str]:
    """The result in a sentence or three, with intervals."""
    tau = result["tau_b"]
    n = f"{result['n']:,} architecture{'s' * (result['n'] != 1)}"
    if tau["value"] is None:
        texts = [f"The scores are uninformative: {tau['note']}."]
    else:
        texts = [f"tau-b of scores and truth is {_with_interval(tau)} over {n}."]
    known = {name: entry["tau_b"] for name, entry in (result["baselines"] or {}).items()}
    if known:
        parts = [f"{TITLES[name]} {_with_interval(entry)}" for name, entry in known.items()]
        texts.append(f"Of the baselines, tau-b is: {', '.join(parts)}.")
    if result["parts"]:
        texts.append(f"Note: {result['parts']['note']}.")
    if result["missing"]:
        handled = "left out" if result["missing_handling"] == "drop" else "ranked below all others"
        texts.append(f"{result['missing']:,} architectures have a truth and no score; they are {handled}.")
    return texts


def _with_interval(entry: Mapping[str, Any]) -> str:
    around = interval(entry["low"], entry["high"])
    shown = str(number(entry["value"]).content)
    return shown if around.value is None else f"{shown} {around.content}"


def _whole(result: Mapping[str, Any]) -> list[Html]:
    """Heading, a row for the scores and one for each reference, what the columns are."""
    coefficients, others = ranking_tables(result, TITLES)
    ceilings = [
        {"ranking": f"ceiling: {CEILINGS[name]}", **one} for name, one in (result["ceiling"] or {}).items()
    ]
    baselines = range(1, len(others.rows) + len(ceilings))
    sparse = result["sparse_tau"]
    more = [
        f" Sparse tau-b, of the truth rounded down to multiples of {sparse['delta']:g}:"
        f" {number(sparse['value']).content}.",
        *(f" {text}." for text in notes(result)),
    ]
    return [
        element("h2", "All architectures"),
        html_table(replace(coefficients, rows=[*coefficients.rows, *ceilings]), weak=baselines),
        html_table(others, weak=baselines),
        element("p", f"95 %: {result['interval'].removeprefix('95 %, ')}. {WHOLE}", *more, class_="small"),
    ]


WHOLE = (
    "tau-a: that of statistics. weighted tau: pairs of better architectures have more weight. topn_mean_tau: Kendall's"
    f" formula applied to N and the mean score of the true top-N; {MINUS}1 is best; p: share of permuted scores that do"
    " at least as well. top x %: share of the true top x % that is in the predicted one. Ceilings: how well one"
    " measurement of the truth ranks another; the noise-free one is an estimate (Spearman-Brown), for Pearson only."
)


def _tops(result: Mapping[str, Any]) -> list[Html]:
    """Heading, a row for each size of the top, a row for each K, what the columns are."""
    names = {name for entry in result["top"].values() for name in entry["ceiling_tau_b"]}
    shown = [name for name in INSIDE if name in names]
    head = ["N", "tau-b in the true top", *(f"ceiling: {CEILINGS[name]}" for name in shown)]
    head += ["mean score", "missing", "tau-b in the predicted top", "best true rank", "regret"]
    rows = []
    for size in result["regret"]:
        true, predicted = result["top"].get(size, {}), result["predicted_top"].get(size, {})
        rows.append([
            Cell(size, int(size)), number(true.get("tau_b")),
            *(number(true.get("ceiling_tau_b", {}).get(name)) for name in shown),
            significant(true.get("mean_score"), 4), number(true.get("missing"), 0), number(predicted.get("tau_b")),
            number(result["best_rank"][size], 0), significant(result["regret"][size], 4),
        ])  # fmt: skip
    left_out = ", ".join(map(str, result["top_left_out"]))
    more = f" Left out, larger than the number of architectures: top {left_out}." if left_out else ""
    return [
        element("h2", "The top"),
        html_table(Table.of_cells(head, rows, words=0)),
        element("p", TOP, more, class_="small"),
        html_table(at_k_table(result, lambda value: significant(value, 4))),
        element("p", AT_K, class_="small"),
    ]


TOP = (
    "True top: the N architectures of the highest truth; missing: those of the N best of the whole truth without a"
    " score. Predicted top: the N of the highest score; best true rank and regret (best truth of all minus the best"
    " truth there, in units of the truth) are of it. Ceiling within the top: one measurement of the truth chooses the"
    " top, another plays the score."
)
AT_K = (
    "Of the predicted top K. In brackets the level by chance: the mean over all orders of the architectures (0 for"
    " tau-b). P: share of the true top (bottom) K. BR, WR: best and worst true rank, 1 is best. nDCG: linear gains, the"
    " truth minus its lowest value. Regret: in units of the truth."
)


def _scatter(joined: Joined, scores: ScoreTable, result: Mapping[str, Any], folder: Path, note: str) -> Html:
    """The picture, and in its place the points to look into."""
    chosen = pair_points(joined, result["seed"])
    top = max((int(size) for size in result["top"] if int(size) <= 50), default=min(10, len(chosen)))
    axis = joined.table.column
    figure = scatter.pair(chosen, top=top, truth=axis, score=scores.column, note=note)
    data = chosen.drop(columns=["seeds", "sampled"])
    path = style.save(figure, data, folder, "scatter")[0]
    group = {
        "space": "unknown space" if joined.space is None else joined.space.name,
        "mask": FULL,
        "variant": scores.column,
    }
    chosen = chosen.assign(**group)
    taus = chosen[list(group)].head(1).assign(tau_b=result["tau_b"]["value"])
    more = scatter_data(chosen, taus, top=top, truth=axis, titles=style.TITLES, score=scores.column)
    caption = (
        f"Truth against score, one point an architecture, n = {len(chosen):,}; in print also their places in the two"
        f" rankings. Orange: the {top} of the highest truth. {note}"
    )
    return picture(path, caption, f"Figure: {caption}", more=more)


def _path(one: ScoreTable) -> Path:
    """The file that a table was read from: its source is FILE:COLUMN, perhaps with ' where ' behind."""
    return Path(one.source.split(" where ")[0].rpartition(":")[0])


def _short(one: ScoreTable) -> str:
    """The source without the folder: a page goes to others."""
    return one.source.replace(str(_path(one)), _path(one).name, 1)


def _provenance(truth: ScoreTable, scores: ScoreTable, result: Mapping[str, Any], folder: Path) -> list[Html]:
    rows = [
        [what, element("code", _short(one)), f"{len(one.frame):,}", element("code", checksum(_path(one)))]
        for what, one in (("truth", truth), ("scores", scores))
    ]
    return [
        element("h2", "Provenance"),
        html_table(Table.of_cells(["", "File and column", "rows", "SHA-256, first 16"], rows, words=4)),
        element(
            "p", f"Missing scores: {result['missing_handling']}. Seed {result['seed']}. The figures are also in ",
            element("code", f"{folder.name}/"), " as PNG, PDF and SVG, with their data as CSV. ",
            f"Analysed with {analysed_with()}.", class_="small",
        ),
    ]  # fmt: skip
