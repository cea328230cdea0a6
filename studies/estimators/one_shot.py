"""What a run of a supernet does: train it, then score architectures with the weights that they share in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import torch

from analysis.store import history
from analysis.store.result import CHECKPOINT
from studies.estimators.initial import start_from_parent
from studies.model import lineage
from studies.model.seeds import derived_seed
from studies.model.study import Run
from studies.model.variant import EMA, Variant
from studies.running import scores
from studies.running.progress import Report
from studies.tracking.live import Live
from supernet.data import load
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.scoring import BnMode, Scorer, calibration_images
from supernet.spaces import Architecture
from supernet.training import checkpoint
from supernet.training.precision import numerics, set_numerics
from supernet.training.sampling import Sampler
from supernet.training.trainer import Epoch, Trainer


def network_config(variant: Variant) -> NetworkConfig:
    """What the supernet is made of."""
    return NetworkConfig(
        space=variant.masked_space,
        size=variant.size,
        linear_transformers=variant.linear_transformers,
        node_reduction=variant.node_reduction,
        affine=variant.affine,
    )


def build(run: Run, device: str) -> Trainer:
    """Network, sampler and trainer of a run as they are before the first step."""
    variant, seed = cast(Variant, run.variant), run.seed
    origin = (seed, *filter(None, [lineage.generation(variant)]))  # a run does not draw what its parent drew
    set_numerics(variant.training, torch.device(device))
    config = network_config(variant)
    network = seeded(Supernet, config, seed=derived_seed("network", *origin)).to(device)
    sampler = Sampler(variant.sampling, config.space, variant.size, derived_seed("sampler", *origin))
    data = load(variant.data, run.data_root)
    variant.check_classes(data)
    for mode in variant.bn_modes:  # what scoring refuses is refused before training
        calibration_images(BnMode(mode), data, data.valid, variant.evaluation_batch)
    data = data.to(torch.device(device))
    trainer = Trainer(network, data, variant.training, seed=derived_seed("data", *origin), sampler=sampler)
    trainer.run_id = run.run_id
    return trainer


def prepare(run: Run, device: str, report: Report, check: Callable[[], None]) -> dict[str, Any]:
    """Train to the end of the budget, from the last checkpoint if there is one. check(): before anything is written;
    it raises if the run is no longer this process's."""
    trainer = build(run, device)
    if not (run.folder / CHECKPOINT).exists():
        start_from_parent(run, trainer.model)

    def after_epoch(epoch: Epoch, epochs: int) -> None:
        detail = f"epoch {epoch.epoch}/{epochs} loss {epoch.loss:.3f} accuracy {epoch.accuracy:.1f} %"
        report("train", epoch.epoch / epochs, detail)
        live(epoch)

    with Live(run, trainer) as live:
        status = trainer.run(run.folder / CHECKPOINT, after_epoch, check)
    epochs = history.write(trainer.history, run.folder, run.run_id)
    return {
        "status": status,
        "reason": None if status == "finished" else f"loss or weights not finite in epoch {len(epochs) + 1}",
        "updates": trainer.updates,
        "epochs": len(epochs),
        "train_seconds": round(float(epochs["seconds"].sum()), 2),
        "numerics": numerics(trainer.config, trainer.device),
    }


def score(
    run: Run,
    pairs: list[scores.Pair],
    part: tuple[int, int],
    device: str,
    report: Report,
) -> Iterator[scores.Row]:
    """The scores of part k of n of the (measure, architecture) pairs, by the last checkpoint's weights or their
    average."""
    variant, (number, count) = cast(Variant, run.variant), part
    trainer = build(run, device)
    trainer.load_state_dict(checkpoint.load(run.folder / CHECKPOINT, trainer.device, run.run_id))
    assert isinstance(trainer.model, Supernet)
    for position, measure in enumerate(variant.measures):

        def after_chunk(done: float, position: int = position, measure: str = measure) -> None:
            report(
                "score", (position + done) / len(variant.measures), f"{100 * done:.0f} % scored ({measure})"
            )

        asked: list[Architecture] = [architecture for own, architecture in pairs if own == measure]
        weights: AbstractContextManager[None] = nullcontext()
        if measure.startswith(EMA):
            assert trainer.average is not None
            weights = trainer.average.applied()
        with weights:
            scorer = Scorer(
                trainer.model,
                trainer.data,
                trainer.data.valid,
                measure.removeprefix(EMA),
                variant.evaluation_batch,
                variant.evaluation_noise,
            )
            if count > 1:
                asked = scorer.planner.shards(asked, count)[number]  # type: ignore[assignment]
            for s in scorer(asked, after_chunk):  # in an order of its own
                yield {
                    "arch": variant.masked_space.text(cast(Architecture, s.architecture)),
                    "measure": measure,
                    "score": s.score,
                    "loss": s.loss,
                    "status": s.status,
                    "seconds": s.seconds,
                }
