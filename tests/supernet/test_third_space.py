"""A space of another kind than the two here, added by its folder and one line: everything else works with it."""

from __future__ import annotations

import pytest
import torch
from layers.space import Layers
from tiny import digits

from studies.estimators.compute.costs import count
from supernet.fast.grouped import train_group
from supernet.network import NetworkConfig, StandAlone, Supernet, cut_out, seeded
from supernet.scoring.scorer import Scorer
from supernet.spaces import SPACES, Size, get_space
from supernet.training.config import TrainingConfig
from supernet.training.sampling import Sampler, SamplingConfig
from supernet.training.trainer import Trainer

# PyTorch 2.14 on a CPU writes beyond its memory in the gradient of a 1x1 convolution of stride 2 from 4 to 8 channels.
SIZE = Size(channels=8, stages=2, cells_per_stage=1, image_channels=1, image_size=8)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SPACES, "layers", Layers)


def network(mask: tuple[str, ...] = ()) -> Supernet:
    built = seeded(Supernet, NetworkConfig(space=get_space("layers", mask), size=SIZE), seed=0)
    assert isinstance(built, Supernet)
    return built


def test_shapes_follow_the_halvings_in_its_cells() -> None:
    stages = network().features(torch.zeros(2, 1, 8, 8), ((0,), (1,), (2,), (0,), (1,)))
    assert [tuple(stage.shape) for stage in stages] == [(2, 16, 4, 4), (2, 32, 2, 2)]


@pytest.mark.parametrize("sampling", [{"kind": "uniform"}, {"kind": "fair"}, {"kind": "balanced"}])
@pytest.mark.parametrize("stacking", ["never", "always"])
def test_a_supernet_trains_and_scores_as_its_parts_do_alone(sampling: dict[str, str], stacking: str) -> None:
    supernet, data = network(("conv_1x1",)), digits()
    config = TrainingConfig(
        updates=4, batch_size=16, stacking=stacking if sampling["kind"] == "fair" else "auto"
    )
    sampler = Sampler(SamplingConfig(**sampling), supernet.config.space, SIZE, seed=0)
    trainer = Trainer(supernet, data, config, seed=0, sampler=sampler)
    assert trainer.run() == "finished"
    chosen = list(get_space("layers", ("conv_1x1",)).enumerate())
    scores = {s.architecture: s.loss for s in Scorer(supernet, data, data.valid, "batch")(chosen)}
    assert len(scores) == 2**5
    for architecture in chosen[::7]:
        alone = cut_out(supernet, architecture)
        (single,) = Scorer(alone, data, data.valid, "batch")([architecture])
        assert single.loss == pytest.approx(scores[architecture], rel=1e-6)


def test_multiply_accumulates_are_those_of_a_forward_pass() -> None:
    scorer = Scorer(network(), digits(), digits().valid, "batch")
    layout = scorer.planner.layout
    # The first 3x3 of the second stage: 16 -> 32 channels of 2x2 pixels.
    assert layout.macs("cells.2.choices.conv_3x3") == 16 * 32 * 9 * 2 * 2
    assert layout.macs("cells.1.choices.identity") == 0


@pytest.mark.parametrize("architecture", [(0, 0, 0, 0, 0), (2, 1, 0, 2, 1)])
def test_costs_are_those_of_the_stand_alone_network(architecture: tuple[int, ...]) -> None:
    alone = StandAlone(NetworkConfig(space=Layers(), size=SIZE, affine=True), architecture)
    cost = Layers().cost(architecture, SIZE)
    assert cost.params == sum(parameter.numel() for parameter in alone.parameters())
    assert cost.macs == count(alone).total()


def test_its_networks_train_side_by_side() -> None:
    config, data = NetworkConfig(space=Layers(), size=SIZE), digits()
    architectures = [(0, 1, 2, 0, 1), (2, 1, 2, 2, 0), (0, 0, 0, 0, 0)]
    settings = TrainingConfig(epochs=1, batch_size=32)
    together = [seeded(StandAlone, config, a, seed=i) for i, a in enumerate(architectures)]
    assert train_group(together, data, settings, seeds=[0, 1, 2]) == ["finished"] * 3  # type: ignore[arg-type]
    for i, architecture in enumerate(architectures):
        alone = seeded(StandAlone, config, architecture, seed=i)
        Trainer(alone, data, settings, seed=i).run()
        states = [{k: v for k, v in m.state_dict().items() if v.ndim} for m in (together[i], alone)]
        torch.testing.assert_close(*states, rtol=1e-4, atol=1e-5)
