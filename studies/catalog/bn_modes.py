"""Is it BatchNorm that keeps medium supernets from generalising? One checkpoint, scored in four ways.

Question: how do accuracies and ranking of the same trained supernets depend on the statistics with which BatchNorm
normalises while they score: of the batch, the shared running ones, or recalibrated for each path?
Jobs: none of its own: 20 trainings, {small, medium} x {full space, without none} x 5 seeds, all of which
search_space_subsets trains; in a folder that holds them they are only scored again, each in four modes.
Command: python -m studies run bn_modes --data-root datasets     (data and truth: search_space_subsets)
Data: as search_space_subsets.
Expected: the authors' code scored on running statistics that all paths had shared, later on 20 training batches
for each path. Accuracies near chance under `running` that are high under the other modes would explain the paper's
finding that medium supernets "fail to generalise at all, even though they learn the training set".
Smoke: python -m studies run bn_modes --smoke
"""

from __future__ import annotations

from studies import protocol
from studies.model.study import Study


def study() -> Study:
    sizes = [
        protocol.nasbench201(name, size, bn_modes=protocol.BN_MODES)
        for name, size in (("small", protocol.SMALL), ("medium", protocol.MEDIUM))
    ]
    return protocol.nasbench201_study(
        "bn_modes",
        [variant for mask in ((), protocol.ZERO) for variant in protocol.under(mask, *sizes)],
        title="BatchNorm statistics while scoring",
        question="How do accuracies and ranking of the same supernets depend on BatchNorm's statistics while they "
        "score?",
    )
