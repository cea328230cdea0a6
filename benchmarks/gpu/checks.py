"""Is what a device computes what the CPU computes? Each check is a function that yields (what, ok, figure)."""

from __future__ import annotations

import copy
import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import BLOX, NB201
from benchmarks.work import Work, paths_of, random_data, supernet, trainer, work
from supernet.data.dataset import DataSet
from supernet.fast.fair_step import FairStep
from supernet.fast.memory import in_one_line
from supernet.network import Supernet
from supernet.scoring.scorer import Scorer
from supernet.spaces import Path as CellPath
from supernet.training.augmentation import apply, draw
from supernet.training.config import Augmentation
from supernet.training.precision import lacking, set_numerics
from supernet.training.trainer import Trainer

Check = tuple[str, bool, str]
SINGLE, DOUBLE = 1e-4, 1e-9  # relative errors allowed
BATCHES = 5
CPU = torch.device("cpu")
# So small that few inputs of a ReLU are near zero: see `same_as_cpu`.
SMALL = {NB201: work(NB201, 8, 2, 16, side=8), BLOX: work(BLOX, 4, 1, 16, side=8)}
CASES: list[tuple[str, str, tuple[str, ...], dict[str, Any], str, bool | None]] = [
    # name, space, mask, settings of the network, sampling, topology shared
    ("uniform", NB201, (), {}, "uniform", None),
    ("fair", NB201, (), {}, "fair", None),
    ("balanced, unshared", NB201, (), {}, "balanced", False),
    ("linear transformers, mean, affine", NB201, (), {
        "linear_transformers": "skip+pool", "node_reduction": "mean", "affine": True}, "uniform", None),
    ("masked", NB201, ("none", "avg_pool_3x3"), {}, "fair", None),
    ("uniform", BLOX, (), {}, "uniform", None),
    ("fair, linear transformers", BLOX, (), {"linear_transformers": "skip"}, "fair", None),
    ("masked, affine", BLOX, ("bconv",), {"affine": True}, "uniform", None),
]  # fmt: skip


def all_checks(device: torch.device) -> list[tuple[str, Callable[[torch.device], Iterator[Check]]]]:
    return [
        ("the CPU's numbers", same_as_cpu),
        ("scores", same_scores),
        ("groups and parts", same_steps),
        ("augmentation", same_augmentation),
        ("resumption", resumes),
        ("devices change", changes_device),
        ("mixed precision", precisions_rank),
        ("out of memory", out_of_memory),
    ]


def error(computed: Tensor, expected: Tensor) -> float:
    """Relative, in the norm of all numbers; NaN is not equal to anything."""
    a, b = computed.detach().double().cpu().flatten(), expected.detach().double().cpu().flatten()
    return float((a - b).norm() / b.norm().clamp(min=1e-30))


def pass_of(
    network: Supernet, images: Tensor, paths: list[CellPath], where: torch.device, dtype: torch.dtype
) -> dict[str, Tensor]:
    """Logits, gradients and BN statistics of a copy after the paths of one update, each as one vector."""
    own = copy.deepcopy(network).to(dtype).to(where).to(memory_format=torch.channels_last)
    x = images.to(dtype).to(where).contiguous(memory_format=torch.channels_last)
    labels = torch.arange(len(images), device=where) % own.config.size.classes
    logits = []
    for path in paths:
        logits.append(own(x, path))
        F.cross_entropy(logits[-1], labels).backward()
    gradients = [p.grad.flatten() for p in own.parameters() if p.grad is not None]
    statistics = [b.flatten().double() for name, b in own.named_buffers() if "running" in name]
    return {
        "logits": torch.cat(logits),
        "gradients": torch.cat(gradients),
        "statistics": torch.cat(statistics),
    }


