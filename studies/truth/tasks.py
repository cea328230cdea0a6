"""What ground truth of our own is trained on: images, network, recipe and evaluation of each task, by name.

digits: the embedded task. synthetic: the FEAR paper's images of noise, with networks and recipe of NAS-Bench-201.
synthetic4: the same in small, for a laptop: no accuracy of one says anything about the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from studies import embedded
from supernet.spaces import Size
from supernet.training_config import TrainingConfig


@dataclass(frozen=True, kw_only=True)
class Task:
    """note: what the data are, printed wherever results are. size: of the stand-alone networks. noise: Gaussian, of the
    evaluation images, in standard deviations of the data; copies: of each of them."""

    note: str
    size: Size
    training: TrainingConfig
    noise: float = 0.0
    copies: int = 1


def _embedded(space: str) -> Task:
    return Task(
        note=embedded.NOTE,
        size=embedded.SIZES[space],
        training=embedded.STAND_ALONE[space],
        noise=embedded.NOISE,
        copies=embedded.COPIES,
    )


# NAS-Bench-201's, without crops and flips: labels are those of the image as it is (so in FEAR's code). Source: Dong &
# Yang, "NAS-Bench-201" (ICLR 2020), section 2.3.
_PUBLISHED = TrainingConfig(
    epochs=200,
    batch_size=256,
    lr=0.1,
    lr_final=0.0,
    momentum=0.9,
    nesterov=True,
    weight_decay=5e-4,
)
SYNTHETIC = Task(
    note="synthetic CIFAR-10: images of noise, labels of random networks",
    size=Size(channels=16, stages=3, cells_per_stage=5),
    training=_PUBLISHED,
)
SYNTHETIC4 = Task(
    note="images of noise of 4x4 pixels, labels of random networks, small networks: not the FEAR paper's images",
    size=Size(channels=4, stages=1, cells_per_stage=1, image_size=4, reduction="light"),
    training=replace(_PUBLISHED, epochs=8, lr=0.4),
)
_SYNTHETIC = {"synthetic": SYNTHETIC, "synthetic4": SYNTHETIC4}


def get_task(space: str, data: str) -> Task:
    """ValueError if there is none of these data, or not for this space."""
    if data == embedded.DATA:
        return _embedded(space)
    if data not in _SYNTHETIC:
        raise ValueError(f"data: {data!r} is not one of {', '.join([embedded.DATA, *_SYNTHETIC])}")
    if space != "nasbench201":
        raise ValueError(f"space: {space!r} has no recipe for {data!r}; 'nasbench201' has one")
    return _SYNTHETIC[data]
