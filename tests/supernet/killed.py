"""A small supernet training that can be made to halt at any moment, for test_kill.py to kill it there.

Reads lines 'FOLDER<tab>MOMENT' and does each in a process of its own, forked so that importing torch is paid for
once. That process says 'started PID'; when it is over, 'ended CODE' follows.

MOMENT: 'forward:N', 'update:N', 'saving:N' (half of the file is written), 'renaming:N' (all of it, not yet in
place), 'saved:N' or 'scored:N', each counted from the start of this process. There the process says
'halted' and sleeps. Without a moment, or when it never comes, it trains to the end, scores, and writes weights.pt and
scores.json.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import torch
from tiny import digits, supernet

import supernet.files as files_module
import supernet.training.checkpoint as checkpoint_module
from supernet.scoring.scorer import Scorer
from supernet.training.config import Augmentation, TrainingConfig
from supernet.training.sampling import Sampler, SamplingConfig
from supernet.training.trainer import Trainer

TRAINING = TrainingConfig(
    epochs=4, batch_size=16, lr=0.05, augmentation=Augmentation(shift=1, flip=True, noise=0.2)
)
# Four batches an epoch and five paths a group: most epochs end in the middle of a group.
SAMPLING = SamplingConfig(kind="fair", gradients="parameter_mean")


class Moments:
    """Counts what happens, and halts at one moment."""

    def __init__(self, moment: str) -> None:
        self.moment = moment
        self.counts: Counter[str] = Counter()

    def __call__(self, kind: str) -> None:
        if self.is_next(kind):
            self.halt()

    def is_next(self, kind: str) -> bool:
        self.counts[kind] += 1
        return f"{kind}:{self.counts[kind]}" == self.moment

    def halt(self) -> None:
        print("halted", flush=True)
        time.sleep(600)  # whoever started this kills it


def train_and_score(folder: Path, moment: str) -> None:
    at = Moments(moment)
    network = supernet("nasbench201", affine=True)
    sampler = Sampler(SAMPLING, network.config.space, network.config.size, seed=1)
    trainer = Trainer(network, digits(), TRAINING, seed=2, sampler=sampler)
    network.register_forward_pre_hook(lambda *_: at("forward"))
    step = trainer.optimizer.step

    def counted_step() -> None:
        step()
        at("update")

    trainer.optimizer.step = counted_step  # type: ignore[method-assign]
    write_atomic, replace = files_module.write_atomic, os.replace

    def halting_write(path: Path, write: Callable[[IO[bytes]], object]) -> None:
        def write_half(file: IO[bytes]) -> None:
            whole = io.BytesIO()
            write(whole)
            file.write(whole.getvalue()[: whole.tell() // 2])
            file.flush()
            at.halt()

        write_atomic(path, write_half if at.is_next("saving") else write)

    def halting_replace(*names: Any) -> None:
        at("renaming")
        replace(*names)

    checkpoint_module.write_atomic = halting_write  # type: ignore[attr-defined]
    os.replace = halting_replace
    status = trainer.run(folder / "checkpoint.pt", lambda *_: at("saved"))
    os.replace = replace
    scores = []
    for s in Scorer(network, trainer.data, trainer.data.valid, "recalibrate-1")(
        network.config.space.sample(5, 0)
    ):
        scores.append((s.architecture, s.score, s.loss, s.status))
        at("scored")
    history = [(e.epoch, e.updates, e.lr, e.loss, e.accuracy) for e in trainer.history]
    torch.save(network.state_dict(), folder / "weights.pt")
    result = {"status": status, "updates": trainer.updates, "history": history, "scores": scores}
    (folder / "scores.json").write_text(json.dumps(result))


def main() -> None:
    torch.set_num_threads(1)
    digits()  # read once, for all
    for line in sys.stdin:
        folder, moment = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                print("started", os.getpid(), flush=True)
                train_and_score(Path(folder), moment)
                code = 0
            except Exception:
                traceback.print_exc()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