def same_as_cpu(device: torch.device) -> Iterator[Check]:
    """Against the CPU's double precision. In single precision a ReLU's input near zero may come to lie on the other
    side of it, which changes some gradients by far more than rounding: so the closest of some batches counts, and where
    the CPU's own single precision is further than the bound, ten times its distance. What is computed wrongly is wrong
    on all, by about its own size."""
    set_numerics(device)
    for name, space, mask, settings, kind, shared in CASES:
        small = SMALL[space]
        network = supernet(small, CPU, mask, **settings).double().train()
        paths = paths_of(network, 5, kind, shared)
        for dtype, least in ((torch.float32, SINGLE), (torch.float64, DOUBLE)):
            closest = (float("inf"), "")  # share of what is allowed, in words
            for seed in range(BATCHES):
                shape = (small.batch, 3, small.size.image_size, small.size.image_size)
                images = torch.randn(
                    shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
                )
                exact = pass_of(network, images, paths, CPU, torch.float64)
                found, own = (pass_of(network, images, paths, where, dtype) for where in (device, CPU))
                allowed = {key: max(least, 10 * error(own[key], exact[key])) for key in exact}
                errors = {key: error(found[key], exact[key]) for key in exact}
                worst = max(errors, key=lambda key: errors[key] / allowed[key])
                figure = f"{errors[worst]:.1e} of {allowed[worst]:.0e} ({worst})"
                closest = min(closest, (errors[worst] / allowed[worst], figure))
                if closest[0] <= 1:
                    break
            yield f"{space}, {name}, {str(dtype)[6:]}", closest[0] <= 1, closest[1]


def same_scores(device: torch.device) -> Iterator[Check]:
    set_numerics(device)
    for space, small in SMALL.items():
        tables: list[dict[Any, Any]] = []
        for where in (CPU, device):
            network = supernet(small, where).double()
            data = random_data(small.size, 64, 150, where, precise=True)
            which = network.config.space.sample(10, 0)
            tables.append(
                {
                    (mode, s.architecture): s
                    for mode in ("batch", "reset-recalibrate-1")
                    for s in Scorer(network, data, data.valid, mode, batch_size=25)(which)
                }
            )
        one, other = tables
        losses = max(abs(other[key].loss - one[key].loss) / one[key].loss for key in one)
        images = max(abs(other[key].score - one[key].score) * 1.5 for key in one)
        ok = losses <= DOUBLE and images < 1.5
        yield (
            f"{space}: losses of 10 architectures, two BN modes",
            ok,
            f"{losses:.1e}; {images:.0f} images differ",
        )


def same_steps(device: torch.device) -> Iterator[Check]:
    """One graph = the same without a graph = path by path; replayed parts = the network as it is."""
    small = SMALL[NB201]
    set_numerics(device)
    shape = (small.batch, 3, small.size.image_size, small.size.image_size)
    stream = torch.Generator().manual_seed(2)
    batches = [torch.randn(shape, generator=stream, dtype=torch.float64).to(device) for _ in range(5)]
    labels = (torch.arange(small.batch) % small.size.classes).to(device)
    network = supernet(small, device).double().train()
    groups = [paths_of(network, 10, "fair", False)[i : i + 5] for i in (0, 5)]
    results = []
    for way in ("paths", "eager", "graph"):
        own = copy.deepcopy(network).to(memory_format=torch.channels_last)
        capture = way == "graph" and device.type == "cuda"
        step = FairStep(own, same_batch=False, capture=capture)
        for paths in groups:
            for parameter in own.parameters():
                parameter.grad = None
            if way == "paths":
                for x, path in zip(batches, paths, strict=True):
                    F.cross_entropy(own(x, path), labels).backward()
            else:
                step(batches, [labels] * 5, paths)
        gradients = [p.grad.flatten() if p.grad is not None else p.new_zeros(1) for p in own.parameters()]
        buffers = [b.flatten() for name, b in own.named_buffers() if "running" in name]
        results.append(torch.cat([*gradients, *buffers]))
    for number, name in ((1, "one static pass"), (2, "one graph")):
        worst = error(results[number], results[0])
        yield f"fair group: {name} = path by path, float64", worst <= DOUBLE, f"{worst:.1e}"
    for space, small in SMALL.items():
        for amp in ("none", "bf16"):
            if amp == "bf16" and lacking(amp, device):
                continue
            states = []
            for capture_parts in ("never", "always"):
                precise = amp == "none"
                data = random_data(small.size, 72, 16, device, precise)
                own = supernet(small, device)
                sampling = {"kind": "fair", "batches": "same"}
                run = trainer(
                    own.double() if precise else own, data, sampling, updates=4 if precise else 1, batch_size=16,
                    stacking="never", capture=capture_parts, amp=amp,
                )  # fmt: skip
                run.run()
                states.append(torch.cat([t.flatten().double() for t in run.model.state_dict().values()]))
            worst = error(states[1], states[0])
            what = f"{space}: a training of replayed parts, {'float64' if precise else amp}"
            yield what, worst <= (1e-6 if precise else 1e-3), f"{worst:.1e}"


