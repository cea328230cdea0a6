"""Blox networks against the published probe: fixed weights, a fixed image, known outputs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from supernet.network import NetworkConfig, StandAlone
from supernet.spaces import Architecture, Cell
from supernet.spaces.blox.space import Blox

# A few of the 45 models that have the same block in every stage, by block (O0, O1, previous, input, skip):
# the logit, and the mean of each stage's output.
PROBES = {
    (0, 0, 1, 0, 0): (6.0955812152477336, 0.6314550871639291, 1.9387472113458593),
    (0, 2, 0, 1, 0): (23118775.94178642, 172.05283720537565, 84092.27585720034),
    (2, 1, 1, 1, 0): (3395386772.1055484, 937.478257447694, 2457661.093041264),
    (1, 0, 1, 0, 1): (5034.988987116654, 7.050231694479507, 215.48475097230374),
    (2, 0, 0, 1, 1): (23654612.85938517, 173.05151918297315, 85213.37304550274),
    (0, 1, 1, 1, 1): (7719.963814247398, 8.657803622030602, 296.20190815260503),
}


def probe(architecture: Architecture) -> tuple[Tensor, list[float]]:
    """Logits and per-stage means with weights that do not depend on any order (float64, evaluation mode)."""
    space = Blox()
    network = StandAlone(NetworkConfig(space=space, size=space.published, affine=True), architecture)
    network = network.double().eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            nn.init.constant_(module.bias, 0.05)
        elif isinstance(module, nn.BatchNorm2d):
            running = (module.running_mean, 0.1), (module.running_var, 0.9)
            for tensor, value in ((module.weight, 1.1), (module.bias, -0.02), *running):
                nn.init.constant_(tensor, value)
        elif isinstance(module, nn.Linear):
            nn.init.constant_(module.weight, 1 / module.in_features)
            nn.init.zeros_(module.bias)
    position = torch.arange(3 * 32 * 32).view(1, 3, 32, 32)
    x = (position * 37 % 101).double() / 101
    with torch.no_grad():
        features = network.features(x, network.path)
        assert [tuple(feature.shape[1:]) for feature in features] == [(64, 16, 16), (128, 8, 8), (256, 4, 4)]
        return network(x)[0], [float(feature.mean()) for feature in features]


@pytest.mark.parametrize("block", PROBES)
def test_blox_probe_gives_the_published_values(block: Cell) -> None:
    logits, means = probe(block * 3)
    logit, *stages = PROBES[block]
    assert logits.tolist() == pytest.approx([logit] * 100, rel=1e-9)
    assert means == pytest.approx([*stages, logit], rel=1e-9)


def test_blox_probe_gives_the_published_values_of_all_uniform_models(reference_data: Path) -> None:
    with open(reference_data / "blox" / "uniform_models.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 45
    for row in rows:
        logits, means = probe(tuple(int(number) for number in row["arch_vec_flat"].split()))
        assert logits.tolist() == pytest.approx([float(row["probe_logit"])] * 100, rel=1e-9)
        published = [float(row[f"probe_mean_stage{stage}"]) for stage in range(3)]
        assert means == pytest.approx(published, rel=1e-9)
