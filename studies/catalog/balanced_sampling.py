"""Does balanced sampling rank better, and what of it does? The best supernets known were trained so.

Question: how do supernets rank whose architectures are drawn evenly over the number of non-linear operations, only
among connected cells, beside uniform and strictly fair ones? And if they are drawn uniformly over the connected cells
(no trash), or over the distinct functions (de-isomorphism)?
Jobs: 50 trainings: {strictly fair, uniform, balanced} x {small, medium} x 5 seeds, of which 20 are of
search_space_subsets and training_variants; {no trash, de-isomorphism} x small x 5 seeds; and {uniform, balanced} at
C=5, N=5 for 1,000 epochs x 5 seeds.
Command: python -m studies run balanced_sampling --data-root datasets     (data and truth: search_space_subsets)
Data: as search_space_subsets; with --all every architecture is scored, as it was for the levels below.
Expected: published levels, tau-b over all 15,625 architectures, scored on the test set with batch statistics, C=5,
N=5, 1,000 epochs: uniform .713, balanced .739. Other details of that training are not known to be those of the
protocol here.
Smoke: python -m studies run balanced_sampling --smoke
"""

from __future__ import annotations

from dataclasses import replace

from studies import protocol
from studies.model.study import Study
from studies.protocol import TRAINING
from supernet.spaces import Size
from supernet.training.sampling import SamplingConfig

NARROW = Size(channels=5, stages=3, cells_per_stage=5)


def study() -> Study:
    kinds = {
        "strictly fair": protocol.FAIR,
        "uniform": protocol.UNIFORM,
        "balanced": protocol.BALANCED,
    }
    variants = [
        protocol.nasbench201(f"{name}, {kind}", size, sampling=sampling)
        for name, size in (("small", protocol.SMALL), ("medium", protocol.MEDIUM))
        for kind, sampling in kinds.items()
    ]
    variants += [
        protocol.nasbench201(f"small, {name}", protocol.SMALL, sampling=SamplingConfig(kind=kind))
        for name, kind in (("no trash", "no-trash"), ("de-isomorphism", "de-isomorphism"))
    ]
    variants += [
        protocol.nasbench201(
            f"narrow, {kind}", NARROW, sampling=kinds[kind], training=replace(TRAINING, epochs=1000)
        )
        for kind in ("uniform", "balanced")
    ]
    return protocol.nasbench201_study(
        "balanced_sampling",
        variants,
        title="Balanced sampling on NAS-Bench-201",
        question="Do supernets rank better whose architectures are drawn evenly over the number of non-linear "
        "operations?",
    )