def same_augmentation(device: torch.device) -> Iterator[Check]:
    size = SMALL[NB201].size
    here, there = (random_data(size, 64, 8, where) for where in (CPU, device))
    for name, settings in (
        ("shift, flip, cutout", {"shift": 4, "flip": True, "cutout": 5}),
        ("autoaugment", {"shift": 4, "flip": True, "policy": "autoaugment"}),
        ("randaugment", {"policy": "randaugment", "num_ops": 2}),
    ):
        augmentation = Augmentation(**settings)
        try:
            draws = draw(augmentation, (64, *here.train.images.shape[1:]), torch.Generator().manual_seed(0))
            expected = apply(augmentation, here, here.train.images, draws)
            found = apply(augmentation, there, there.train.images, draws.to(device)).cpu()
        except ModuleNotFoundError as missing:
            yield name, True, f"not checked: {missing.name} is not installed"
            continue
        apart = (
            ((found - expected).abs() * 55 > 3.5).float().mean()
        )  # levels: two blends may differ by one each
        bound = 0.0 if "policy" not in settings else 0.03
        yield f"{name}: values that are not the CPU's", float(apart) <= bound, f"{float(apart):.1e}"


RESUMED: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("parts", NB201, {"kind": "uniform"}, {"capture": "always"}),
    ("parts", BLOX, {"kind": "fair"}, {"stacking": "never", "capture": "always"}),
    ("no graphs", NB201, {"kind": "fair"}, {"stacking": "never", "capture": "never"}),
    ("one graph", NB201, {"kind": "fair"}, {"stacking": "graph"}),
    ("one graph, bf16", NB201, {"kind": "fair", "batches": "same"}, {"stacking": "graph", "amp": "bf16"}),
    ("one graph, fp16", NB201, {"kind": "fair"}, {"stacking": "graph", "amp": "fp16"}),
]


def resumes(device: torch.device) -> Iterator[Check]:
    """Stopped after an epoch, in the midst of a group where there are groups, and gone on from the checkpoint."""
    for name, space, sampling, settings in RESUMED:
        small = SMALL[space]
        if lacking(settings.get("amp", "none"), device) and settings.get("amp"):
            continue
        data = random_data(small.size, 72, 16, device)
        augmentation = Augmentation(shift=2, flip=True, noise=0.1, cutout=3)

        begin = partial(_three_epochs, small, data, sampling, augmentation=augmentation, **settings)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "checkpoint.pt")
            whole = begin()
            whole.run()
            stopped = begin()
            with suppress(KeyboardInterrupt):
                stopped.run(path, report=_stop_after_first)
            resumed = begin()
            resumed.run(path)
        pairs = zip(whole.model.state_dict().values(), resumed.model.state_dict().values(), strict=True)
        same = all(torch.equal(a, b) for a, b in pairs) and len(stopped.history) == 1
        yield f"{space}, {name}: stopped and resumed", same, "same bits" if same else "other bits"


