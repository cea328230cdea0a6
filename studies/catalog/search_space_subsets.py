"""Which operations should a search space hold for a supernet to rank it? (Single-path ranking study, figures 2, 4, 7.)

Question: how do strictly fair supernets of two sizes rank the true top-N and a random sample of the space when one
or two operations are masked: in training, in scoring, and in the ground truth before its top-N is taken?
Jobs: 160 trainings: {small, medium} x {full space, 5 single masks, 10 pairs} x 5 seeds. Figure 4 needs 130 of
them, figure 7 the other 30 (skip and either convolution, both convolutions); figure 2 is drawn from two of figure
4's.
Command: python -m studies data get cifar10
         python -m studies truth import nasbench201 SOURCE
         python -m studies run search_space_subsets --data-root datasets
Data: CIFAR-10, 45,000 training and 5,000 validation images; truth: mean test accuracy over the benchmark's seeds.
Each space's true top-500 and 1,000 random ones are scored; the 729 architectures that two masks leave are scored
whole.
Expected: of the full space, 250 epochs are 8,800 updates, of four operations 11,000 and of three 14,666: a mask
also buys updates (equal_updates), and it narrows what is evaluated (evaluation_subsets). A small full-space
supernet takes about 10 hours of two CPU cores (docs/benchmarks/step.md), a medium one about seven times as long. The
paper found: without none or avg_pool_3x3 the mean score falls with N as it should (tau_a -1), without skip_connect
it rises (tau_a 1), and medium supernets often do not generalise (bn_modes).
Smoke: python -m studies run search_space_subsets --smoke
"""

from __future__ import annotations

from studies import protocol
from studies.model.study import Study


def study() -> Study:
    sizes = (
        protocol.nasbench201("small", protocol.SMALL),
        protocol.nasbench201("medium", protocol.MEDIUM),
    )
    masks = ((), *protocol.SINGLES, *protocol.PAIRS)
    return protocol.nasbench201_study(
        "search_space_subsets",
        [variant for size in sizes for mask in masks for variant in protocol.under(mask, size)],
        title="Search space subsets of NAS-Bench-201",
        question="How does leaving out one or two operations change how strictly fair supernets rank what is left?",
    )
