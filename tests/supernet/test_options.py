"""Options of the training step: parameters that no path used, mixed precision, compiled operations."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tiny import assert_same, comparable, supernet, trainer
from torch import nn

from supernet.training import precision
from supernet.training.precision import MixedPrecision, lacking

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize("settings", [{}, {"nesterov": True, "clip_norm": 1.0}], ids=str)
@pytest.mark.parametrize("kind", ["uniform", "fair"])
def test_unused_parameters_move_as_with_gradients_of_zero(kind: str, settings: dict[str, Any]) -> None:
    training = {"epochs": 3, "lr": 0.05, "weight_decay": 0.1, "unused": "move", **settings}
    running = trainer(training=training, sampling={"kind": kind}, precise=True)
    network = copy.deepcopy(running.model)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    rest = [p for p in network.parameters() if p.ndim == 1]
    plain = torch.optim.SGD(
        [{"params": decayed, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}],
        momentum=0.9,
        nesterov=settings.get("nesterov", False),
        foreach=False,
    )
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    calls: list[tuple[Any, ...]] = []
    running.model.register_forward_pre_hook(lambda _, inputs: calls.append(inputs))
    running.run()
    known = running.data.normalise(running.data.train.images).flatten(1)
    for number, (images, path) in enumerate(calls):
        found = (images.flatten(1)[:, None] - known[None]).abs().sum(2).argmin(1)
        F.cross_entropy(network(images, path), running.data.train.labels[found]).backward()
        if (number + 1) % running.group == 0:
            for group in plain.param_groups:
                group["lr"] = running.config.learning_rate(number // 4, 3)
            if clip := settings.get("clip_norm"):
                nn.utils.clip_grad_norm_(network.parameters(), clip)
            plain.step()
            plain.zero_grad(set_to_none=False)
    assert running.updates == 12 // running.group
    torch.testing.assert_close(running.model.state_dict(), network.state_dict(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("unused", ["rest", "move"])
def test_a_parameter_that_no_path_used_rests_or_moves(unused: str) -> None:
    running = trainer(training={"updates": 1, "weight_decay": 0.1, "unused": unused})
    before = {key: tensor.clone() for key, tensor in running.model.named_parameters()}
    calls: list[Any] = []
    running.model.register_forward_pre_hook(lambda _, inputs: calls.append(inputs[1]))
    running.run()
    ((first, _),) = calls
    chosen = running.model.config.space.operations[first[0]]
    for name in {"nor_conv_1x1", "nor_conv_3x3"} - {chosen}:
        key = f"cells.0.edges.0.{name}.0.weight"
        moved = not torch.equal(running.model.get_parameter(key), before[key])
        assert moved == (unused == "move"), key


# Mixed precision


@pytest.mark.parametrize(
    ("amp", "device", "units", "reason"),
    [
        ("bf16", CPU, {"avx512_bf16": True}, None),
        ("bf16", CPU, {"amx_bf16": True, "avx512_bf16": False}, None),
        ("bf16", CPU, {"avx512_f": True}, r"needs a CPU with bfloat16 units \(avx512_bf16 or amx_bf16\)"),
        ("fp16", CPU, {"avx512_bf16": True}, "needs a CUDA device"),
        ("fp16", CUDA, {}, None),
    ],
    ids=str,
)
def test_precision_that_the_device_has_no_units_for_is_refused(
    amp: str,
    device: torch.device,
    units: dict[str, bool],
    reason: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units, raising=False)
    if reason is None:
        assert lacking(amp, device) is None
    else:
        with pytest.raises(ValueError, match=f"amp: '{amp}' {reason}.*; use 'none'"):
            MixedPrecision(amp, device)


def test_a_training_in_bfloat16_computes_in_bfloat16_and_resumes(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch emulates it where there are no units: slow, but enough to see that it is used."""
    monkeypatch.setattr(precision, "lacking", lambda *_: None)

    def make(amp: str) -> Any:
        return trainer(training={"epochs": 1, "amp": amp}, sampling={"kind": "fair", "batches": "same"})

    types = set()
    running, whole = make("bf16"), make("none")
    running.model.stem[0].register_forward_hook(lambda *args: types.add(args[2].dtype))
    assert running.run() == whole.run() == "finished"
    assert types == {torch.bfloat16}
    losses = [run.history[0].loss for run in (running, whole)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert all(p.dtype == torch.float32 for p in running.model.parameters())
    other = make("bf16")
    other.load_state_dict(running.state_dict())
    assert_same(comparable(other.state_dict()), comparable(running.state_dict()))


def test_the_scale_of_the_loss_is_part_of_the_state() -> None:
    scaler = MixedPrecision("none", CPU)
    assert scaler.state_dict() == {}
    scaler.scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    other = MixedPrecision("none", CPU)
    other.scaler = torch.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    assert other.scaler.get_scale() == 8.0


@pytest.mark.parametrize("clip", [0.0, 0.5])
def test_a_scaled_loss_gives_the_same_step(clip: float) -> None:
    """Scaled by a power of two and unscaled before gradients are clipped: the same bits."""

    def weights(scaled: bool) -> dict[str, Any]:
        running = trainer(
            training={"epochs": 1, "clip_norm": clip}, sampling={"kind": "fair", "gradients": "mean"}
        )
        if scaled:
            running.precision.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**7)
        running.run()
        return dict(running.model.state_dict())

    assert_same(weights(True), weights(False))


# Compiled operations


# PyTorch 2.9 looks at gradients of what is no leaf while it compiles.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.parametrize("compiled", [False, True])
def test_compiled_operations_keep_names_and_results(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the compiler's front end alone: what it makes of the operations runs as it is."""
    parts: list[nn.Module] = []
    compile_module = nn.Module.compile

    def record(module: nn.Module) -> None:
        parts.append(module)
        if len(parts) == 1:
            compile_module(module, backend="eager")

    monkeypatch.setattr(nn.Module, "compile", record)
    running = trainer(training={"epochs": 1, "compile": compiled})
    network = supernet("nasbench201")
    assert list(running.model.state_dict()) == list(network.state_dict())
    assert running.run() == "finished"
    plain = trainer(training={"epochs": 1})
    plain.run()
    assert_same(dict(running.model.state_dict()), dict(plain.model.state_dict()))
    # The stem, and two convolutions on each edge of each cell.
    assert len(parts) == (1 + 2 * 6 * 2 if compiled else 0)
