"""Do linear transformers on skip connections and pooling help? (Single-path ranking study, figures 5 and 8.)

Question: does a 1x1 convolution without bias, BN or activation on skip_connect, or on skip_connect and
avg_pool_3x3, while searching, change how strictly fair supernets rank?
Jobs: 120 trainings: {skip, skip+pool} x {small, medium} x {full space, without none, without none and
avg_pool_3x3; without avg_pool_3x3, without nor_conv_1x1, without both none and nor_conv_1x1} x 5 seeds; and beside
them the 60 of search_space_subsets that have no linear transformers. Figure 5 shows the first three spaces. The
paper does not name those of figure 8; they are taken as the last three. Where pooling is masked, skip and
skip+pool are the same network (the paper trained both, as a look at its randomness); here even the bits should be
the same.
Command: python -m studies run linear_transformers --data-root datasets     (data and truth: search_space_subsets)
Data: as search_space_subsets. Linear transformers stay while the supernet scores; the ground truth never has them.
Expected: the paper found that they help only where all other operations are convolutions, so without none and
avg_pool_3x3, there also medium supernets; elsewhere they make tau_a worse.
Smoke: python -m studies run linear_transformers --smoke
"""

from __future__ import annotations

from studies import protocol
from studies.model.study import Study
from studies.protocol import CONV1, POOL, ZERO


def study() -> Study:
    plain = (
        protocol.nasbench201("small", protocol.SMALL),
        protocol.nasbench201("medium", protocol.MEDIUM),
    )
    variants = []
    for size in plain:
        on_skip = size.changed(name=f"{size.name}, LT on skip", linear_transformers="skip")
        on_both = size.changed(name=f"{size.name}, LT on skip and pool", linear_transformers="skip+pool")
        for mask in ((), ZERO, ZERO + POOL, POOL, CONV1, ZERO + CONV1):
            variants += protocol.under(mask, size, on_skip, on_both)
    return protocol.nasbench201_study(
        "linear_transformers",
        variants,
        title="Linear transformers in NAS-Bench-201",
        question="Do linear transformers (LT) on skip connections, or on skip connections and pooling, change how "
        "strictly fair supernets rank?",
    )
