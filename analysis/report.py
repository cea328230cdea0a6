"""One HTML page for a study: its answer, tables, figures and where they came from."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.answer import answer
from analysis.collect import Collected
from analysis.correlate import BASELINES
from analysis.diagnostics_section import diagnostics_section
from analysis.differences import verdict_both_ways
from analysis.figures import style, topn
from analysis.figures.draw import draw_figures
from analysis.page import Html, element, page, table
from analysis.study import FULL, NOT_RUN
from analysis.text import CEILINGS
from supernet.files import write_text

VERSIONS = ("numpy", "scipy", "pandas", "matplotlib")
MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
Cells = Callable[[dict[Any, Any]], list[str]]
LABELS = {"params": "params as a ranking", "macs": "MACs as a ranking"} | {
    name: f"ceiling: {label}" for name, label in CEILINGS.items()
}


def write_report(found: Collected) -> Path:
    """Write a study's figures and its page into its folder; the page's path."""
    study = found.study
    pictures = draw_figures(found, study.folder / "figures")
    primary = found.primary
    path = study.folder / "report.html"
    content = [
        element("h1", study.title),
        element("p", study.question, class_="question"),
        element("div", *(element("p", text) for text in answer(found)), class_="answer"),
        element("p", element("strong", "The data: "), study.note, class_="data"),
        element("h2", "All architectures"),
        _whole(found, primary),
        element("p", WHOLE_TEXT, class_="small"),
        pictures["variants"],
        *_controls(found),
        element("h2", "The top"),
        _top(found, primary),
        element("p", TOP_TEXT, *_left_out(found), class_="small"),
        pictures["topn"],
        element("h2", "Truth against score"),
        pictures["scatter"],
        *diagnostics_section(found, study.folder / "figures"),
        *_bn_modes(found),
        element("h2", "Runs"),
        _costs(primary),
        _runs(found),
        element("h2", "Provenance"),
        *_provenance(found),
    ]
    write_text(path, page(study.title, *content))
    return path


def _number(value: Any, digits: int = 3) -> str:
    return DASH if value is None or pd.isna(value) else f"{value:.{digits}f}".replace("-", MINUS)


def _with_std(row: Mapping[Any, Any], name: str, digits: int = 3) -> str:
    std = row.get(f"{name}_std")
    return _number(row.get(name), digits) + (
        "" if std is None or pd.isna(std) else f" ± {_number(std, digits)}"
    )


def _interval(row: Mapping[Any, Any]) -> str:
    if row.get("tau_b_low") is None or pd.isna(row.get("tau_b_low")):
        return DASH
    return f"[{_number(row['tau_b_low'])}, {_number(row['tau_b_high'])}]"


def _tables(
    found: Collected, kinds: pd.DataFrame, names: Sequence[str], head: Sequence[str], cells: Cells
) -> Html:
    """A table for each space: its variants, then in grey the references `names`; `cells`: the numbers."""
    pieces: list[Html] = []
    for space, group in kinds.groupby("space", sort=False) if len(kinds) else ():
        references = found.references[found.references["space"] == space]
        references = references[references["reference"].isin(names)]
        several = len(set(references["mask"])) > 1
        lines = [[row["variant"], *cells(row)] for row in group.to_dict("records")]
        weak = range(len(lines), len(lines) + len(references))
        for row in references.to_dict("records"):
            mask = row["mask"] if row["mask"] == FULL else f"without {row['mask']}"
            lines.append([LABELS[row["reference"]] + (f" ({mask})" if several else ""), *cells(row)])
        pieces += [
            element("h3", style.TITLES.get(str(space), space)),
            table(["Ranking", *head], lines, weak=weak),
        ]
    return Html("".join(pieces))


def _whole(found: Collected, kinds: pd.DataFrame) -> Html:
    head = [
        "tau-b", "95 %", "tau-b of the mean score", "tau-b by loss", "Spearman", "Pearson", "weighted tau",
        "seeds", "n", "missing",
    ]  # fmt: skip

    def cells(row: dict[Any, Any]) -> list[str]:
        return [
            _with_std(row, "tau_b"),
            _interval(row),
            _number(row.get("seedmean_tau_b")),
            _with_std(row, "tau_b_loss"),
            _with_std(row, "spearman"),
            _with_std(row, "pearson"),
            _with_std(row, "weighted_tau"),
            _number(row.get("finished"), 0),
            _number(row.get("n"), 0),
            _number(row.get("missing"), 0),
        ]

    return _tables(found, kinds, list(LABELS), head, cells)


WHOLE_TEXT = (
    "Mean ± standard deviation over seeds. 95 %: interval of the mean over architectures; it does not cover"
    " other seeds. By loss: the same scoring's loss as the score, the lowest best. n: architectures scored by"
    " every finished seed. missing: architectures with truth and no score (the most of any seed), left out. The"
    " noise-free ceiling is an estimate (Spearman-Brown), for Pearson only."
)


def _controls(found: Collected) -> list[Html]:
    """Trained with a mask against only judged under it, if the study has both."""
    if not len(found.controls):
        return []
    rows = []
    for row in found.controls.to_dict("records"):
        interval = f"[{_number(row['low'])}, {_number(row['high'])}]"
        numbers = [_number(row["difference"]), interval, _number(row["n"], 0)]
        rows.append([_space(row), row["leader"], row["other"], *numbers, verdict_both_ways(row)])
    head = ["Space", "Trained", "Only evaluated", "difference of tau-b", "95 %", "n", "Trained so, it is"]
    return [
        element("h2", "Trained without, or only evaluated without"),
        table(head, rows, words=3),
        element("p", CONTROL_TEXT, class_="small"),
    ]


CONTROL_TEXT = (
    "A supernet trained without some operations and one trained with them, both judged on the same architectures, that"
    " have none of them. The difference is the training's; what tau-b gains beyond it is the narrower evaluation set's."
    " 95 %: over architectures. Better or worse also takes Welch's test over seeds."
)


def _top(found: Collected, kinds: pd.DataFrame) -> Html:
    series = topn.series_of(found.top[found.top["primary"].astype(bool)])
    inside = {(r["space"], r["mask"], r["variant"], r["top"]): r for r in series.to_dict("records")}
    reference = {
        (r["space"], r["mask"], r["reference"], r["top"]): r["tau_b"]
        for r in found.top_references.to_dict("records")
    }
    sizes = [
        size for size in found.study.top if size in set(series["top"]) | set(found.top_references["top"])
    ]
    names = ["topn_mean_tau", "of the mean score (p)", "overlap top 5 %", "regret@10"]
    head = [*(f"tau-b top {n}" for n in sizes), *names]

    def cells(row: dict[Any, Any]) -> list[str]:
        if "variant" in row:
            values = [inside.get((row["space"], row["mask"], row["variant"], n), {}) for n in sizes]
            taus = [_with_std({"tau": v.get("mean"), "tau_std": v.get("std")}, "tau") for v in values]
            p = f"{_number(row.get('seedmean_topn_mean_tau'), 2)} ({_number(row.get('seedmean_topn_p'))})"
        else:
            taus = [_number(reference.get((row["space"], row["mask"], row["reference"], n))) for n in sizes]
            p = f"({_number(row.get('topn_p'))})" if row["reference"] in BASELINES else DASH
        rest = [
            _with_std(row, "topn_mean_tau", 2),
            p,
            _with_std(row, "overlap_5"),
            _with_std(row, "regret_10", 2),
        ]
        return [*taus, *rest]

    return _tables(found, kinds, [*BASELINES, "seed_to_seed"], head, cells)


TOP_TEXT = (
    "tau-b top N: inside the true top-N. topn_mean_tau: Kendall's formula between N and the mean score of"
    f" the true top-N; {MINUS}1 is best. This is the tau_a of the single-path ranking study, not the tau-a"
    " of statistics. p: share of shuffled scores that do at least as well; with six sets, unrelated scores"
    f" reach {MINUS}1 in about 3 % of cases. overlap: share of the true top 5 % that is in the predicted top"
    " 5 % (5 % by chance). regret@10: best truth less the best among the ten with the highest score, in"
    " percentage points."
)


def _left_out(found: Collected) -> list[str]:
    sizes = [size for size in found.study.top if size not in set(found.top_references["top"])]
    return [f" Left out, larger than the truth: top {', '.join(map(str, sizes))}."] if sizes else []


def _space(row: Mapping[Any, Any]) -> str:
    return style.TITLES.get(row["space"], row["space"])


def _bn_modes(found: Collected) -> list[Html]:
    """A table of all BatchNorm modes, if more than the study's own was scored."""
    if len(set(found.variants["bn_mode"])) < 2:
        return []
    rows = []
    for row in found.variants[found.variants["trained_as"].isna()].to_dict("records"):
        mode = row["bn_mode"] + (" (used above)" if row["primary"] else "")
        taus = [
            _with_std(row, "tau_b"),
            _interval(row),
            _with_std(row, "tau_b_loss"),
            _with_std(row, "spearman"),
        ]
        rows.append([_space(row), row["variant"], mode, *taus, _with_std(row, "mean_score", 2)])
    head = [
        "Space",
        "Variant",
        "BatchNorm when scoring",
        "tau-b",
        "95 %",
        "tau-b by loss",
        "Spearman",
        "mean score (%)",
    ]
    text = "The same checkpoints, scored with other BatchNorm statistics."
    return [element("h2", "BatchNorm modes"), element("p", text), table(head, rows, words=3)]


