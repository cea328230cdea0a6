"""A yardstick in every format: the tables of the FEAR paper for any study; three of them also as the paper has them.

fear-1 and fear-3: FEAR in cumulative bins of the truth beside the nearest point of short training's Pareto front, here
with the front's two neighbours in cost. fear-2: Spearman of zero-cost proxies and FEAR over all. The paper's 1 is of
CIFAR-10, its 2 of the synthetic CIFAR-10, its 3 of CIFAR-100 and ImageNet16-120.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis.measures.amortised import amortised
from analysis.measures.front import COLUMNS, FRONT, METRICS, against_front, with_intervals
from analysis.measures.yardstick import Yardstick
from analysis.report.tables.study import facts_of
from analysis.store.study import FULL, GROUP
from analysis.tables.cells import Row, missing, number, significant
from analysis.tables.table import Table
from analysis.tables.writers import write

FRAMES = ("bins", "rankings", "front", "amortised")
UNITS = {"seconds": "s", "steps": "steps", "macs": "10^6 MACs"}
SCALES = {"seconds": 1.0, "steps": 1.0, "macs": 1e-6}  # from the frames' costs to UNITS
HANDLING = {
    "common": "rankings are compared on the architectures that each of them has a score for",
    "drop": "each ranking leaves out the architectures that it has no score for",
    "worst": "an architecture without a score is ranked below all others",
}
FEAR, PROXIES = "fear", ("zero-cost", "zero-cost-while-training")
AGAINST_FRONT = ("fear-1", "fear-3")
NAMES = ("fear-1", "fear-2", "fear-3")

INSIDE = (
    "Spearman within the true top x %; in brackets, what range restriction alone leaves of the value over all"
)
COMMON = "Common ratio of the true and the predicted top x %; in brackets (ratio - x) / (1 - x), which is 0 by chance"
EACH = "Cost: once, and of an architecture (mean ± standard error); what has no score"
LEFT_OUT = (
    "; better by: than the nearest point, of Spearman with 95 %, paired over architectures; difference: at equal cost;"
    " without what costs less than the cheapest point and is no better"
)
TOTALS = "Cost of ranking so many architectures, preparation included, in seconds"

Cells = tuple[list[str], list[list[str]]]  # head and rows


def frames(yardstick: Yardstick, front: str | None, cost: str) -> dict[str, pd.DataFrame]:
    """Every number, by the names of FRAMES; no front, no rows of it."""
    against = pd.DataFrame(columns=[*FRONT, *COLUMNS])
    if front is not None:
        against = with_intervals(yardstick, against_front(yardstick.bins, front, cost))
    return {
        "bins": yardstick.bins,
        "rankings": yardstick.rankings,
        "front": against,
        "amortised": amortised(yardstick),
    }


def yardstick_text(
    yardstick: Yardstick,
    form: str,
    which: str | None = None,
    front: str | None = None,
    cost: str = "seconds",
) -> str:
    """All tables, or the one `which` of FRAMES or NAMES; csv: of one (bins if none is named). CSV and JSON have every
    number. front, cost: see analysis/measures/front.py; None: no front.

    Raises ValueError if the study has nothing for the table of the FEAR paper."""
    numbers = frames(yardstick, front, cost)
    if which in NAMES:
        chosen = {which: fear_frame(which, numbers)}
        if not len(chosen[which]):
            needs = "FEAR and a front of short training" if which in AGAINST_FRONT else "proxies or FEAR"
            name = yardstick.study.name
            raise ValueError(f"study: {name} has nothing for {which}, which needs scores of {needs}")
    else:
        chosen = {name: frame for name, frame in numbers.items() if which in (None, name)}
    study = yardstick.study
    if form in ("csv", "json"):
        facts = facts_of(study) | {"missing": yardstick.missing, "front": front, "cost": cost}
        return write(
            [Table.of_frame(frame, name=f"{name}_rows") for name, frame in chosen.items()], form, facts=facts
        )
    if which in NAMES:
        several = len(set(numbers["rankings"]["space"])) > 1
        tables = [_fear_table(which, with_names(chosen[which], several), front, cost)]
    else:
        tables = [table for table in printed(numbers, front, cost) if which in (None, table.name)]
    note = f"{study.note + '; ' if study.note else ''}{HANDLING[yardstick.missing]}"
    if form == "latex":
        caption = f". {note[:1].upper()}{note[1:]}."
        tables = [
            replace(
                table,
                name=f"{study.name}-{table.title.split(';')[0].split(':')[0]}",
                caption=table.title + caption,
            )
            for table in tables
        ]
    return write(tables, form, before=f"{study.title}\n{note}.")


def printed(numbers: dict[str, pd.DataFrame], front: str | None, cost: str) -> list[Table]:
    """The tables for a reader. numbers: of `frames`."""
    several = len(set(numbers["rankings"]["space"])) > 1
    named = {name: with_names(frame, several) for name, frame in numbers.items()}
    bins = named["bins"]
    tables = [
        _table("bins", INSIDE, _by_bin(bins, _spearman), words=2),
        _table("bins", COMMON, _by_bin(bins[bins["percent"] < 100], _common), words=2),
        _table("rankings", EACH, _costs(named)),
    ]
    if front is not None:
        for metric, title in METRICS.items():
            text = (
                f"{title}: each ranking against the Pareto front of {front}, cost in {UNITS[cost]}{LEFT_OUT}"
            )
            tables.append(_table("front", text, _front(named["front"], metric, cost), words=2))
    return [*tables, _table("amortised", TOTALS, _amortised(named["amortised"]), words=2)]


def fear_frame(name: str, numbers: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every number of a table of NAMES: rows of the frames (of `frames`) that it is made of."""
    if name in AGAINST_FRONT:
        return numbers["front"][numbers["front"]["kind"] == FEAR]
    bins = numbers["bins"]
    return bins[(bins["percent"] == 100) & bins["kind"].isin([FEAR, *PROXIES])]


