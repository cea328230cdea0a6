"""The first screen under the answer: one picture, and for each space a table of its variants and one of baselines and
ceilings, the same few columns."""

from __future__ import annotations

from functools import partial
from typing import Any

from analysis.figures import topn
from analysis.figures.style import TITLES
from analysis.measures.baselines import WORDS
from analysis.measures.ceiling import CEILINGS
from analysis.measures.collect import Collected
from analysis.measures.remarks import remarks
from analysis.report.tables.study import ranking_interval
from analysis.store.study import FULL
from analysis.tables.cells import DASH, ONE_SEED, Cell, Row, missing, number
from analysis.tables.html import Html, element, html_table, safe
from analysis.tables.table import Column, Table

LABELS = WORDS | {name: f"ceiling: {label}" for name, label in CEILINGS.items()}
OPEN = 14  # rows of baselines and ceilings that are shown at once
Inside = dict[tuple[Any, ...], float | None]  # tau-b by mask and ranking


def overview_section(collected: Collected, figure: Html) -> Html:
    """The picture beside the tables, where the page is wide enough, and what the columns are."""
    pairs = [_of_space(collected, str(space)) for space in dict.fromkeys(collected.primary["space"])]
    tables = [piece for own, _ in pairs for piece in own] + [piece for _, others in pairs for piece in others]
    notes = [element("p", remark) for remark in remarks(collected)]
    parts = element("div", figure), element("div", *tables, *notes, element("p", TEXT, class_="small"))
    return element("div", *parts, class_="overview")


TEXT = (
    "tau-b: Kendall's, mean over seeds of each seed's tau-b, here and wherever this page says tau-b alone; in brackets"
    " the 95 % interval over architectures and trainings (of baselines over architectures;"
    f" {ONE_SEED}: one seed, over architectures alone). In the top: tau-b within the true top. Top 5 % found: share of"
    " the true top 5 % that is in the predicted top 5 %. Regret: best truth minus the best truth among the ten highest"
    " scores, in percentage points. Cost: training and scoring of a run. All are means over seeds."
)


def _of_space(collected: Collected, space: str) -> tuple[list[Html], list[Html]]:
    """Headings and tables: of the variants, of the baselines and ceilings."""
    variants = collected.primary[collected.primary["space"] == space]
    references = collected.references[collected.references["space"] == space]
    size, inside = _inside(collected, space)
    sets = [name for name in dict.fromkeys(variants["set"]) if isinstance(name, str)]
    several = len(sets) > 1
    masks = len(set(references["mask"])) > 1
    rows: list[Row] = []
    for row in variants.to_dict("records"):
        known = {"name": row["variant"], "inside": inside.get((row["mask"], row["variant"]))}
        rows.append(row | known | {"on": row["set"] if several and isinstance(row["set"], str) else ""})
    others: list[Row] = []
    for row in references[references["reference"].isin(LABELS) & references["tau_b"].notna()].to_dict(
        "records"
    ):
        mask = "full space" if row["mask"] == FULL else f"without {row['mask']}"
        of = ", ".join([*([mask] if masks else []), *([row["set"]] if several else [])])
        known = {"name": LABELS[row["reference"]], "inside": inside.get((row["mask"], row["reference"]))}
        others.append(row | known | {"on": of})
    columns = [
        Column("name", "Variant", words=True, format=_name),
        Column("tau_b", "tau-b [95 %]", format=_tau),
        *([Column("inside", f"in top {size}", format=_short)] if size else []),
        Column("overlap_5", "top 5 % found", format=_percent),
        Column("regret_10", "regret", format=partial(_short, digits=1)),
    ]
    own = [Column("cost", "cost", format=_cost), Column("seeds", "seeds", format=_seeds)]
    few = [Column("name", "Baseline or ceiling", words=True, format=_name), *columns[1:]]
    second = html_table(Table(few, others), weak=range(len(others)))
    if len(others) > OPEN:
        second = element("details", element("summary", f"{len(others)} baselines and ceilings"), second)
    on = f", evaluated on: {sets[0]}" if len(sets) == 1 else ""
    title = TITLES.get(space, space)
    heading = element("h3", title, element("span", on, class_="small"))
    beside = element("h3", f"{title}: baselines and ceilings")
    return [heading, html_table(Table([*columns, *own], rows))], [beside, second] if others else []


def _inside(collected: Collected, space: str) -> tuple[int | None, Inside]:
    """The largest true top of the space, and tau-b within it of its variants and references."""
    top = collected.top[collected.top["primary"].astype(bool) & (collected.top["space"] == space)]
    references = collected.top_references[collected.top_references["space"] == space]
    sizes = set(top["top"]) | set(references["top"])
    if not sizes:
        return None, {}
    size = max(sizes)
    series = topn.series_of(top[top["top"] == size])
    values: Inside = {(row["mask"], row["variant"]): row["mean"] for row in series.to_dict("records")}
    for row in references[references["top"] == size].to_dict("records"):
        values[row["mask"], row["reference"]] = row["tau_b"]
    return int(size), values


def _name(row: Row, key: str) -> object:
    if not row["on"]:
        return row[key]
    on = element("span", f"({row['on']})", class_="small")
    return Html(f"{safe(row[key])} {on}")


def _tau(row: Row, key: str) -> Cell:
    value, ends = number(row.get(key)), ranking_interval(row, f"{key}_low")
    return value if ends.value is None else Cell(f"{value.content} {ends.content}", value.value)


def _short(row: Row, key: str, digits: int = 2) -> Cell:
    return number(row.get(key), digits)


def _percent(row: Row, key: str) -> Cell:
    value: Any = row.get(key)
    return Cell(DASH) if missing(value) else Cell(f"{100 * value:.0f} %", float(value))


def _cost(row: Row, key: str) -> Cell:
    """Seconds, minutes or hours."""
    spent: list[Any] = [row.get(name) for name in ("train_seconds", "score_seconds")]
    known = [float(value) for value in spent if not missing(value)]
    if not known:
        return Cell(DASH)
    seconds = sum(known)
    for unit, scale in (("s", 1), ("min", 60), ("h", 3600)):
        if seconds < 100 * scale or unit == "h":
            amount = seconds / scale
            return Cell(f"{amount:.{0 if amount >= 10 else 1}f} {unit}", seconds)
    raise AssertionError(seconds)


def _seeds(row: Row, key: str) -> Cell:
    """'5', or '3 of 5' where runs have no numbers."""
    done, runs = int(row["finished"]), int(row["runs"])
    return Cell(str(done) if done == runs else f"{done} of {runs}", done)
