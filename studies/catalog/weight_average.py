"""Does a moving average of a supernet's weights rank better than the weights that training ends with?

Question: the weights of a supernet move with each path that is drawn, also at the end. Their exponential moving average
(decay .999 for each optimizer step) is kept beside them while they train, and both are scored: from one training, on
the same architectures.
Jobs: 10 trainings: {strictly fair, uniform} x small x 5 seeds; none is shared, as runs that keep an average are runs of
their own, but their weights have the bits of those that keep none.
Command: python -m studies run weight_average --data-root datasets     (data and truth: search_space_subsets)
Data: as search_space_subsets.
Expected: not known. The learning rate ends near zero, where weights hardly move, so the difference may be small.
Smoke: python -m studies run weight_average --smoke
"""

from __future__ import annotations

from dataclasses import replace

from studies import protocol
from studies.model.study import Study
from studies.protocol import TRAINING

DECAY = 0.999


def study() -> Study:
    training = replace(TRAINING, ema=DECAY)
    variants = [
        protocol.nasbench201(f"small, {kind}", protocol.SMALL, sampling=sampling, training=training)
        for kind, sampling in (("strictly fair", protocol.FAIR), ("uniform", protocol.UNIFORM))
    ]
    return protocol.nasbench201_study(
        "weight_average",
        variants,
        title="Averaged weights on NAS-Bench-201",
        question="Does an exponential moving average of a supernet's weights rank better than the weights?",
    )