def with_names(frame: pd.DataFrame, several: bool) -> pd.DataFrame:
    """The frame with 'name': the variant, its mask if it has one, and its space if there are several."""
    if not len(frame):
        return frame.assign(name="")

    def name(row: Any) -> str:
        words = [row["space"]] * several + [f"without {row['mask']}"] * (row["mask"] != FULL)
        return f"{row['variant']} [{', '.join(words)}]" if words else str(row["variant"])

    return frame.assign(name=frame.apply(name, axis=1))


def _table(name: str, title: str, cells: Cells, words: int = 1) -> Table:
    return Table.of_cells(*cells, words=words, name=name, title=title)


def _fear_table(name: str, frame: pd.DataFrame, front: str | None, cost: str) -> Table:
    if name in AGAINST_FRONT:
        title = f"FEAR and the nearest point of the Pareto front of {front}: quality, cost in {UNITS[cost]}"
        return _table(name, title, _against(frame, cost))
    head = ["ranking", "Spearman", "95 %", "n"]
    rows = [
        [row["name"], fixed(row["spearman"]), _interval(row), short(row["n"])]
        for row in frame.to_dict("records")
    ]
    return _table(name, "Spearman over all", (head, rows))


def short(value: Any, digits: int = 3) -> str:
    """A number with so many significant digits; '-' for none."""
    return "-" if missing(value) else str(significant(value, digits).content)


def fixed(value: Any, digits: int = 3, sign: str = "") -> str:
    """A number with so many digits after the point; '-' for none."""
    return "-" if missing(value) else str(number(value, digits, sign).content)


def with_error(mean: Any, error: Any, scale: float = 1.0) -> str:
    """'12.3 ± 0.4', both times `scale`."""
    if missing(error):
        return short(mean if mean is None else scale * mean)
    return f"{short(scale * mean)} ± {short(scale * error, 2)}"


def _interval(row: Row) -> str:
    return f"[{fixed(row['spearman_low'], 2)}, {fixed(row['spearman_high'], 2)}]"


def _spearman(row: Row) -> str:
    if row["percent"] == 100:
        return fixed(row["spearman"])
    return f"{fixed(row['spearman'])} ({fixed(row['spearman_reference'], 2)})"


