"""What do labels and combinations buy on NAS-Bench-201? Every way to rank beside every other, by the published truth.

Question: with so much compute and so many trained networks, what is the best ranking, and how sure is it?
Command: python -m studies data get cifar10
         python -m studies truth import nasbench201 SOURCE     (or: truth import csv FILE --space nasbench201)
         python -m studies run leaderboard --data-root datasets
         python -m analysis leaderboard leaderboard
Jobs: 5 seeds of {a random order; eleven proxies at the published size, one initialisation; supernets of 6 channels by
balanced, uniform and strictly fair sampling, as in nb201_cifar10_cpu; combinations; predictors that are told 20, 50,
78, 100, 156, 200 and 469 labels, the average of a forest, boosting and a Gaussian process, that see the graph alone,
with the proxies, with the supernets, with all; the forest, a GCN and BRP-NAS on the graph with 78, 156 and 469}. Others
rest on the proxies of seed 0 alone, and take of balanced supernets the mean loss of five seeds and of equal functions.
Params, MACs, live convolutions and the log-rank sum of params and these are in every table as baselines.
Combinations, named before anything was looked at: five and ten balanced supernets; params + synflow + jacob_cov + one
supernet; synflow + jacob_cov + five supernets, and ten; synflow, jacob_cov, five and params. What a member cannot score
for the network's own sake is the worst of this member, and predictors put the 341 disconnected cells last. Beside them
the means of five supernets of each sampling, by accuracy and by loss.
Data: CIFAR-10. Labels are the benchmark's validation accuracy, the truth is mean test accuracy; two more truths of the
same networks, CIFAR-100 and ImageNet16-120, are beside it where the table has them.
Scored: all 15,625.
Measured: docs/results/leaderboard.md. Expected: 20 supernets, five of which only the means of ten take, of 4
minutes of one core each and as much to score; proxies: about three seconds of one core for each of the 5,259 connected
functions, 4 core-hours a seed (`--only zero-cost --seeds 0` is what the others need); all else some seconds a run.
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
from studies.estimators.predictor_models import Average, BrpNas, Forest, Gcn
from studies.estimators.random_order import RandomOrder
from studies.estimators.zero_cost import PROXIES
from studies.model.member import Member
from studies.model.study import Study
from studies.model.variant import Variant
from supernet.spaces import get_space

SPACE = "nasbench201"
SEEDS = (0, 1, 2, 3, 4)
LABELS = (20, 50, 78, 100, 156, 200, 469)
OF_OTHERS = (78, 156, 469)  # labels of models beside the average
LABEL_COLUMN = "cifar10_valid"
LABEL_SECONDS = 40_000.0  # 200 epochs of 25,000 images on one core, from three steps of ten random networks


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
    one, five, ten = (
        Member(variant=balanced, by="loss", seeds=tuple(range(count)), equal_functions="mean")
        for count in (0, 5, 10)  # 0: of the run's seed
    )
    two = (by_proxy["synflow"], by_proxy["jacob_cov"])
    sums = Combination(baselines=(), unscored="worst")
    with_params = replace(sums, baselines=("params",))
    of_sampling = [
        _entry(
            f"{sampling} supernets by {'accuracy' if by == 'score' else by}",
            sums,
            Member(variant=variant, by=by, seeds=SEEDS, equal_functions="mean"),
        )
        for sampling, variant in (("balanced", balanced), ("uniform", uniform), ("strictly fair", fair))
        for by in ("score", "loss")
        if (variant, by) != (balanced, "loss")  # "supernets"
    ]
    combined = [
        _entry("one supernet, equal functions", sums, one),
        _entry("supernets", sums, five),
        _entry("ten supernets", sums, ten),
        _entry("params + synflow + jacob_cov + supernet", with_params, *two, one),
        _entry("synflow + jacob_cov + supernets", sums, *two, five),
        _entry("synflow + jacob_cov + ten supernets", sums, *two, ten),
        _entry("params + synflow + jacob_cov + supernets", with_params, *two, five),
    ]
    average = Predictor(
        model=Average(),
        table=SPACE,
        column=LABEL_COLUMN,
        label_seconds=LABEL_SECONDS,
        unscored="worst",
        disconnected="lowest",
    )
    seen = {
        "graph": (),
        "graph, proxies": tuple(by_proxy.values()),
        "graph, supernets": (five,),
        "all": (*by_proxy.values(), five),
    }
    others = {
        "forest": replace(average, model=Forest()),
        "GCN": replace(average, model=Gcn(), features=()),
        "BRP-NAS": replace(average, model=BrpNas(), features=()),
    }
    predicted = [
        _entry(f"{labels} labels, {name}", replace(average, labels=labels), *members)
        for labels in LABELS
        for name, members in seen.items()
    ] + [
        _entry(f"{labels} labels, graph, {name}", replace(other, labels=labels))
        for labels in OF_OTHERS
        for name, other in others.items()
    ]
    order = _entry("random order", RandomOrder())
    return protocol.nasbench201_study(
        "leaderboard",
        [order, proxies, balanced, uniform, fair, *combined, *predicted, *of_sampling],
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