def _costs(kinds: pd.DataFrame) -> Html:
    rows = []
    for row in kinds[kinds["trained_as"].isna()].to_dict("records"):
        states = [row["finished"], row["diverged"], row["failed"], row["runs_missing"]]
        seconds = [_number(row["train_seconds"], 1), _number(row["score_seconds"], 1)]
        numbers = [_with_std(row, "mean_score", 2), _number(row["updates"], 0), *seconds]
        rows.append([_space(row), row["variant"], row["mask"], *states, *numbers])
    head = ["Space", "Variant", "Mask", "finished", "diverged", "failed", "not run yet"]
    return table([*head, "mean score (%)", "updates", "training (s)", "scoring (s)"], rows, words=3)


def _runs(found: Collected) -> Html:
    rows = []
    once = found.runs["primary"].astype(bool) & found.runs["trained_as"].isna()
    for row in found.runs[once].to_dict("records"):
        state = row["state"].replace("missing", NOT_RUN)
        reason = "" if pd.isna(row["reason"]) or row["reason"] == NOT_RUN else row["reason"]
        words = [row["variant"], _space(row), row["seed"], element("code", row["run_id"]), state, reason]
        rows.append([*words, _number(row["tau_b"]), _number(row["n"], 0), _number(row["missing"], 0)])
    head = ["Variant", "Space", "Seed", "Run", "State", "Reason", "tau-b", "n", "missing"]
    return table(head, rows, words=6)