def _common(row: Row) -> str:
    return f"{fixed(row['common'])} ({fixed(row['corrected'], 2)})"


def _by_bin(bins: pd.DataFrame, cell: Callable[[Row], str]) -> Cells:
    percents = sorted(set(bins["percent"]))
    rows = []
    for _, group in bins.groupby(GROUP, sort=False):
        by_percent = {row["percent"]: row for row in group.to_dict("records")}
        first = group.iloc[0]
        cells = [cell(by_percent[x]) if x in by_percent else "-" for x in percents]
        rows.append([first["name"], first["kind"], str(first["n"]), *cells])
    return ["ranking", "kind", "n", *(f"{x} %" for x in percents)], rows


def _costs(named: dict[str, pd.DataFrame]) -> Cells:
    whole = named["bins"][named["bins"]["percent"] == 100]
    by_ranking = {tuple(row[name] for name in GROUP): row for row in whole.to_dict("records")}
    rows = []
    for row in named["rankings"].to_dict("records"):
        each = by_ranking.get(tuple(row[name] for name in GROUP), {})
        rows.append([
            row["name"], f"{row['finished']}/{row['seeds']}", f"{row['scored']}/{row['n']}",
            short(row["prepare_seconds"]),
            *(with_error(each.get(name), each.get(f"{name}_se")) for name in ("seconds", "steps")),
            with_error(each.get("macs"), None, SCALES["macs"]),
            "; ".join(text for text in (row["statuses"], row["note"]) if text),
        ])  # fmt: skip
    return ["ranking", "seeds", "scored", "once s", *UNITS.values(), "no score"], rows


def _front(frame: pd.DataFrame, metric: str, cost: str) -> Cells:
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


def _paired(row: Row) -> str:
    """'+0.01 [-0.02, 0.04]': against the nearest point, with its paired interval where there is one."""
    difference = fixed(row["value"] - row["nearest_value"], 2, "+")
    if missing(row["nearest_low"]):
        return difference
    return f"{difference} [{fixed(row['nearest_low'], 2)}, {fixed(row['nearest_high'], 2)}]"


def _amortised(frame: pd.DataFrame) -> Cells:
    counts = sorted(set(frame.loc[~frame["all"].astype(bool), "architectures"]))
    rows = []
    for _, group in frame.groupby(GROUP, sort=False):
        first = group.to_dict("records")[0]
        seconds = dict(zip(group["architectures"], group["seconds"], strict=True))
        most = group["architectures"].max()
        rows.append([
            first["name"], first["kind"], fixed(first["spearman"]), _interval(first), fixed(first["tau_b"]),
            *(short(seconds.get(count)) for count in counts), short(seconds[most]), f"{most:,}",
        ])  # fmt: skip
    head = ["ranking", "kind", "Spearman", "95 %", "tau-b", *(f"{count:,}" for count in counts), "all", "of"]
    return head, rows


def _against(frame: pd.DataFrame, cost: str) -> Cells:
    head = ["ranking", "top %"]
    for title in METRICS.values():
        head += [title, "nearest", "cheaper", "dearer"]
    rows = []
    order = list(frame["name"])
    ordered = frame.sort_values("percent", kind="stable")
    ordered = ordered.sort_values("name", key=lambda names: names.map(order.index), kind="stable")
    for (name, percent), group in ordered.groupby(["name", "percent"], sort=False):
        by_metric = {row["metric"]: row for row in group.to_dict("records")}
        cells = [
            _quality(by_metric.get(metric), point, cost)
            for metric in METRICS
            for point in ("", "nearest_", "below_", "above_")
        ]
        rows.append([str(name), str(percent), *cells])
    return head, rows


def _quality(row: Row | None, point: str, cost: str) -> str:
    """'0.16 (138 ± 2.2)': a quality and what it cost; '-' where there is no such point."""
    if row is None or missing(row[f"{point}value"]):
        return "-"
    spent = with_error(row[f"{point}cost"], row[f"{point}cost_se"], SCALES[cost])
    return f"{fixed(row[f'{point}value'], 2)} ({spent})"
