"""Scores: each BN mode against the second implementation, and nothing that scoring leaves behind."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from naive import KNOWN
from tiny import SIZES, SPACES, architectures, assert_same, digits, naive_of, supernet, trained

from supernet.data.dataset import Split, evaluation_set
from supernet.network import Supernet, cut_out
from supernet.operations import batch_norms
from supernet.scoring import BN_MODES, BnMode, Score
from supernet.scoring.scorer import Scorer
from supernet.spaces import Architecture, Space, get_space

MODES = ("batch", "running", "recalibrate-1", "recalibrate-3", "reset-recalibrate-1", "reset-recalibrate-3")
# Cells whose node 1 or 2 is zero and feeds convolutions, the last disconnected: where BN modes differ most.
ZERO_NODES = [(0, 0, 3, 1, 2, 3), (3, 0, 0, 1, 4, 2), (0, 0, 3, 0, 4, 3)]


def scored_architectures(space: Space) -> list[Architecture]:
    return architectures(space, 4) + (ZERO_NODES if space.name == "nasbench201" else [])


def values(scores: list[Score]) -> list[tuple[Any, ...]]:
    return [(s.architecture, s.score, s.loss, s.status) for s in scores]


def score(
    network: Supernet, mode: str, which: list[Architecture] | None = None, **options: Any
) -> list[Score]:
    data = digits()
    which = scored_architectures(network.config.space) if which is None else which
    scores = list(Scorer(network, data, data.valid, mode, **{"batch_size": 15, **options})(which))
    return sorted(scores, key=lambda s: which.index(s.architecture))


# Each mode against its definition


def by_definition(
    network: Supernet, mode: str, architecture: Architecture, noise: float, batch_size: int
) -> tuple[float, float]:
    """Accuracy in percent and mean loss by the second implementation, one image after the other."""
    data, settings = digits(), network.config
    weights = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    path = settings.space.path(architecture, settings.size)
    images, labels = evaluation_set(data, data.valid, noise)
    parts = -(-len(labels) // batch_size)
    batches = list(zip(images.tensor_split(parts), labels.tensor_split(parts), strict=True))
    if "recalibrate" in mode:
        size, count = len(batches[0][1]), int(mode[-1])
        first = Split(data.train.images[: size * count], data.train.labels[: size * count])
        head, _ = evaluation_set(data, first, noise)
        seen = []
        for k in range(count):
            calibrating = naive_of(network, "batch", weights)
            calibrating(head[k * size : (k + 1) * size], path)
            seen.append(calibrating.observed)
        for name in seen[0]:
            for index, key in enumerate(("running_mean", "running_var")):
                observed = [one[name][index] for one in seen]
                if mode.startswith("reset"):
                    weights[f"{name}.{key}"] = torch.stack(observed).mean(0)
                else:
                    for value in observed:
                        weights[f"{name}.{key}"] = 0.9 * weights[f"{name}.{key}"] + 0.1 * value
    right, loss = 0, 0.0
    for x, y in batches:
        logits = naive_of(network, "batch" if mode == "batch" else "running", weights)(x, path)
        for row, label in zip(logits, y, strict=True):
            right += int(row.argmax()) == int(label)
            loss += float(-torch.log_softmax(row, 0)[label])
    return 100 * right / len(labels), loss / len(labels)


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", KNOWN)
def test_each_mode_is_what_its_definition_gives(name: str, mode: str, affine: bool) -> None:
    network = trained(name, affine=affine, linear_transformers="skip" if affine else "none")
    noise = 0.4 if affine else 0.0
    for result in score(network, mode, noise=noise):
        accuracy, loss = by_definition(network, mode, result.architecture, noise, 15)
        assert result.status == "ok"
        assert result.loss == pytest.approx(loss, rel=2e-4)
        # One image may be on the edge between two classes.
        assert result.score == pytest.approx(accuracy, abs=100 / 40 + 1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_a_score_is_the_mean_over_all_images_and_starts_afresh(mode: str) -> None:
    """Not one batch only, and no meter that continues from the architecture before: published code did both."""
    network = trained("nasbench201")
    which = scored_architectures(network.config.space)
    whole = score(network, mode, which)
    for result, architecture in zip(whole, which, strict=True):
        (again,) = score(network, mode, [architecture])
        assert values([again]) == values([result])
    assert len({result.loss for result in whole}) == len(which)


def test_modes_differ() -> None:
    network = trained("nasbench201")
    losses = {mode: score(network, mode)[0].loss for mode in MODES}
    assert len(set(losses.values())) == len(MODES)


def test_a_cut_out_network_scores_like_its_path() -> None:
    for name in SPACES:
        network = trained(name)
        for mode in MODES[1::2]:
            for result in score(network, mode):
                alone = cut_out(network, result.architecture)
                data = digits()
                other = Scorer(alone, data, data.valid, mode, batch_size=15).score(result.architecture)
                assert values([other]) == values([result])


def test_a_stand_alone_network_scores_no_other_architecture() -> None:
    network = cut_out(trained("nasbench201"), (3,) * 6)
    data = digits()
    with pytest.raises(ValueError, match="the only one of this stand-alone network"):
        Scorer(network, data, data.valid, "batch").score((1,) * 6)


# Independence


@pytest.mark.parametrize("mode", ["running", "recalibrate-3"])  # all kinds: test_scoring_engine.py
@pytest.mark.parametrize("name", SPACES)
def test_a_score_does_not_depend_on_order_shard_or_what_was_scored_before(name: str, mode: str) -> None:
    network = trained(name)
    which = scored_architectures(network.config.space)
    whole = {result.architecture: values([result]) for result in score(network, mode, which)}
    shuffled = random.Random(0).sample(which, len(which))
    assert {r.architecture: values([r]) for r in score(network, mode, shuffled)} == whole
    shards = [score(network, mode, which[start::3]) for start in range(3)]
    assert {r.architecture: values([r]) for shard in shards for r in shard} == whole
    for other in MODES:
        score(network, other, which[:1])
    assert {r.architecture: values([r]) for r in score(network, mode, which)} == whole


def test_scorers_of_several_modes_can_take_turns() -> None:
    network = trained("nasbench201")
    data, which = digits(), scored_architectures(network.config.space)
    alone = [values(list(Scorer(network, data, data.valid, mode, batch_size=15)(which))) for mode in MODES]
    turns = zip(
        *(Scorer(network, data, data.valid, mode, batch_size=15)(which) for mode in MODES), strict=True
    )
    assert [values(list(column)) for column in zip(*turns, strict=True)] == alone


def test_batches_are_nearly_equal_so_that_none_is_small() -> None:
    network = trained("blox")
    for images, batch_size in ((41, 20), (40, 39), (33, 8), (40, 40), (40, 512)):
        data = digits(valid=images)
        sizes = [
            len(labels)
            for _, labels in Scorer(network, data, data.valid, "batch", batch_size=batch_size).batches
        ]
        assert sum(sizes) == images
        assert max(sizes) <= batch_size
        assert max(sizes) - min(sizes) <= 1


def test_reports_the_share_done() -> None:
    network = trained("nasbench201")
    data, done = digits(), []
    which = architectures(network.config.space, 4)
    assert len(list(Scorer(network, data, data.valid, "batch")(which, done.append))) == 4
    assert done == [1.0]


# What scoring leaves behind


def everything(network: Supernet) -> tuple[Any, ...]:
    norms = [(norm.momentum, norm.batch_statistics) for norm in batch_norms(network)]
    flags = [module.training for module in network.modules()]
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    return state, norms, flags, torch.is_grad_enabled(), [p.requires_grad for p in network.parameters()]


@pytest.fixture(params=["training", "evaluating", "mixed"])
def left_alone(request: pytest.FixtureRequest) -> Supernet:
    network = trained("nasbench201").train(request.param == "training")
    if request.param == "mixed":
        network.cells[0].train()
    return network


@pytest.mark.parametrize("mode", MODES)
def test_scoring_changes_nothing(left_alone: Supernet, mode: str) -> None:
    before = everything(left_alone)
    score(left_alone, mode)
    assert_same(everything(left_alone), before)


@pytest.mark.parametrize("mode", MODES)
def test_an_abandoned_scoring_changes_nothing(left_alone: Supernet, mode: str) -> None:
    before = everything(left_alone)
    data = digits()
    scoring = iter(
        Scorer(left_alone, data, data.valid, mode, batch_size=15)(architectures(left_alone.config.space, 3))
    )
    next(scoring)
    # Also between two scores, while the generator still lives.
    assert_same(everything(left_alone), before)
    del scoring
    assert_same(everything(left_alone), before)


@pytest.mark.parametrize("call", [1, 2, 4])
@pytest.mark.parametrize("mode", MODES)
def test_a_failing_scoring_changes_nothing(left_alone: Supernet, mode: str, call: int) -> None:
    before = everything(left_alone)
    calls = 0

    def fail(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt

    hook = left_alone.head.register_forward_pre_hook(fail)
    with pytest.raises(KeyboardInterrupt):
        score(left_alone, mode)
    hook.remove()
    assert_same(everything(left_alone), before)


# Statuses


@pytest.mark.parametrize("mode", MODES)
def test_a_disconnected_architecture_says_the_same_of_every_image(mode: str) -> None:
    labels = digits().valid.labels
    shares = {100 * float((labels == label).float().mean()) for label in range(10)}
    for name, architecture in (
        ("nasbench201", (3, 3, 3, 0, 0, 0)),
        ("blox", (0, 1, 1, 0, 0) * 2 + (0, 1, 0, 0, 0)),
    ):
        network = trained(name)
        result, again = score(network, mode, [architecture, architecture])
        assert not network.config.space.is_valid(architecture)
        assert result.status == "ok"
        assert min(abs(result.score - share) for share in shares) < 1e-3  # type: ignore[operator]
        assert result.loss > 1.5  # type: ignore[operator]
        assert (again.score, again.loss) == (result.score, result.loss)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("mode", MODES)
def test_a_network_that_is_not_finite_has_a_status_and_no_score(mode: str, value: float) -> None:
    network = trained("nasbench201")
    with torch.no_grad():
        network.cells[1].edges[3]["nor_conv_3x3"][0].weight[0, 0, 0, 0] = value  # type: ignore[index]
    without, with_ = score(network, mode, [(1, 1, 1, 1, 1, 1), (1, 1, 1, 3, 1, 1)])
    assert (with_.status, with_.score, with_.loss) == ("nan", None, None)
    assert without.status == "ok"
    assert without.score is not None


def test_a_perfect_network_scores_100_percent_without_loss() -> None:
    network = trained("blox")
    hook = network.head.register_forward_hook(lambda *_: 1000 * F.one_hot(digits().valid.labels, 10).float())
    (result,) = score(network, "batch", architectures(network.config.space, 1), batch_size=40)
    hook.remove()
    assert (result.score, result.loss) == (100.0, 0.0)


# Settings


WRONG = ["", "eval", "recalibrate", "recalibrate-0", "recalibrate--1", "reset-5", "batch-2"]


@pytest.mark.parametrize("mode", [*WRONG, "recalibrate-2 ", "batch\n"])
def test_an_unknown_mode_is_refused_with_those_there_are(mode: str) -> None:
    with pytest.raises(ValueError, match=r"is not one of batch, running, recalibrate-K, reset-recalibrate-K"):
        BnMode(mode)


def test_every_documented_mode_is_known() -> None:
    assert [BnMode(mode.replace("K", "20")).batches for mode in BN_MODES] == [0, 0, 20, 20]
    assert [BnMode(mode.replace("K", "20")).reset for mode in BN_MODES] == [False, False, False, True]


def test_recalibrating_on_more_images_than_there_are_is_refused() -> None:
    network = trained("nasbench201")
    assert len(score(network, "recalibrate-4", batch_size=15)) > 0  # 14 + 13 + 13 images: 4 x 14 of 60
    with pytest.raises(ValueError, match="bn_mode: 'recalibrate-5' needs 70 training images; few digits has"):
        score(network, "recalibrate-5", batch_size=15)


def test_scoring_uses_a_masked_space_s_own_architectures() -> None:
    space = get_space("blox", ("conv",))
    network = supernet(space, size=SIZES["blox"])
    # ST1 in canonical form names conv as the operation that it does not use: it is still in the space.
    (result,) = score(network, "batch", [(0, 1, 0, 1, 0) * 3])
    assert result.status == "ok"
