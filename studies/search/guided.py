"""Ways to search that something guides: KIND:WHAT, as the command line names them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from analysis.measures.blocks import at_stage
from analysis.store.column_names import LATENCY
from analysis.store.run import ONE_SHOT, read_scores
from analysis.store.study import load_study, study_folder, variant_and_measure
from analysis.store.truth_table import described
from studies.estimators.blockwise import TEACHERS
from studies.running.lock import lock_output
from studies.running.parallel import run_tasks
from studies.running.progress import Progress
from studies.search.bench import Search
from studies.search.look_up import one_search
from studies.search.methods.darts_pt import DartsPt, Projecting
from studies.search.methods.genetic import Genetic
from studies.search.methods.integer_program import separate
from studies.search.methods.iterative_teacher import Iterating, IterativeTeacher
from studies.search.methods.predictor_guided import Donna, SignatureSearch
from studies.search.methods.ranking import OneShot, Ranking, Scores, SumRanking
from studies.search.methods.registry import settings_of
from studies.search.pool import INVALID
from studies.search.price import BLOCKWISE, Price, given, made_by, prices_of, runs_of
from studies.search.source import Source, scores_of
from studies.truth.tasks import task_of
from supernet.spaces import Size

TEACHER = "iterative-teacher"
SETTINGS: dict[str, type[Any]] = {  # of the kinds that have some
    "one-shot": Genetic,
    "darts-pt": Projecting,
    "donna": Donna,
    TEACHER: Iterating,
}


@dataclass(frozen=True, kw_only=True)
class Context:
    """What such a way to search needs beside its name.

    source: the table. runs: folder of studies. out: of the search, for what is really computed. data_root: of images.
    searches: of each method. budget, unit: of each. settings: by kind, as texts. limits: of params, macs or latency.
    prices: by method, in `unit`, as the user says. workers: processes.
    """

    source: Source
    runs: Path
    out: Path
    data_root: Path
    searches: int
    budget: float
    unit: str
    settings: Mapping[str, Mapping[str, str]]
    limits: Mapping[str, float]
    prices: Mapping[str, float]
    workers: int


def guided(name: str, context: Context) -> Search:
    """The way to search that KIND:WHAT means.

    Raises ValueError for what cannot be used, and for a price in the unit that the files of a run do not say."""
    kind, _, what = name.partition(":")
    settings = context.settings.get(kind, {})
    if kind == "darts-pt":
        return _darts_pt(name, what, settings_of(Projecting, kind, settings), context)
    if kind == "donna":
        return _donna(name, what, settings_of(Donna, kind, settings), context)
    if kind == TEACHER:
        return _iterative_teacher(name, what, settings_of(Iterating, kind, settings), context)
    values = scores_of(what, context.source, context.runs)
    prices: Sequence[Price | None] = prices_of(what, context.source, context.runs)
    if name in context.prices:
        prices = [given(context.prices[name], context.unit)] * len(values)
    for price in prices:
        if price is not None:
            _check(name, price, context.unit)
    scores = [Scores(*one) for one in zip(values, prices, strict=True)]
    if kind == "ranking":
        return Ranking(rankings=scores)
    if kind == "one-shot":
        return OneShot(rankings=scores, **vars(settings_of(Genetic, kind, settings)))
    return _sums(name, scores, context.source, context.limits)


def _check(name: str, price: Price, unit: str) -> None:
    if math.isnan(price.total(unit)):
        raise ValueError(
            f"--unit: what {name} cost in {unit} is not known; --price {name}=N says it (0: not counted)"
        )


def _darts_pt(name: str, what: str, settings: Projecting, context: Context) -> DartsPt:
    study, colon, variant = what.partition(":")
    if not colon:
        raise ValueError(f"--method: {name!r} is not darts-pt:STUDY:VARIANT")
    source = context.source
    loaded = load_study(study_folder(context.runs, study))
    runs = runs_of(loaded, variant, source)
    for run in runs:
        if run.kind != ONE_SHOT or run.parts:
            kind = "several supernets" if run.parts else f"the estimator {run.kind!r}"
            raise ValueError(f"--method: {name} needs one supernet a seed; {variant!r} is of {kind}")
    compute = import_module("studies.search.projections").projections
    progress = Progress("projections complete", len(runs) * settings.orders)
    try:
        with lock_output(context.out):
            projected = compute(
                [run.folder for run in runs],
                settings,
                context.out,
                context.data_root,
                context.workers,
                progress.update,
            )
    finally:
        progress.close()
    whole = source.worths[0].epochs
    chosen, prices = [], []
    for number, one in enumerate(projected):
        chosen.append(one["arch"])
        epochs = float(one["epochs"])  # of the mixture, which computes every operation: each counts as one
        trainings = epochs / whole if whole else math.nan
        paid = {"trainings": trainings, "epochs": epochs, "macs": math.nan, "seconds": one["seconds"]}
        made = made_by(loaded, runs[number % len(runs)], source)
        price = Price(made=(*made, ("projected", paid)))
        if name in context.prices:
            price = given(context.prices[name], context.unit)
        _check(name, price, context.unit)
        prices.append(price)
    return DartsPt(settings=settings, chosen=chosen, prices=prices)


def _donna(name: str, what: str, settings: Donna, context: Context) -> SignatureSearch:
    study, _, rest = what.partition(":")
    source = context.source
    loaded = load_study(study_folder(context.runs, study))
    variant, measure = variant_and_measure(rest, {run.variant for run in loaded.runs})
    texts = [source.space.text(one) for one in source.truth.architectures]
    signatures, prices = [], []
    for run in runs_of(loaded, variant, source):
        if run.kind != BLOCKWISE:
            raise ValueError(f"--method: {name} needs blockwise distillation; {variant!r} is of {run.kind!r}")
        known = list(read_scores(run))
        if measure and measure not in known:
            raise ValueError(
                f"--method: {measure!r} is not one of the measures of {variant!r}: {', '.join(known)}"
            )
        stages = range(Size(**run.size).stages)
        columns = [at_stage(run.folder, run.run_id, measure or known[0], stage, texts) for stage in stages]
        signatures.append(np.stack(columns, axis=1))
        if unknown := int(np.isnan(signatures[-1]).any(axis=1).sum()):
            raise ValueError(
                f"--method: {name} needs a signature of every block of {source.truth.path}; seed {run.seed} lacks"
                f" those of {unknown:,} of its {len(texts):,} models"
            )
        made = Price(made=made_by(loaded, run, source))
        prices.append(given(context.prices[name], context.unit) if name in context.prices else made)
        _check(name, prices[-1], context.unit)
    return SignatureSearch(settings=settings, signatures=signatures, known=prices)


def _iterative_teacher(name: str, what: str, settings: Iterating, context: Context) -> IterativeTeacher:
    """Really computes what the searches will ask for; they then read it."""
    source, row = context.source, None
    if name in context.prices:
        raise ValueError(f"--price: {name} computes what guides it, so its cost is known")
    if context.unit == "seconds" and source.worths[0].seconds is None:
        raise ValueError(
            "--unit: seconds of a training from scratch are not known; --seconds names their column"
        )
    if what not in TEACHERS:
        row = _row_of(what, source)
    try:
        task = task_of(described(source.truth.path))
    except ValueError as error:
        raise ValueError(f"--method: {name} trains as {source.truth.path} was trained, but {error}") from None
    workshop_of = import_module("studies.search.workshop").workshop_of
    workshop = workshop_of(source, task, settings, context.out, context.data_root)
    search = IterativeTeacher(settings=settings, teacher=what, row=row, workshop=workshop)
    # Further runs are these again: they see the same objective and have the same seed.
    different = min(context.searches, math.lcm(settings.seeds, len(source.objective)))
    tasks = [(source, search, run, context.budget, context.unit) for run in range(different)]
    progress = Progress(f"searches by {name} computed", different)
    try:
        with lock_output(context.out):
            for done, _ in enumerate(run_tasks(one_search, tasks, min(context.workers, different)), 1):
                progress.update(done)
    finally:
        progress.close()
    return search


def _row_of(text: str, source: Source) -> int:
    try:
        code = source.pool.code_of(source.space.parse(text))
    except ValueError as error:
        raise ValueError(
            f"--method: the teacher is not one of {', '.join(TEACHERS)}, and no {error}"
        ) from None
    row = INVALID if code is None else int(source.pool.rows[code])
    if row == INVALID:
        raise ValueError(
            f"--method: the teacher {text!r} is not in {source.truth.path}, or cannot be searched"
        )
    return row


def _sums(name: str, rankings: Sequence[Scores], source: Source, limits: Mapping[str, float]) -> SumRanking:
    if source.pool.missing:
        raise ValueError(
            f"--method: {name} needs a table of every model of the space; {source.truth.path} lacks some, which an"
            " integer program would propose"
        )
    if len(limits) > 1:
        raise ValueError("--limit: an integer program takes one limit, params, macs or latency")
    if len(rankings) > 1 or np.isnan(rankings[0].values).any():
        raise ValueError(f"--method: {name} needs one score of every architecture of the table")
    architectures, what = source.truth.architectures, name.partition(":")[2]
    limit, cost = next(iter(limits), None), None
    if limit is not None:
        quantity, called = source.costs(limit)[limit], f"--limit: {limit}"
        cost = separate(source.space, architectures, quantity, called, live=limit == LATENCY)
    return SumRanking(
        score=separate(source.space, architectures, rankings[0].values, f"--method: {what}"),
        cost=cost,
        limit=np.inf if limit is None else limits[limit],
        price=rankings[0].price,
    )
