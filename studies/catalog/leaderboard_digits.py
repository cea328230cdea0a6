"""What do labels and combinations buy? Every way to rank beside every other, on a laptop.

Question: with so much compute and so many trained networks, what is the best ranking, and how sure is it?
Command: python -m studies run leaderboard_digits
         python -m analysis leaderboard leaderboard_digits
Jobs: 3 seeds of, for NAS-Bench-201 and Blox, {a random order; eleven proxies (of Blox ten), one initialisation;
supernets by uniform, strictly fair and balanced sampling (of Blox uniform alone); combinations; random forests that are
told 20, 78 and 156 labels (of Blox 20 and 78) and see the graph alone, with the proxies, with a supernet, with all}.
Params, MACs, layers and the log-rank sum of params and layers are in every table as baselines.
Combinations, named before anything was looked at: the mean loss of the supernets of all seeds; params + synflow +
jacob_cov + supernet; synflow + jacob_cov + supernets. What a member cannot score for the network's own sake is the
worst of this member.
Data: scikit-learn's digits; truth and labels trained by this project. Labels are one seed's validation accuracy, the
truth is test accuracy, mean over seeds.
Scored: the true top-100 and 300 random architectures of each space; and what is labelled.
Expected: about ten minutes of two cores.
Smoke: python -m studies run leaderboard_digits --smoke
"""

from __future__ import annotations

from dataclasses import replace

from analysis.store.scored import ScoredSet
from studies import embedded
from studies.catalog import quickstart
from studies.estimators import Estimator
from studies.estimators.combination import Combination
from studies.estimators.predictor import Predictor
from studies.estimators.random_order import RandomOrder
from studies.estimators.table_column import Recorded
from studies.estimators.zero_cost import PROXIES, ZeroCost
from studies.model.member import Member
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from studies.protocol import BALANCED
from supernet.data import DataConfig

SEEDS = (0, 1, 2)
LABELS = {"nasbench201": (20, 78, 156), "blox": (20, 78)}
RECORDED = Recorded(images=1000, batch_size=64)  # of the digits' training split
LABEL_SECONDS = {
    "nasbench201": 1.7,
    "blox": 6.7,
}  # of one training, a core: 10 random ones by `ShortTraining`

NOT_FINITE = {"blox": ("synflow_bn",)}  # proxies that have a number of no network of the space


def study() -> Study:
    known = {(v.space, v.name): v for v in quickstart.study().variants}
    variants: list[Variant] = []
    for space in LABELS:
        variants += of_space(space, known)
    return Study(
        name="leaderboard_digits",
        title="Leaderboard: what do labels and combinations buy?",
        question="With so much compute and so many trained networks, what is the best ranking, and how sure is it?",
        note=embedded.NOTE,
        variants=tuple(variants),
        truth={space: Truth(f"{space}-digits", "digits_test") for space in LABELS},
        seeds=SEEDS,
        top=(10, 25, 50, 100),
        scored=ScoredSet(top=100, random=300),
    )


def of_space(space: str, known: dict[tuple[str, str], Variant]) -> list[Variant]:
    """The entries of one space. known: supernets of `quickstart`."""
    uniform = known[space, "uniform"]
    supernets = [uniform]
    if space == "nasbench201":
        supernets += [known[space, "strictly fair"], uniform.changed(name="balanced", sampling=BALANCED)]

    def entry(name: str, estimator: Estimator, *members: Member) -> Variant:
        return Variant(
            name=name,
            space=space,
            size=embedded.SIZES[space],
            data=DataConfig(name=embedded.DATA),
            evaluation_noise=embedded.NOISE,
            estimator=estimator,
            members=members,
        )

    measures = tuple(name for name in PROXIES if name not in NOT_FINITE.get(space, ()))
    proxies = entry("zero-cost", ZeroCost(measures=measures, initialisations=1))
    by_proxy = {name: Member(variant=proxies, measure=name) for name in measures}
    last = supernets[-1]
    one, mean = Member(variant=last, by="loss"), Member(variant=last, by="loss", seeds=SEEDS)
    two = (by_proxy["synflow"], by_proxy["jacob_cov"])
    sums = Combination(baselines=(), unscored="worst")
    combined = [
        entry("supernets, mean loss", sums, mean),
        entry("params + synflow + jacob_cov + supernet", replace(sums, baselines=("params",)), *two, one),
        entry("synflow + jacob_cov + supernets", sums, *two, mean),
    ]
    forest = Predictor(recorded=RECORDED, label_seconds=LABEL_SECONDS[space], unscored="worst")
    seen = {
        "graph": (),
        "graph, proxies": tuple(by_proxy.values()),
        "graph, supernet": (one,),
        "all": (*by_proxy.values(), one),
    }
    predicted = [
        entry(f"{labels} labels, {name}", replace(forest, labels=labels), *members)
        for labels in LABELS[space]
        for name, members in seen.items()
    ]
    return [entry("random order", RandomOrder()), proxies, *supernets, *combined, *predicted]
