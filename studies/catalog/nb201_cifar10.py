"""Do small supernets rank NAS-Bench-201 on CIFAR-10, and does strict fairness help? The ranking study's own protocol.

Question: how do single-path supernets of the ranking study's two sizes rank the true top-N and a random sample of
1,000, under strictly fair and uniform sampling, and how much of it is due to BatchNorm statistics while scoring?
(Single-path ranking study, figures 4, 6 and 9, full search space; its section 4 has the protocol.)
Command: python -m studies data get cifar10
         python -m studies truth import nasbench201 SOURCE     (or: truth import csv FILE --space nasbench201)
         python -m studies run nb201_cifar10 --data-root datasets
Data: CIFAR-10, 45,000 training and 5,000 validation images; truth: mean test accuracy over the benchmark's seeds.
Expected: 20 trainings of 250 epochs. A GPU's work: one small supernet costs 44,000 mini-batches of 256, about 10
hours of two CPU cores (0.85 s each: docs/benchmarks/step.md). Published level for the full space, C=16, N=5, 250
epochs, uniform: tau-b .59 over all architectures.
Smoke: python -m studies run nb201_cifar10 --smoke     (embedded data, under a minute)
"""

from __future__ import annotations

from studies import protocol
from studies.model.study import Study


def study() -> Study:
    kinds = {"strictly fair": protocol.FAIR, "uniform": protocol.UNIFORM}
    return protocol.nasbench201_study(
        "nb201_cifar10",
        [
            protocol.nasbench201(f"{name}, {kind}", size, sampling=sampling, bn_modes=protocol.BN_MODES)
            for name, size in (("small", protocol.SMALL), ("medium", protocol.MEDIUM))
            for kind, sampling in kinds.items()
        ],
        title="NAS-Bench-201 on CIFAR-10: the ranking study's protocol",
        question="How do single-path supernets of two sizes rank the true top-N and 1,000 random architectures, under "
        "strictly fair and uniform sampling?",
    )