def _three_epochs(small: Work, data: DataSet, sampling: dict[str, Any], **settings: Any) -> Trainer:
    network = supernet(small, data.train.labels.device)
    return trainer(network, data, sampling, epochs=3, batch_size=16, **settings)


def _stop_after_first(epoch: Any, epochs: int) -> None:
    raise KeyboardInterrupt


def changes_device(device: torch.device) -> Iterator[Check]:
    """A checkpoint of the CPU goes on on the device, and back, in double precision: as if it had never moved."""
    small = SMALL[NB201]
    where = {"CPU": CPU, "device": device}

    def run(places: tuple[str, ...], path: Path) -> Tensor:
        for epochs, place in enumerate(places, 1):
            data = random_data(small.size, 80, 16, where[place], precise=True)
            network = supernet(small, where[place]).double()
            one = trainer(network, data, {"kind": "fair"}, epochs=len(places), batch_size=16)
            if path.exists():
                one.resume(path)
            with suppress(KeyboardInterrupt):
                one.run(path, report=_stop_after_first if epochs < len(places) else None)
        return torch.cat([t.flatten().double().cpu() for t in one.model.state_dict().values()])

    with tempfile.TemporaryDirectory() as folder:
        expected = run(("CPU", "CPU", "CPU"), Path(folder, "a.pt"))
        for number, places in enumerate((("CPU", "device", "CPU"), ("device", "CPU", "device"))):
            worst = error(run(places, Path(folder, f"{number}.pt")), expected)
            yield f"{', '.join(places)}: the training on the CPU", worst <= 1e-6, f"{worst:.1e}"


def precisions_rank(device: torch.device) -> Iterator[Check]:
    """Supernets trained in each precision rank 60 cells alike: Kendall's tau with the one in float32."""
    small = replace(SMALL[NB201], batch=32)
    losses = {}
    for precision in ("none", "tf32", "bf16", "fp16"):
        amp = "none" if precision == "tf32" else precision
        if (amp != "none" and lacking(amp, device)) or (precision == "tf32" and device.type != "cuda"):
            continue
        data = random_data(small.size, 320, 320, device)
        fp32 = "tf32" if precision == "tf32" else "ieee"
        settings: dict[str, Any] = {"updates": 60, "batch_size": 32, "amp": amp, "fp32_precision": fp32}
        run = trainer(supernet(small, device), data, {"kind": "fair"}, **settings)
        status = run.run()
        network = run.model
        assert isinstance(network, Supernet)
        which = network.config.space.sample(60, 0)
        scores = {s.architecture: s.loss for s in Scorer(network, data, data.valid, "batch")(which)}
        losses[precision] = np.array([scores[a] if scores[a] is not None else np.nan for a in which])
        tau = kendall(losses["none"], losses[precision])
        fell = run.history[-1].loss < run.history[0].loss
        ok = status == "finished" and fell and tau > 0.3  # of 60 cells: chance is within .2
        figure = f"tau {tau:.3f}; loss {run.history[0].loss:.3f} to {run.history[-1].loss:.3f}"
        yield f"trained in {'float32' if precision == 'none' else precision}", ok, figure


def kendall(x: np.ndarray, y: np.ndarray) -> float:
    """tau_a by its definition."""
    pairs = list(itertools.combinations(range(len(x)), 2))
    return float(np.mean([np.sign(x[i] - x[j]) * np.sign(y[i] - y[j]) for i, j in pairs]))


def out_of_memory(device: torch.device) -> Iterator[Check]:
    """A run that asks for more memory than there is fails with one line that says what helps."""
    try:
        torch.empty(2**60, dtype=torch.uint8, device=device)
        line = "no error"
    except Exception as error:
        line = in_one_line(error)
    yield "one line", line.startswith("out of memory") and "\n" not in line, line[:100]
