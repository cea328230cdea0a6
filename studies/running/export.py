"""A trained supernet, or a sub-network cut out of it, as a file that needs no run: weights with all that loads them.

pt: tensors and plain data, which `torch.load(..., weights_only=True)` reads; this project builds the network. pt2: a
program of `torch.export` and onnx: an ONNX graph, of a sub-network, which need nothing of this project.
"""

from __future__ import annotations

import importlib.util
import io
import json
import warnings
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from studies.running.trained import TrainedRun
from supernet.data.dataset import DataSet
from supernet.files import write_atomic
from supernet.network import StandAlone, cut_out
from supernet.scoring.recalibrate import recalibrate
from supernet.scoring.scorer import Scorer
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

net = onnxruntime.InferenceSession({path!r})
# logits = net.run(["logits"], {{"images": images}})[0]"""


@dataclass(frozen=True, kw_only=True)
class Export:
    """One file to write.

    Args:
        run: what it is of.
        architecture: of the sub-network; None: the whole supernet.
        form: one of FORMATS.
        data: the run's images, by which the file says how pixels are normalised; None where they are not at hand.
        recalibrate: replace the sub-network's running statistics by those of so many training batches, as the BN mode
            'reset-recalibrate-K' does; 0 keeps those that training left, which all paths share.

    Raises:
        ValueError: for an architecture that is masked, and a supernet in a form, or recalibrated, as only sub-networks
            are.
    """

    run: TrainedRun
    architecture: Architecture | None = None
    form: str = "pt"
    data: DataSet | None = None
    recalibrate: int = 0

    def __post_init__(self) -> None:
        if self.form not in FORMATS:
            raise ValueError(f"format: {self.form!r} is not one of {', '.join(FORMATS)}")
        if self.recalibrate < 0:
            raise ValueError(f"recalibrate: {self.recalibrate!r} is not a number of batches")
        if self.recalibrate and self.data is None:
            raise ValueError("recalibrate: the run's images are not at hand")
        if self.architecture is None:
            if self.form != "pt":
                raise ValueError(f"format: {self.form!r} is of one sub-network; say which with --arch")
            if self.recalibrate:
                raise ValueError("recalibrate: is of one sub-network; say which with --arch")
            return
        config = self.run.network
        config.check_mask(config.as_path(self.architecture))

    def write(self, path: str | Path) -> str:
        """Write the file; the lines of Python that load it. ValueError if there is one already."""
        path = Path(path)
        if path.exists():
            raise ValueError(f"out: {path} is there already; it is not written over")
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
        """All but the weights, as plain data. pixels: mean and standard deviation of the training images by channel; a
        network's input is (pixel - mean) / std, of pixels as they are stored (0 to 255, as a rule)."""
        config, data = self.run.network, self.data
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
            "recalibrated": self.recalibrate,
            "pixels": data and {"mean": data.mean.tolist(), "std": data.std.tolist()},
        }

    def _sub_network(self) -> StandAlone:
        assert self.architecture is not None
        network = cut_out(self.run.supernet(), self.architecture)
        if self.recalibrate:
            assert self.data is not None
            config, mode = self.run.config, f"reset-recalibrate-{self.recalibrate}"
            options = config["evaluation_batch"], config["evaluation_noise"]
            recalibrate(network, Scorer(network, self.data, self.data.valid, mode, *options).calibration)
        return network

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
