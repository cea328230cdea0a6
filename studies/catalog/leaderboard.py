"""What do labels and combinations buy on NAS-Bench-201? Every way to rank beside every other, by the published truth.

Question: with so much compute and so many trained networks, what is the best ranking, and how sure is it?
Command: python -m studies data get cifar10
         python -m studies truth import nasbench201 SOURCE     (or: truth import csv FILE --space nasbench201)
         python -m studies run leaderboard --data-root datasets
         python -m analysis leaderboard leaderboard
Jobs: 5 seeds of {a random order; eleven proxies at the published size, one initialisation; supernets of 6 channels by
balanced, uniform and strictly fair sampling, as in nb201_cifar10_cpu; combinations; random forests that are told 20,
50, 78, 100, 156, 200 and 469 labels and see the graph alone, with the proxies, with the mean of the balanced supernets,
with all}. Others rest on the proxies of seed 0 alone. Params, MACs, live convolutions and the log-rank sum of params
and these are in every table as baselines.
Combinations, named before anything was looked at: the mean loss of the five balanced supernets; params + synflow +
jacob_cov + one supernet; synflow + jacob_cov + five supernets; these two and params. What a member cannot score for the
network's own sake is the worst of this member.
Data: CIFAR-10. Labels are the benchmark's validation accuracy, the truth is mean test accuracy; two more truths of the
same networks, CIFAR-100 and ImageNet16-120, are beside it where the table has them.
Scored: all 15,625.
Expected: supernets: 15 trainings of 5 minutes of one core and as much to score; proxies: about three seconds of one
core an architecture, 10 core-hours a seed (`--only zero-cost --seeds 0` is what the others need). Not run yet.
Smoke: python -m studies run leaderboard --smoke
"""

from __future__ import annotations

from dataclasses import replace

from analysis.store.scored import ScoredSet
from studies import protocol
from studies.catalog import nb201_cifar10_cpu, zero_cost
from studies.estimators import Estimator
from studies.estimators.combination import Combination
from studies.estimators.predictor import Predictor
from studies.estimators.random_order import RandomOrder
from studies.estimators.zero_cost import PROXIES
from studies.model.member import Member
from studies.model.study import Study
from studies.model.variant import Variant
from supernet.spaces import get_space

SPACE = "nasbench201"
SEEDS = (0, 1, 2, 3, 4)
LABELS = (20, 50, 78, 100, 156, 200, 469)
LABEL_COLUMN = "cifar10_valid"


def study() -> Study:
    first = nb201_cifar10_cpu.study().variants[0]
    balanced, uniform, fair = (
        first.changed(name=name, sampling=sampling)
        for name, sampling in (
            ("balanced", protocol.BALANCED),
            ("uniform", protocol.UNIFORM),
            ("strictly fair", protocol.FAIR),
        )
    )
    (proxies,) = zero_cost.study().variants
    by_proxy = {name: Member(variant=proxies, measure=name, seeds=(0,)) for name in PROXIES}
    one, mean = Member(variant=balanced, by="loss"), Member(variant=balanced, by="loss", seeds=SEEDS)
    two = (by_proxy["synflow"], by_proxy["jacob_cov"])
    sums = Combination(baselines=(), unscored="worst")
    combined = [
        _entry("supernets, mean loss", sums, mean),
        _entry("params + synflow + jacob_cov + supernet", replace(sums, baselines=("params",)), *two, one),
        _entry("synflow + jacob_cov + supernets", sums, *two, mean),
        _entry("params + synflow + jacob_cov + supernets", replace(sums, baselines=("params",)), *two, mean),
    ]
    forest = Predictor(table=SPACE, column=LABEL_COLUMN, unscored="worst")
    seen = {
        "graph": (),
        "graph, proxies": tuple(by_proxy.values()),
        "graph, supernets": (mean,),
        "all": (*by_proxy.values(), mean),
    }
    predicted = [
        _entry(f"{labels} labels, {name}", replace(forest, labels=labels), *members)
        for labels in LABELS
        for name, members in seen.items()
    ]
    order = _entry("random order", RandomOrder())
    return protocol.nasbench201_study(
        "leaderboard",
        [order, proxies, balanced, uniform, fair, *combined, *predicted],
        title="Leaderboard: what do labels and combinations buy on NAS-Bench-201?",
        question="With so much compute and so many trained networks, what is the best ranking, and how sure is it?",
        seeds=SEEDS,
        scored=ScoredSet(),
    )


def _entry(name: str, estimator: Estimator, *members: Member) -> Variant:
    """What ranks by others and needs no images: networks are of the published size."""
    return Variant(
        name=name,
        space=SPACE,
        size=get_space(SPACE).published,
        data=protocol.CIFAR10,
        estimator=estimator,
        members=members,
    )
