"""Train a supernet, then score architectures with the weights that they share in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from torch import nn

from analysis.store import history
from analysis.store.result import CHECKPOINT
from studies.configuration import derived_seed
from studies.estimators.compute.task import Task
from studies.estimators.estimator import Pair, Record, Report
from studies.estimators.one_shot import EMA, OneShot
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.scoring import BnMode
from supernet.scoring.scorer import Scorer, calibration_images
from supernet.spaces import Architecture
from supernet.training import checkpoint
from supernet.training.precision import numerics
from supernet.training.sampling import Sampler
from supernet.training.trainer import Epoch, Trainer


def build(settings: OneShot, task: Task) -> Trainer:
    """Network, sampler and trainer of a run as they are before the first step."""
    origin = (task.seed, *filter(None, [task.generation]))
    config = NetworkConfig(space=task.space, size=task.size, **settings.network_options)
    network = seeded(Supernet, config, seed=derived_seed("network", *origin)).to(task.device)
    sampler = Sampler(settings.sampling, task.space, task.size, derived_seed("sampler", *origin))
    for mode in settings.bn_modes:  # what scoring refuses is refused before training
        calibration_images(BnMode(mode), task.data, task.data.valid, task.evaluation_batch)
    seed = derived_seed("data", *origin)
    trainer = Trainer(network, task.data, settings.training, seed=seed, sampler=sampler)
    trainer.run_id = task.run_id
    return trainer


def start_from(task: Task, network: nn.Module) -> None:
    """Copy weights and running statistics of all that the network has from the checkpoint that the task starts from, if
    it does. Nothing else is taken over: the optimizer and the learning rate start anew. ValueError if the checkpoint is
    of another network."""
    if task.start is None:
        return
    weights = checkpoint.load(task.start)["model"]
    try:
        network.load_state_dict({name: weights[name] for name in network.state_dict()})
    except (KeyError, RuntimeError, TypeError) as error:
        raise ValueError(f"parent: {task.start} holds the weights of another network ({error})") from error


def prepare(settings: OneShot, task: Task, report: Report) -> dict[str, Any]:
    """Train to the end of the budget, from the last checkpoint if there is one."""
    trainer = build(settings, task)
    path = task.folder / CHECKPOINT
    if not path.exists():
        start_from(task, trainer.model)

    def after_epoch(epoch: Epoch, epochs: int) -> None:
        detail = f"epoch {epoch.epoch}/{epochs} loss {epoch.loss:.3f} accuracy {epoch.accuracy:.1f} %"
        report(epoch.epoch / epochs, detail)
        watching(epoch)

    with task.watch(trainer) as watching:
        if path.exists():
            trainer.resume(path)
            report(len(trainer.history) / trainer.epochs, "")
        status = trainer.run(path, after_epoch, task.check)
    epochs = history.write(trainer.history, task.folder, task.run_id or "")
    return {
        "status": status,
        "reason": None if status == "finished" else f"loss or weights not finite in epoch {len(epochs) + 1}",
        "updates": trainer.updates,
        "epochs": len(epochs),
        "train_seconds": round(float(epochs["seconds"].sum()), 2),
        "numerics": numerics(trainer.config, trainer.device),
    }


def score_pairs(
    settings: OneShot, task: Task, pairs: Sequence[Pair], part: tuple[int, int], report: Report
) -> Iterator[Record]:
    """The scores of part k of n of the (measure, architecture) pairs, by the last checkpoint's weights or their
    average, in an order of its own."""
    number, count = part
    trainer = build(settings, task)
    trainer.load_state_dict(checkpoint.load(task.folder / CHECKPOINT, trainer.device, task.run_id))
    assert isinstance(trainer.model, Supernet)
    for position, measure in enumerate(settings.measures):

        def after_chunk(done: float, position: int = position, measure: str = measure) -> None:
            whole = (position + done) / len(settings.measures)
            report(whole, f"{100 * done:.0f} % scored ({measure})")

        asked: list[Architecture] = [architecture for name, architecture in pairs if name == measure]
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
                task.evaluation_batch,
                task.noise,
            )
            if count > 1:
                asked = scorer.planner.shards(asked, count)[number]  # type: ignore[assignment]
            for score in scorer(asked, after_chunk):
                yield Record(
                    architecture=cast(Architecture, score.architecture),
                    measure=measure,
                    score=score.score,
                    status=score.status,
                    loss=score.loss,
                    seconds=score.seconds,
                )