def _provenance(found: Collected) -> list[Html]:
    rows = []
    for name, truth in found.study.truths.items():
        digest = (
            hashlib.sha256(truth.path.read_bytes()).hexdigest()[:16] if truth.path.is_file() else "absent"
        )
        size = (
            f"{truth.size.channels} channels, {truth.size.cells_per_stage} cells a stage"
            if truth.size
            else "published"
        )
        cells = [
            style.TITLES.get(name, name),
            truth.title,
            element("code", truth.path.name),
            element("code", truth.column),
        ]
        rows.append([*cells, element("code", digest), size])
    sizes = dict.fromkeys(
        (run.space.name, ", ".join(f"{key} {value}" for key, value in run.size.items()))
        for run in found.study.runs
    )
    supernets = "; ".join(f"{style.TITLES.get(space, space)}: {text}" for space, text in sizes)
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return [
        table(["Space", "Truth", "File", "Column", "SHA-256, first 16", "Networks"], rows, words=6),
        element("p", f"Supernets: {supernets}. ", class_="small"),
        element(
            "p", "Each run's folder is named by the hash of its configuration. The figures are also in ",
            element("code", "figures/"), " as PNG, PDF and SVG, with their data as CSV. ",
            f"Analysed with Python {platform.python_version()}, {versions}.", class_="small",
        ),
    ]  # fmt: skip
