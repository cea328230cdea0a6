"""A sweep of small trainings, for test_faults.py to kill: 12 runs, each of an epoch or two, in worker processes.

Reads lines 'FOLDER<tab>WORKERS' and does each in a process group of its own, forked so that importing torch is paid for
once: says 'started PID', does what is left of the sweep in FOLDER and ends, with 0 if nothing is left.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path

import torch
from digits_tables import DIGITS, SIZE, write_table

from studies.estimators.one_shot import OneShot
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from studies.running import parallel
from studies.running.execute import execute, incomplete
from studies.running.plan import Plan
from supernet.data.loading import load_data
from supernet.training.config import Augmentation, TrainingConfig
from supernet.training.sampling import SamplingConfig

RUNS = 12


def study(tables: Path) -> Study:
    """Four variants, three seeds. tables: the folder for ground truth, written if it is not there."""
    training = TrainingConfig(epochs=2, batch_size=64, lr=0.05, augmentation=Augmentation(shift=1, noise=0.3))
    data = replace(DIGITS, subset=256)
    fair = SamplingConfig(kind="fair", gradients="parameter_mean")

    path = tables / "nasbench201.parquet"
    if not path.exists():
        write_table(tables, "nasbench201", 12)
    size, estimator = SIZE["nasbench201"], OneShot(training=training)
    base = Variant(name="uniform", space="nasbench201", size=size, data=data, estimator=estimator)
    return Study(
        name="sweep",
        title="Sweep",
        question="Does it survive?",
        note="made up",
        variants=(
            base.changed(bn_modes=("batch", "running")),
            base.changed(name="fair", sampling=fair),
            base.changed(name="masked", mask=("none",), sampling=fair),
            base.changed(name="linear", linear_transformers="skip"),
        ),
        truth={"nasbench201": Truth(str(path), "digits_test")},
        seeds=(0, 1, 2),
        top=(5,),
    )


def sweep(folder: Path, workers: int) -> int:
    plan = Plan.of(study(folder.parent), folder)
    todo = incomplete(plan)
    plan.write()
    if todo:
        execute(plan, todo, "cpu", workers)
    return len(incomplete(plan))


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    torch.set_num_threads(1)
    load_data(replace(DIGITS, subset=256))  # read once, for all
    parallel.context = lambda: multiprocessing.get_context("fork")
    for line in sys.stdin:
        folder, workers = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            os.setsid()
            print("started", os.getpid(), flush=True)
            code = 1
            try:
                code = 2 if sweep(Path(folder), int(workers)) else 0
            except KeyboardInterrupt:
                code = 130
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(code)
        print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
