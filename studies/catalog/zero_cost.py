"""How well do zero-cost proxies rank NAS-Bench-201 at its full size?

Question: how do gradients, activations and sizes of networks that were never trained rank them, beside the number of
parameters? (Levels that others report, Spearman over 725 architectures: naswot .80, synflow .78, jacob_cov .73,
parameters .77.)
Jobs: one run: all proxies together, one initialisation each, on one batch of 64 training images.
Command: python -m studies data get cifar10
         python -m studies truth import nasbench201 SOURCE     (or: truth import csv FILE --space nasbench201)
         python -m studies run zero_cost --data-root datasets
Data: CIFAR-10; networks of the published size (16 channels, 5 cells a stage, 32x32); truth: mean test accuracy over the
benchmark's seeds.
Scored: the true top-500 and 1,000 random architectures.
Expected: about three seconds of one core an architecture. Measured: docs/results/zero_cost.md.
Smoke: python -m studies run zero_cost --smoke
"""

from __future__ import annotations

from studies import protocol
from studies.estimators.zero_cost import ZeroCost
from studies.model.study import Study
from studies.model.variant import Variant
from supernet.spaces import get_space

SECONDS = 4500.0


def study() -> Study:
    space = get_space("nasbench201")
    proxies = Variant(
        name="zero-cost",
        space=space.name,
        size=space.published,
        data=protocol.CIFAR10,
        estimator=ZeroCost(initialisations=1),
        expected_seconds=SECONDS,
    )
    return protocol.nasbench201_study(
        "zero_cost",
        [proxies],
        title="Zero-cost proxies on NAS-Bench-201",
        question="How do proxies of untrained networks rank NAS-Bench-201, beside the number of parameters?",
        seeds=(0,),
    )
