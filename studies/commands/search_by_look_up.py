"""`studies search TABLE --method random,evolution,...`: searches over a table that look every training up."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analysis.measures.search import compared, ended_early, incumbents
from analysis.store import search as store
from analysis.store.column_names import LATENCY
from analysis.store.search import SearchResults
from analysis.store.truth_table import curves_path
from analysis.tables import Cell, Column, Table, fixed, write
from analysis.tables.cells import Row, interval
from analysis.user_tables.table import lower_may_be_better
from analysis.user_tables.truth_file import COSTS
from studies.commands.plan import check_workers
from studies.commands.search import ALL, GUIDED, TRAINED, replace_former
from studies.running.lock import lock_output
from studies.running.parallel import default_workers
from studies.running.progress import Progress
from studies.search.bench import Search
from studies.search.guided import SETTINGS, Context, guided
from studies.search.look_up import all_searches, content_of
from studies.search.methods import METHODS, SLOW, with_settings
from studies.search.source import read_source
from studies.search.units import LOOKED_UP
from studies.truth import table

LIMITED = (*COSTS, LATENCY)
COMPUTED = ("darts-pt:", "iterative-teacher:")  # methods whose names alone set off some training
MOST = 1_000_000  # trainings of a search
SHARES = (0.1, 0.3, 1.0)  # of the budget, at which methods are compared
SPELLING = ("space", "dialect", "arch_column")
EXPECTED = "random, in expectation"
WORKERS_FROM = 20  # searches; fewer are done before a worker process has started


def search(args: argparse.Namespace, names: Sequence[str]) -> int:
    """Run the searches, save their events, print what they found."""
    costs = _check(args)
    path = Path(args.table) if Path(args.table).is_file() else table.resolve(args.table)
    if ALL in names:
        whole = [name for name in METHODS if name not in SLOW]
        whole = [name for name in whole if name != "hyperband" or curves_path(path).is_file()]
        names = [one for name in names for one in (whole if name == ALL else [name])]
    names = list(dict.fromkeys(names))
    settings = _settings(args.set or [], names)
    limits = _limits(args.limit or [])
    source = read_source(
        path,
        args.column,
        objective=args.objective.split(",") if args.objective else (),
        mask=None if args.mask is None else [name for name in args.mask.split(",") if name],
        unique=args.encodings == "unique",
        missing_invalid=args.missing == "invalid",
        limits=limits,
        latency=args.latency,
        seconds=args.seconds,
        curves="hyperband" in names,
        spelling={name: getattr(args, name) for name in SPELLING},
    )
    out = args.out or Path("runs/search") / path.stem
    context = Context(
        source=source, runs=Path(args.studies), out=out, data_root=args.data_root, searches=args.runs,
        budget=args.budget, unit=args.unit, settings=settings, limits=limits,
        prices=_prices(args.price or [], names), workers=args.workers or default_workers("cpu"),
    )  # fmt: skip
    try:
        # What computes comes last: the names before it are known to be right by then.
        built = {
            name: _search(name, context) for name in sorted(names, key=lambda name: name.startswith(COMPUTED))
        }
        searches = {name: built[name] for name in names}
    except ValueError as error:
        told = str(error)
        raise ValueError(told if told.startswith("--") or not settings else f"--set: {told}") from None
    content = content_of(
        source, searches, runs=args.runs, budget=args.budget, unit=args.unit, command=_command(args)
    )
    if args.unit not in content["units"]:
        raise ValueError(
            f"--unit: {args.unit!r} is not one of {', '.join(content['units'])}, which the table knows"
        )
    total = args.runs * len(searches)
    workers = args.workers or (default_workers("cpu", total) if total >= WORKERS_FROM else 1)
    progress = Progress("searches complete", total)
    try:
        with lock_output(out):
            events = all_searches(
                source, searches, runs=args.runs, budget=args.budget, unit=args.unit, workers=workers,
                report=lambda done, of: progress.update(done),
            )  # fmt: skip
            found = incumbents(SearchResults(out, content, events), args.unit, [args.budget])
            if all(np.isnan(one).all() for one in found.values()):
                raise ValueError(
                    f"--budget: {args.budget:g} {args.unit} is less than one network takes by any method, with what"
                    " guides it"
                )
            replace_former(out, content)
            saved = store.write(out, content, events)
    finally:
        progress.close()
    _print(args, store.read(out), costs, saved)
    return 0


def _check(args: argparse.Namespace) -> list[float]:
    """ValueError for a number that means nothing. The costs at which methods are compared."""
    check_workers(args.workers)
    if args.runs < 1:
        raise ValueError(f"--runs: {args.runs} is not a positive integer")
    most = MOST if args.unit == "trainings" else float("inf")
    if not 0 < args.budget <= most or args.budget == float("inf"):
        up_to = f" and up to {most:,}" if args.unit == "trainings" else ""
        raise ValueError(f"--budget: {args.budget:g} is not a number above 0{up_to}")
    if args.unit not in LOOKED_UP:
        raise ValueError(
            f"--unit: {args.unit!r} is not one of {', '.join(LOOKED_UP)}, where trainings are looked up"
        )
    if args.at is None:
        costs = [share * args.budget for share in SHARES]
        whole = args.unit == "trainings" and args.budget >= 1
        return list(dict.fromkeys(float(np.ceil(cost)) if whole else cost for cost in costs))
    try:
        costs = [float(text) for text in args.at.split(",")]
    except ValueError:
        costs = []
    if not costs or not all(0 < cost <= args.budget for cost in costs):
        raise ValueError(
            f"--at: {args.at!r} is not a list of numbers above 0 and up to the budget {args.budget:g}"
        )
    return costs


def _settings(texts: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, str]]:
    """By method, what `--set` says."""
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        place, equals, value = text.partition("=")
        method, dot, setting = place.partition(".")
        if not (equals and dot):
            raise ValueError(f"--set: {text!r} is not METHOD.SETTING=VALUE such as evolution.sample=8")
        if method not in {name.partition(":")[0] for name in names} or method not in {*METHODS, *SETTINGS}:
            raise ValueError(f"--set: {method!r} is not one of the methods that are run and have settings")
        if setting in found.setdefault(method, {}):
            raise ValueError(f"--set: {place} is given twice")
        found[method][setting] = value
    return found


def _limits(texts: Sequence[str]) -> dict[str, float]:
    found = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name in found:
            raise ValueError(f"--limit: {name} is given twice")
        try:
            found[name] = float(number)
        except ValueError:
            found[name] = 0.0
        if name not in LIMITED or not 0 < found[name] < float("inf"):
            raise ValueError(
                f"--limit: {text!r} is not {' or '.join(f'{cost}=N' for cost in LIMITED)} with N above 0"
            )
    return found


def _search(name: str, context: Context) -> Search:
    """The way to search that a name means."""
    kind, _, what = name.partition(":")
    if name in METHODS:
        return with_settings(name, context.settings.get(name, {}))
    if f"{kind}:" in GUIDED and what:
        return guided(name, context)
    known = ", ".join([*TRAINED, *METHODS, ALL, *(f"{kind}..." for kind in GUIDED)])
    raise ValueError(f"--method: {name!r} is not one of {known}")


def _prices(texts: Sequence[str], names: Sequence[str]) -> dict[str, float]:
    """By method, what `--price` says."""
    found = {}
    for text in texts:
        name, _, number = text.rpartition("=")
        if name in found:
            raise ValueError(f"--price: {name} is given twice")
        try:
            found[name] = float(number)
        except ValueError:
            found[name] = np.nan
        if not name.startswith(GUIDED) or not 0 <= found[name] < np.inf:
            raise ValueError(
                f"--price: {text!r} is not METHOD=N, a method that a ranking guides and N from 0 up"
            )
        if name not in names:
            raise ValueError(f"--price: {name!r} is not one of the methods that are run")
    return found


def _command(args: argparse.Namespace) -> str:
    """The command that repeats the searches, without where they are saved and how they are shown."""
    words = ["python", "-m", "studies", "search", args.table]
    for name in ("method", "set", "limit", "price"):
        words += [word for text in getattr(args, name) or [] for word in (f"--{name}", text)]
    single = ("column", "objective", "mask", "latency", "seconds", *SPELLING)
    usual = {"encodings": "raw", "missing": "error", "studies": "runs"}
    for name in (*single, *usual, "unit", "runs", "budget"):
        value = getattr(args, name)
        if value is not None and str(value) != usual.get(name):
            words += [
                f"--{name.replace('_', '-')}",
                _all_digits(value) if isinstance(value, float) else str(value),
            ]
    return shlex.join(words)


def _all_digits(value: float) -> str:
    """'100' and '0.1' without a digit lost."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def _print(args: argparse.Namespace, results: SearchResults, costs: Sequence[float], saved: Path) -> None:
    content = results.content
    before = (
        f"{content['title'] or content['table']}, {content['column']}: {content['architectures']:,} architectures, best"
        f" {content['best']:.2f}, mean {content['mean']:.2f}; {content['runs']} searches a method see"
        f" {', '.join(content['objective'])}; {content['encodings']} encodings"
    )
    tables = [_compared(results, args.unit, cost) for cost in costs]
    note = (
        "Found: the architecture of the highest objective so far, by its truth. Methods without a common letter differ"
        " significantly (paired t test over runs, Holm over all pairs, 5 %; one sign on all objectives and rankings)."
    )
    unpaid = [one["name"] for one in content["methods"] if not one["settings"].get("paid", True)]
    if unpaid:
        note += f"\nNot counted: what the scores of {', '.join(unpaid)} cost; no file says it, --price does."
    events = results.events
    for name in results.methods:
        found = events.loc[(events["method"] == name) & events["value"].notna(), "run"].nunique()
        if found < content["runs"]:
            lost = content["runs"] - found
            note += f"\n{name}: {lost} of {content['runs']} searches found nothing in the table within the budget."
    for name, (count, least, most) in ended_early(results).items():
        spent = f"{least:g}" if least == most else f"{least:g} to {most:g}"
        note += (
            f"\n{name}: {count} of {content['runs']} searches ended before the budget, after {spent} {content['unit']};"
            " they had nothing new to propose that the table has."
        )
    for name in dict.fromkeys((content["column"], *content["objective"])):
        if word := lower_may_be_better(name):
            note += f"\n{name}: lower may be better in what is called {word!r}; here higher is better."
    print(write(tables, args.format, before=before, after=f"{note}\nevery event: {saved.parent}"))


