"""What ground truth can be trained on, and that a table of images on disk is of the recipe that it names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studies.seeds import derived_seed
from studies.truth.build import Builder, train
from studies.truth.tasks import SYNTHETIC4, get_task
from supernet.data import SOURCES, DataConfig, load
from supernet.data.synthetic import Synthetic
from supernet.network import NetworkConfig, StandAlone, seeded
from supernet.spaces import get_space
from supernet.training import Trainer

CELL = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small synthetic images, fewer of them."""
    source = SOURCES["synthetic4"]
    assert isinstance(source, Synthetic)
    monkeypatch.setitem(SOURCES, "synthetic4", replace(source, draws=6000, of_each=24))
    SOURCES["synthetic4"].get(tmp_path, lambda done, total: None)
    return tmp_path


def test_a_record_is_what_the_network_alone_reaches(root: Path) -> None:
    space, data = get_space("nasbench201"), load(DataConfig(name="synthetic4"), root)
    config = replace(SYNTHETIC4.training, epochs=2, batch_size=50)
    records = train("nasbench201", CELL, [0, 3], "synthetic4", SYNTHETIC4.size, config, root)
    assert [(r["arch"], r["seed"], r["status"]) for r in records] == [(CELL, s, "finished") for s in (0, 3)]
    for record in records:
        seed = derived_seed("nasbench201", CELL, record["seed"])
        settings = NetworkConfig(space=space, size=SYNTHETIC4.size, affine=True)
        network = seeded(StandAlone, settings, space.parse(CELL), seed=seed)
        Trainer(network, data, config, seed=seed).run()
        network.eval()
        with torch.no_grad():
            right = network(data.normalise(data.test.images)).argmax(1) == data.test.labels
        # Side by side sums are rounded in another order: one image of leeway.
        assert record["test"] == pytest.approx(100 * float(right.float().mean()), abs=101 / len(right))


def test_a_table_of_another_task_is_refused(tmp_path: Path) -> None:
    space, path = get_space("nasbench201"), tmp_path / "t.parquet"
    small, large = (Builder(space, name, 1, 1, 0, path) for name in ("synthetic4", "synthetic"))
    assert small.header["data"] == "synthetic4"
    assert large.header["training"]["epochs"] == 200
    assert small.header["evaluation"] == {"noise": 0.0, "copies": 1}
    with pytest.raises(ValueError, match=r"begun with other settings \(data, size, training\)"):
        large._check(small.header, small.records_path)


@pytest.mark.parametrize(
    ("space", "data", "message"),
    [
        ("nasbench201", "cifar10", "data: 'cifar10' is not one of digits, synthetic, synthetic4"),
        ("blox", "synthetic", "space: 'blox' has no recipe for 'synthetic'; 'nasbench201' has one"),
    ],
)
def test_what_there_is_no_recipe_for_is_refused(space: str, data: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get_task(space, data)


@pytest.mark.parametrize("name", ["digits", "synthetic", "synthetic4"])
def test_networks_fit_the_images_of_their_task(name: str) -> None:
    size, source = get_task("nasbench201", name).size, SOURCES[name]
    assert (size.image_size, size.image_channels, size.classes) == (
        source.side,
        source.channels,
        source.classes,
    )
