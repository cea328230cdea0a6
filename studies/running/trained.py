"""What a finished run has trained: its supernet, built from the run's own files alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from analysis.store import config as config_file
from analysis.store.result import CHECKPOINT, REMEDY
from analysis.store.run import look
from studies.estimators.one_shot import OneShot
from supernet.data import DEFAULT_ROOT, DataConfig
from supernet.data.dataset import DataSet
from supernet.data.loading import load_data
from supernet.network import NetworkConfig, Supernet
from supernet.spaces import Size, get_space
from supernet.training import checkpoint


@dataclass(frozen=True, kw_only=True)
class TrainedRun:
    """A trained supernet, read from its run.

    Attributes:
        config: of the run, as its config.json has it.
        network: what its supernet is made of.
        weights: of the supernet, by the names of its tensors.
        averaged: whether they are the average that the training kept.
    """

    folder: Path
    config: dict[str, Any]
    network: NetworkConfig
    weights: dict[str, Tensor]
    averaged: bool

    @property
    def run_id(self) -> str:
        return self.folder.name

    def supernet(self) -> Supernet:
        """The supernet with these weights, in evaluation mode."""
        network = Supernet(self.network)
        network.load_state_dict(self.weights)
        network.eval()
        return network

    def data(self, root: Path = DEFAULT_ROOT) -> DataSet:
        """The run's images. ValueError or OSError if they are not below `root`."""
        return load_data(DataConfig(**self.config["data"]), root)


def trained_run(folder: str | Path, averaged: bool = False) -> TrainedRun:
    """Read and check the files of a finished run of a supernet, its scores excepted.

    Args:
        folder: of the run, RUNS/trainings/ID.
        averaged: take the average of the weights (`TrainingConfig.ema`), not those after the last step.

    Raises:
        ValueError: there is no run, it has not finished, it trained no supernet, keeps no average, or a file of it is
            damaged or gone.
    """
    folder = Path(folder)
    config = config_file.of_run(folder)
    if kind := config.get("estimator", {}).get("kind"):
        raise ValueError(f"run: {folder.name} has no weights of a supernet: it is of the estimator {kind!r}")
    seen = look(folder, folder.name)
    if seen.result["status"] != "finished":
        raise ValueError(f"run: {folder.name} is {seen.result['status']}: {seen.result.get('reason')}")
    path = folder / CHECKPOINT
    if not path.is_file():
        raise ValueError(f"run: {folder.name} has no {CHECKPOINT} any more; {REMEDY}")
    if seen.is_as_written(CHECKPOINT) is False:
        raise ValueError(f"run: {path} is not the file that its result describes; {REMEDY}")
    state = checkpoint.load(path, run_id=folder.name)
    weights: dict[str, Tensor] = dict(state["model"])
    if averaged:
        if not state.get("average"):
            raise ValueError(f"run: {folder.name} keeps no average of its weights (training.ema is 0)")
        weights |= state["average"]
    return TrainedRun(
        folder=folder, config=config, network=_network(config, folder), weights=weights, averaged=averaged
    )


def _network(config: dict[str, Any], folder: Path) -> NetworkConfig:
    try:
        options = {name: config[name] for name in OneShot().network_options}
        space = get_space(config["space"], config["mask"])
        return NetworkConfig(space=space, size=Size(**config["size"]), **options)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"run: {folder / config_file.FILE}: {error}") from None