def _compared(results: SearchResults, unit: str, cost: float) -> Table:
    """Methods at a cost, the best first, and where it is known what random search finds in expectation."""
    rows = compared(results, unit, cost).to_dict("records")
    exact = results.content["exact"]
    if exact is not None and unit == "trainings" and cost >= 1:
        place = min(int(cost), len(exact["truth"])) - 1
        mean, objective = exact["truth"][place], exact["objective"][place]
        row = {"method": EXPECTED, unit: cost, "mean": mean, "objective": objective}
        rows.append(row | {"regret": results.content["best"] - mean})
    quantiles = {"q10": "10 %", "q50": "median", "q90": "90 %"}
    columns = [
        Column("method", words=True),
        Column(unit, hidden=True),
        Column("runs", rank=4),
        Column("mean", "found", "%", format=fixed(2), rank=1),
        Column("low", "95 % interval", format=_interval, rank=1),
        *(Column(key, title, format=fixed(2), rank=3) for key, title in quantiles.items()),
        Column("regret", format=fixed(2), rank=2),
        Column("letters", words=True, rank=1),
        Column("high", hidden=True),
        Column("objective", hidden=True),
    ]
    name = f"after {cost:g} {unit}"
    return Table(columns, rows, name=name, title=name)


def _interval(row: Row, key: str) -> Cell:
    return interval(row.get("low"), row.get("high"), 2)
