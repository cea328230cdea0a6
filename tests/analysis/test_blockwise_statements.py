"""What the Blox paper states, judged on made-up studies of which the answers are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from analysis.measures import blockwise_statements
from analysis.measures.blockwise import SCRATCH as SCRATCH_TRAINING
from analysis.measures.blockwise import BlockwiseStudy, Distilled, Tuned
from analysis.measures.blockwise_search import Predictor
from analysis.measures.blockwise_statements import DIFFERENCE, Statement, statements, verdict
from analysis.statistics.pairs import Floats
from analysis.store import signatures
from analysis.store.tables import Table
from supernet.distillation.stages import candidates
from supernet.spaces import get_space

SPACE = get_space("blox")
SAMPLE = SPACE.sample(300, 0)
TEXTS = [SPACE.text(one) for one in SAMPLE]
RNG = np.random.default_rng(0)
SCRATCH = RNG.normal(80, 5, len(TEXTS))
LABELS = (20, 50)


def distilled(name: str, teacher: int, epochs: int, seed: int, quality: Floats | None = None) -> Distilled:
    """Blocks whose accuracy changes are noise, and whose errors are too unless `quality` (n,) of the models is what
    each block's error falls with."""
    rng = np.random.default_rng(100 * epochs + seed)
    places = [(stage, block) for stage, own in enumerate(candidates(SPACE, SPACE.published)) for block in own]
    frame = pd.DataFrame({"stage": [s for s, _ in places], "block": [signatures.text(b) for _, b in places]})
    for column in ("mse", "nsr", "accuracy_change", "loss_change"):
        frame[column] = np.exp(rng.normal(0, 1, len(frame)))
    if quality is not None:
        means = block_means(quality)
        frame["mse"] = [
            np.exp(-means[place] + rng.normal(0, 0.1))
            for place in zip(frame["stage"], frame["block"], strict=True)
        ]
    return Distilled(teacher=TEXTS[teacher], name=name, epochs=epochs, seed=seed, frame=frame)


def block_means(quality: Floats) -> dict[tuple[int, str], float]:
    whole = BlockwiseStudy(SimpleNamespace(), SPACE, SPACE.published, TRUTH)  # type: ignore[arg-type]
    held: dict[tuple[int, str], list[float]] = {}
    for own, value in zip(whole.blocks, quality, strict=True):
        for place in enumerate(own):
            held.setdefault(place, []).append(value)
    every = {
        (s, signatures.text(b)): [] for s, own in enumerate(candidates(SPACE, SPACE.published)) for b in own
    }
    return {place: float(np.mean(values or [0.0])) for place, values in (every | held).items()}


TRUTH = Table(frame=pd.DataFrame({"arch": TEXTS, "t": SCRATCH}), column="t", source="made up")


def tuned(teacher: int, epochs: int, test: Floats) -> Tuned:
    return Tuned(
        variant=f"{teacher} {epochs}", teacher=TEXTS[teacher], epochs=epochs, distillation_epochs=4, test=test,
        valid=None,
    )  # fmt: skip


def made(seeds: int) -> tuple[BlockwiseStudy, dict[str, Floats]]:
    """The best teacher is row 0, the worst row 1; signatures of 10 epochs say what single blocks are worth."""
    best, worst = int(SCRATCH.argmax()), int(SCRATCH.argmin())
    accuracy = {
        "long": SCRATCH + RNG.normal(2, 2, len(TEXTS)),
        "short": SCRATCH + RNG.normal(0, 3, len(TEXTS)),
        "bad": RNG.normal(60, 3, len(TEXTS)),
    }
    accuracy["bad"][5:9] = np.nan
    study: Any = SimpleNamespace(note="made up", runs=())
    whole = BlockwiseStudy(study, SPACE, SPACE.published, TRUTH)
    quality = (SCRATCH - SCRATCH.mean()) / SCRATCH.std()
    blocks = [
        distilled(name, row, epochs, seed, quality if epochs == 10 else None)
        for seed in range(seeds)
        for name, row, epochs in (("best", best, 1), ("best", best, 10), ("worst", worst, 4))
    ]
    tables = (
        tuned(best, 1, accuracy["short"]),
        tuned(best, 4, accuracy["long"]),
        tuned(worst, 4, accuracy["bad"]),
    )
    whole.__dict__.update(distilled=tuple(blocks), tuned=tables, trained=SCRATCH_TRAINING)
    return whole, accuracy


@pytest.fixture(autouse=True)
def _no_predictors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blockwise_statements, "predictors_of", lambda study: iter(()))


def one(found: list[Statement], question: str, part: str, of: str = "") -> Statement:
    (only,) = [s for s in found if s.question == question and part in s.statement and of in s.of]
    return only


