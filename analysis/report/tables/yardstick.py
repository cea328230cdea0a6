"""A yardstick as text: the FEAR paper's tables of any study, in five formats."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from analysis.measures.amortised import amortised
from analysis.measures.front import COLUMNS, FRONT, METRICS, against_front, with_intervals
from analysis.measures.yardstick import Yardstick
from analysis.report.tables import latex
from analysis.report.tables.pair import aligned, as_json, frame_text, records
from analysis.report.tables.safe_text import markdown_table
from analysis.store.study import FULL, GROUP

FRAMES = ("bins", "rankings", "front", "amortised")
UNITS = {"seconds": "s", "steps": "steps", "macs": "10^6 MACs"}
SCALES = {"seconds": 1.0, "steps": 1.0, "macs": 1e-6}  # from the frames' costs to UNITS
HANDLING = {
    "common": "rankings are compared on the architectures that each of them has a score for",
    "drop": "each ranking leaves out the architectures that it has no score for",
    "worst": "an architecture without a score is ranked below all others",
}


INSIDE = (
    "Spearman inside the true top x %; in brackets, what range restriction alone leaves of the value over all"
)
COMMON = "Common ratio of the true and the predicted top x %; in brackets (ratio - x) / (1 - x), which is 0 by chance"
EACH = "Cost: once, and of an architecture (mean ± standard error); what has no score"
LEFT_OUT = (
    "; better by: than the nearest point, of Spearman with 95 %, paired over architectures; difference: at equal cost;"
    " without what costs less than the cheapest point and is no better"
)


class Printed(NamedTuple):
    """A table of texts. words: how many columns from the left are words."""

    name: str
    title: str
    head: list[str]
    rows: list[list[str]]
    words: int = 1


def frames(found: Yardstick, front: str | None, cost: str) -> dict[str, pd.DataFrame]:
    """Every number, by the names of FRAMES; no front, no rows of it."""
    against = pd.DataFrame(columns=[*FRONT, *COLUMNS])
    if front is not None:
        against = with_intervals(found, against_front(found.bins, front, cost))
    return {"bins": found.bins, "rankings": found.rankings, "front": against, "amortised": amortised(found)}


def yardstick_text(
    found: Yardstick, form: str, which: str | None = None, front: str | None = None, cost: str = "seconds"
) -> str:
    """All tables, or the one `which` of FRAMES, as 'text', 'markdown', 'latex', 'csv' (of one: bins if none is named)
    or 'json'; the last two with every number. front, cost: see analysis/measures/front.py; None: no front."""
    own = frames(found, front, cost)
    if form == "csv":
        return frame_text(own[which or "bins"], form)
    if form == "json":
        chosen = {name: frame for name, frame in own.items() if which in (None, name)}
        return numbers(found, chosen, front, cost)
    tables = [table for table in printed(own, front, cost) if which in (None, table.name)]
    return written(found, form, tables)


def numbers(found: Yardstick, own: dict[str, pd.DataFrame], front: str | None, cost: str) -> str:
    """Every number of these frames as JSON."""
    study = found.study
    facts = {"study": study.name, "title": study.title, "note": study.note, "missing": found.missing}
    rows = {f"{name}_rows": records(frame) for name, frame in own.items()}
    return as_json(facts | {"front": front, "cost": cost} | rows)


def written(found: Yardstick, form: str, tables: Sequence[Printed]) -> str:
    """The tables as 'text', 'markdown' or 'latex'."""
    study = found.study
    note = f"{study.note + '; ' if study.note else ''}{HANDLING[found.missing]}"
    if form == "latex":
        return "\n\n".join(_latex(table, study.name, note) for table in tables if table.rows)
    parts = [f"{study.title}\n{note}."]
    for table in tables:
        cells = [table.head, *table.rows]
        body = aligned(cells, range(table.words)) if form == "text" else markdown_table(cells)
        parts.append(f"{table.title}\n\n{body if table.rows else 'nothing to show'}")
    return "\n\n".join(parts)


def printed(own: dict[str, pd.DataFrame], front: str | None, cost: str) -> list[Printed]:
    """The tables for a reader. own: of `frames`."""
    several = len(set(own["rankings"]["space"])) > 1
    own = {name: named(frame, several) for name, frame in own.items()}
    bins = own["bins"]
    tables = [
        Printed("bins", INSIDE, *_by_bin(bins, _spearman), words=2),
        Printed("bins", COMMON, *_by_bin(bins[bins["percent"] < 100], _common), words=2),
        Printed("rankings", EACH, *_costs(own)),
    ]
    if front is not None:
        for metric, title in METRICS.items():
            text = (
                f"{title}: each ranking against the Pareto front of {front}, cost in {UNITS[cost]}{LEFT_OUT}"
            )
            tables.append(Printed("front", text, *_front(own["front"], metric, cost), words=2))
    text = "Cost of ranking so many architectures, preparation included, in seconds"
    return [*tables, Printed("amortised", text, *_amortised(own["amortised"]), words=2)]


def named(frame: pd.DataFrame, several: bool) -> pd.DataFrame:
    """The frame with 'name': the variant, its mask if it has one, and its space if there are several."""
    if not len(frame):
        return frame.assign(name="")

    def name(row: Any) -> str:
        words = [row["space"]] * several + [f"without {row['mask']}"] * (row["mask"] != FULL)
        return f"{row['variant']} [{', '.join(words)}]" if words else str(row["variant"])

    return frame.assign(name=frame.apply(name, axis=1))


def short(value: Any, digits: int = 3) -> str:
    """A number with so many significant digits; '-' for none."""
    if value is None or pd.isna(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 10**digits - 0.5 else f"{value:.{digits}g}"


def fixed(value: Any, digits: int = 3, sign: str = "") -> str:
    return "-" if value is None or pd.isna(value) else f"{value:{sign}.{digits}f}"


def with_error(mean: Any, error: Any, scale: float = 1.0) -> str:
    """'12.3 ± 0.4', both times `scale`."""
    if error is None or pd.isna(error):
        return short(mean if mean is None else scale * mean)
    return f"{short(scale * mean)} ± {short(scale * error, 2)}"


def _spearman(row: dict[Any, Any]) -> str:
    if row["percent"] == 100:
        return fixed(row["spearman"])
    return f"{fixed(row['spearman'])} ({fixed(row['spearman_reference'], 2)})"


def _common(row: dict[Any, Any]) -> str:
    return f"{fixed(row['common'])} ({fixed(row['corrected'], 2)})"


def _by_bin(bins: pd.DataFrame, cell: Callable[[dict[Any, Any]], str]) -> tuple[list[str], list[list[str]]]:
    percents = sorted(set(bins["percent"]))
    rows = []
    for _, group in bins.groupby(GROUP, sort=False):
        by_percent = {row["percent"]: row for row in group.to_dict("records")}
        first = group.iloc[0]
        cells = [cell(by_percent[x]) if x in by_percent else "-" for x in percents]
        rows.append([first["name"], first["kind"], str(first["n"]), *cells])
    return ["ranking", "kind", "n", *(f"{x} %" for x in percents)], rows


def _costs(own: dict[str, pd.DataFrame]) -> tuple[list[str], list[list[str]]]:
    whole = own["bins"][own["bins"]["percent"] == 100]
    of = {tuple(row[name] for name in GROUP): row for row in whole.to_dict("records")}
    rows = []
    for row in own["rankings"].to_dict("records"):
        each = of.get(tuple(row[name] for name in GROUP), {})
        costs = [with_error(each.get(name), each.get(f"{name}_se")) for name in ("seconds", "steps")]
        costs.append(with_error(each.get("macs"), None, SCALES["macs"]))
        ended = f"{row['finished']}/{row['seeds']}"
        missing = "; ".join(text for text in (row["statuses"], row["note"]) if text)
        rows.append(
            [
                row["name"],
                ended,
                f"{row['scored']}/{row['n']}",
                short(row["prepare_seconds"]),
                *costs,
                missing,
            ]
        )
    return ["ranking", "seeds", "scored", "once s", *UNITS.values(), "no score"], rows


def _front(frame: pd.DataFrame, metric: str, cost: str) -> tuple[list[str], list[list[str]]]:
    unit, scale = UNITS[cost], SCALES[cost]
    head = ["ranking", "nearest of the front", "top %", "value", unit, "nearest", f"its {unit}", "better by"]
    head += ["front there", "difference", f"front's {unit} for it", "times"]
    known = frame["difference"].notna() | frame["cost_there"].notna()
    chosen = frame[(frame["metric"] == metric) & known]
    if metric == "common":
        chosen = chosen[chosen["percent"] < 100]  # always 1
    rows = []
    for _, group in chosen.groupby(GROUP, sort=False):
        for row in group.sort_values("percent").to_dict("records"):
            rows.append([
                row["name"], row["nearest_variant"], str(row["percent"]), fixed(row["value"]),
                with_error(row["cost"], row["cost_se"], scale), fixed(row["nearest_value"]),
                with_error(row["nearest_cost"], row["nearest_cost_se"], scale), _paired(row), fixed(row["value_there"]),
                fixed(row["difference"], sign="+"), with_error(row["cost_there"], None, scale), short(row["times"]),
            ])  # fmt: skip
    return head, rows


def _paired(row: dict[Any, Any]) -> str:
    """'+0.01 [-0.02, 0.04]': against the nearest point, with its paired interval where there is one."""
    difference = fixed(row["value"] - row["nearest_value"], 2, "+")
    if pd.isna(row["nearest_low"]):
        return difference
    return f"{difference} [{fixed(row['nearest_low'], 2)}, {fixed(row['nearest_high'], 2)}]"


def _amortised(frame: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    counts = sorted(set(frame.loc[~frame["all"].astype(bool), "architectures"]))
    rows = []
    for _, group in frame.groupby(GROUP, sort=False):
        first = group.iloc[0]
        interval = f"[{fixed(first['spearman_low'], 2)}, {fixed(first['spearman_high'], 2)}]"
        seconds = dict(zip(group["architectures"], group["seconds"], strict=True))
        most = group["architectures"].max()
        totals = [*(short(seconds.get(count)) for count in counts), short(seconds[most]), f"{most:,}"]
        rows.append(
            [first["name"], first["kind"], fixed(first["spearman"]), interval, fixed(first["tau_b"]), *totals]
        )
    return [
        "ranking",
        "kind",
        "Spearman",
        "95 %",
        "tau-b",
        *(f"{count:,}" for count in counts),
        "all",
        "of",
    ], rows


def _latex(table: Printed, study: str, note: str) -> str:
    def cell(text: str) -> str:
        return latex.escape("" if text == "-" else re.sub(r"-(?=\d)", "\N{MINUS SIGN}", text))

    rows = [[*map(latex.escape, row[: table.words]), *map(cell, row[table.words :])] for row in table.rows]
    name = "".join(c if c.isalnum() else "-" for c in f"{study}-{table.title.split(';')[0].split(':')[0]}")
    return latex.latex_table(
        [latex.escape(text) for text in table.head],
        [("", rows)],
        caption=f"{table.title}. {note[:1].upper()}{note[1:]}.",
        label=f"tab:{name}",
        words=table.words,
    )
