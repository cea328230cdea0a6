"""A trained supernet, or a sub-network cut out of it, as a file that needs no run: weights with all that loads them.

pt: tensors and plain data, which `torch.load(..., weights_only=True)` reads; this project builds the network. pt2: a
program of `torch.export` and onnx: an ONNX graph, of a sub-network, which need nothing of this project.
"""

from __future__ import annotations

import importlib.util
import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from studies.running.trained import TrainedRun
from supernet.data import DEFAULT_ROOT, DataConfig
from supernet.data.loading import load_data
from supernet.files import write_atomic
from supernet.network import StandAlone, cut_out
from supernet.spaces import Architecture

FORMATS = ("pt", "pt2", "onnx")
ONNX = ("onnx", "onnxscript")  # packages that PyTorch's exporter imports
FACTS = "facts.json"  # of a pt2 file, beside the program

LOAD = """\
import torch
from supernet import NetworkConfig, Size, {network}, get_space

saved = torch.load({path!r}, weights_only=True)
config = NetworkConfig(space=get_space(*saved["space"]), size=Size(**saved["size"]), **saved["network"])
net = {build}
net.load_state_dict(saved["weights"])
net.eval()"""
LOAD_PT2 = """\
import torch

net = torch.export.load({path!r}).module()"""
LOAD_ONNX = """\
import onnxruntime

net = onnxruntime.InferenceSession({path!r})"""


@dataclass(frozen=True, kw_only=True)
class Export:
    """One file to write.

    Args:
        run: what it is of.
        architecture: of the sub-network; None: the whole supernet.
        form: one of FORMATS.
        pixels: mean and standard deviation of the training images by channel, in levels of a pixel (0 to 255, as a
            rule): a network's input is (pixel - mean) / std. None where the images are not at hand.

    Raises:
        ValueError: for an architecture that is masked, and a supernet in a form that is of sub-networks.
    """

    run: TrainedRun
    architecture: Architecture | None = None
    form: str = "pt"
    pixels: Mapping[str, list[float]] | None = None

    def __post_init__(self) -> None:
        if self.form not in FORMATS:
            raise ValueError(f"format: {self.form!r} is not one of {', '.join(FORMATS)}")
        if self.architecture is None:
            if self.form != "pt":
                raise ValueError(f"format: {self.form!r} is of one sub-network; say which with --arch")
            return
        config = self.run.network
        config.check_mask(config.as_path(self.architecture))

    def write(self, path: Path) -> str:
        """Write the file; the lines of Python that load it. Raises FileExistsError if there is one."""
        if path.exists():
            raise ValueError(f"--out: {path} is there already; it is not written over")
        raw = {"pt": self._pt, "pt2": self._pt2, "onnx": self._onnx}[self.form]()
        write_atomic(path, lambda file: file.write(raw))
        return self.lines(path)

    def lines(self, path: Path) -> str:
        """What loads the file, in evaluation mode."""
        if self.form != "pt":
            return {"pt2": LOAD_PT2, "onnx": LOAD_ONNX}[self.form].format(path=str(path))
        network, build = "Supernet", "Supernet(config)"
        if self.architecture is not None:
            network, build = "StandAlone", 'StandAlone(config, config.space.parse(saved["arch"]))'
        return LOAD.format(path=str(path), network=network, build=build)

    def facts(self) -> dict[str, Any]:
        """All but the weights, as plain data."""
        config = self.run.network
        arch = None if self.architecture is None else config.space.text(self.architecture)
        return {
            "run_id": self.run.run_id,
            "config": self.run.config,
            "averaged": self.run.averaged,
            "space": [config.space.name, list(config.space.mask)],
            "size": asdict(config.size),
            "network": {
                f.name: getattr(config, f.name) for f in fields(config) if f.name not in ("space", "size")
            },
            "arch": arch,
            "pixels": None if self.pixels is None else dict(self.pixels),
        }

    def _sub_network(self) -> StandAlone:
        assert self.architecture is not None
        return cut_out(self.run.supernet(), self.architecture)

    def _pt(self) -> bytes:
        weights = self.run.weights if self.architecture is None else dict(self._sub_network().state_dict())
        file = io.BytesIO()
        torch.save(self.facts() | {"weights": weights}, file)
        return file.getvalue()

    def _example(self) -> torch.Tensor:
        """Images that a network is traced with: two, as one would be taken for a constant."""
        size = self.run.network.size
        return torch.zeros(2, size.image_channels, size.image_size, size.image_size)

    def _pt2(self) -> bytes:
        shapes = ({0: torch.export.Dim("batch")},)
        program = torch.export.export(self._sub_network(), (self._example(),), dynamic_shapes=shapes)
        file = io.BytesIO()
        torch.export.save(program, file, extra_files={FACTS: json.dumps(self.facts())})
        return file.getvalue()

    def _onnx(self) -> bytes:
        if lacking := [name for name in ONNX if importlib.util.find_spec(name) is None]:
            raise ValueError(
                f"--format: PyTorch writes onnx with the packages {' and '.join(ONNX)}, of which"
                f" {' and '.join(lacking)} cannot be imported; pip install {' '.join(ONNX)}, or take pt2"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter, on itself
            program = torch.onnx.export(
                self._sub_network(),
                (self._example(),),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                input_names=["images"],
                output_names=["logits"],
                verbose=False,
            )
        assert program is not None
        raw: bytes = program.model_proto.SerializeToString()
        return raw


def pixels_of(run: TrainedRun, data_root: Path = DEFAULT_ROOT) -> dict[str, list[float]]:
    """Mean and standard deviation of the run's training images. ValueError or OSError if they are not at hand."""
    data = load_data(DataConfig(**run.config["data"]), data_root)
    return {"mean": data.mean.tolist(), "std": data.std.tolist()}