def test_shares_and_correlations_are_what_counting_and_scipy_say() -> None:
    data, accuracy = made(1)
    found = statements(data)
    best, worst = float(SCRATCH.max()), float(SCRATCH.min())
    assert one(found, "Q1", "improve on their teacher", "best").value == np.mean(accuracy["long"] > best)
    bad = accuracy["bad"]
    known = np.isfinite(bad)
    share = one(found, "Q1", "improve on their teacher", "worst")
    assert (share.n, share.value) == (known.sum(), np.mean(bad[known] > worst))
    good = SCRATCH[known] >= np.quantile(SCRATCH[known], 0.75)
    held_back = one(found, "Q1", "holds back")
    assert (held_back.value, held_back.n) == (np.mean((bad[known] > SCRATCH[known])[good]), good.sum())
    # Wilson's interval, in its closed form.
    p, n, z = share.value or 0.0, share.n, 1.959963984540054
    centre, half = (
        (p + z * z / 2 / n) / (1 + z * z / n),
        z * np.sqrt(p * (1 - p) / n + (z / 2 / n) ** 2) / (1 + z * z / n),
    )
    assert (share.low, share.high) == (pytest.approx(centre - half), pytest.approx(centre + half))
    for question, x, y, of in (
        ("Q2", SCRATCH, accuracy["long"], "best"),
        ("Q2", SCRATCH, bad, "worst"),
        ("Q5", accuracy["short"], accuracy["long"], ""),
        ("Q6", bad, accuracy["long"], ""),
    ):
        said = one(found, question, "", of)
        assert said.value == pytest.approx(spearmanr(x, y, nan_policy="omit").statistic)
        assert said.low is not None
        assert said.high is not None
        assert said.low < said.value < said.high
    assert one(found, "Q2", "", "best").verdict == "contradicted"  # .9 is not weak
    assert one(found, "Q2", "", "worst").verdict == "confirmed"
    assert one(found, "Q5", "").verdict == "confirmed"


def test_a_difference_needs_several_trainings_and_then_shows() -> None:
    """Signatures of ten epochs are of use here, those of one are noise."""
    alone, several = statements(made(1)[0]), statements(made(4)[0])
    for found, said in ((alone, "undecided"), (several, "confirmed")):
        longer = one(found, "Q8", "not enough", "from scratch; sum of log MSE")
        assert longer.quantity == DIFFERENCE
        assert longer.verdict == said
        assert (longer.low or 0) > 0.2
    noise = one(several, "Q8", "not enough", "from scratch; sum of accuracy change")
    assert noise.verdict == "undecided"
    goal = one(several, "goal", "parameters", "from scratch; sum of log MSE, best teacher, 10 epochs")
    assert (goal.seeds, goal.verdict) == (4, "confirmed")
    blocks = one(several, "Q3", "every stage", "best teacher, mse, oracle: normal")
    assert (blocks.value or 0) > 0.5
    assert one(several, "Q3", "every stage", "worst teacher, mse, oracle: normal").verdict == "confirmed"


def test_predictors_are_compared_on_what_none_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores that are the truth but for the labelled, who have none, beside scores of noise."""
    scores: dict[tuple[str, int, int], Floats] = {}
    for seed in range(3):
        for labels in LABELS:
            told = np.random.default_rng(10 * labels + seed).permutation(len(TEXTS))[:labels]
            for name, noise in (
                ("log MSE, 10 epochs", 2.0),
                ("log MSE, 1 epoch", 30.0),
                ("GCN", 60.0 / labels**0.9),
            ):
                values = SCRATCH + np.random.default_rng([seed, labels, len(name)]).normal(
                    0, noise, len(TEXTS)
                )
                values[told] = np.nan
                scores[name, labels, seed] = values
    runs = [Predictor(name, labels, seed, SimpleNamespace(measure="m", key=(name, labels, seed)))  # type: ignore[arg-type]
            for name, labels, seed in scores]  # fmt: skip

    def read(run: Any) -> dict[str, Table]:
        frame = pd.DataFrame({"arch": TEXTS, "m": scores[run.key]}).dropna()
        return {"m": Table(frame=frame, column="m", source="made up")}

    monkeypatch.setattr(blockwise_statements, "predictors_of", lambda study: iter(runs))
    monkeypatch.setattr(blockwise_statements, "read_scores", read)
    found = statements(made(3)[0])
    longer = one(found, "Q4", "longer distillation", "20 labels")
    untold = np.all([np.isfinite(scores[k]) for k in scores if k[1] == 20 and k[0].startswith("log")], axis=0)
    assert longer.n == untold.sum() < len(TEXTS) - 20
    by_hand = [
        np.mean([spearmanr(SCRATCH[untold], scores[name, 20, seed][untold]).statistic for seed in range(3)])
        for name in ("log MSE, 10 epochs", "log MSE, 1 epoch")
    ]
    assert longer.value == pytest.approx(by_hand[0] - by_hand[1])
    assert (longer.seeds, longer.verdict) == (3, "confirmed")
    assert one(found, "Q4", "with few labels", "20 labels").verdict == "confirmed"
    assert one(found, "Q4", "with more labels", "50 labels").bound == 0


@pytest.mark.parametrize(
    ("low", "high", "above", "said"),
    [
        (0.1, 0.2, True, "confirmed"),
        (0.1, 0.2, False, "contradicted"),
        (-0.2, -0.1, True, "contradicted"),
        (-0.2, -0.1, False, "confirmed"),
        (-0.1, 0.1, True, "undecided"),
        (0.0, 0.1, True, "undecided"),
        (None, None, True, "undecided"),
    ],
)
def test_a_verdict_is_where_the_interval_lies(low: float, high: float, above: bool, said: str) -> None:
    assert verdict(low, high, 0.0, above=above) == said
