"""Zero-cost proxies as estimators: a few passes through networks that were never trained, or are being trained.

Source of the latter: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), figure 3. Its code
starts a new optimizer and a schedule of one epoch for every epoch; here one schedule runs through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from studies import embedded
from studies.estimators.estimator import Estimator, register
from studies.estimators.short_training import RECIPE
from supernet.training.config import TrainingConfig

PROXIES = (
    "synflow",
    "naswot",
    "jacob_cov",
    "zen",
    "snip",
    "grasp",
    "fisher",
    "grad_norm",
    "l2_norm",
    "synflow_bn",
    "plain",
)
# zen draws weights of its own: training would change nothing of it but the scale of BN.
WHILE_TRAINING = tuple(name for name in PROXIES if name != "zen")
VOTERS = ("synflow", "jacob_cov", "snip")  # as published: Abdelfattah et al. (ICLR 2021)


@register("zero-cost")
@dataclass(frozen=True, kw_only=True)
class ZeroCost(Estimator):
    """Zero-cost proxies of untrained networks.

    Details of a record: 'values', one an initialisation, in order, and 'sd', their standard deviation. An architecture
    has a score only if all its values are finite.

    Args:
        measures: of PROXIES, computed together.
        batch_size: training images of the one batch, un-augmented, drawn from the run's seed.
        initialisations: networks of other random weights; a score is the mean over them.
        zen_images: Gaussian images of zen, whose authors take 16.
    """

    prepares: ClassVar[bool] = True

    measures: tuple[str, ...] = PROXIES
    batch_size: int = 64
    initialisations: int = 3
    zen_images: int = 16

    def __post_init__(self) -> None:
        check_proxies("measures", self.measures, PROXIES)
        for name, least in (("batch_size", 2), ("initialisations", 1), ("zen_images", 2)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name}: {value!r} is not an integer of at least {least}")

    @property
    def one_per_function(self) -> bool:
        return True

    @property
    def voters(self) -> tuple[str, ...]:
        return VOTERS if set(VOTERS) <= set(self.measures) else ()

    def small(self) -> ZeroCost:
        return ZeroCost(measures=self.measures, batch_size=8, initialisations=2, zen_images=4)


@register("zero-cost-while-training")
@dataclass(frozen=True, kw_only=True)
class ZeroCostWhileTraining(Estimator):
    """One training of each network, with the proxies taken after chosen epochs.

    Measures: PROXY@EPOCH, the last epoch first. Only the first is a ranking of a study's report, the others are in the
    figure `fear-3`. An epoch that the training did not reach has the status 'diverged', a proxy that is not finite then
    'nan' or 'overflow', and a disconnected architecture, which is not trained, 'disconnected'. A record's details:
    epochs; the cost of the measure alone, with all training up to its epoch (alone_seconds, alone_steps, alone_macs),
    and of that the proxy's own (proxy_seconds, proxy_macs).

    Args:
        proxies: of WHILE_TRAINING, computed together.
        training: its schedule; ends after the last epoch of `at`.
        at: ascending epochs from 0, the untrained network.
        batch_size: of the one batch, as in `ZeroCost` and the same images.
    """

    prepares: ClassVar[bool] = True

    proxies: tuple[str, ...] = WHILE_TRAINING
    training: TrainingConfig = RECIPE
    at: tuple[int, ...] = (0, 1, 2, 4, 8)
    batch_size: int = 64

    def __post_init__(self) -> None:
        check_proxies("proxies", self.proxies, WHILE_TRAINING)
        if not isinstance(self.batch_size, int) or self.batch_size < 2:
            raise ValueError(f"batch_size: {self.batch_size!r} is not an integer of at least 2")
        last = self.training.epochs
        if last is None:
            raise ValueError(
                f"training: a budget of {self.training.updates} updates; looks need one in epochs"
            )
        if not self.at or list(self.at) != sorted(
            {e for e in self.at if isinstance(e, int) and 0 <= e <= last}
        ):
            raise ValueError(f"at: {self.at!r} is not a list of ascending epochs in 0..{last}")

    @property
    def one_per_function(self) -> bool:
        return True

    @property
    def measures(self) -> tuple[str, ...]:
        return tuple(f"{name}@{epoch}" for epoch in reversed(self.at) for name in self.proxies)

    @property
    def reported(self) -> tuple[str, ...]:
        return self.measures[:1]

    def small(self) -> ZeroCostWhileTraining:
        training = embedded.shortened(self.training, epochs=1)
        return replace(
            self, training=training, at=tuple(sorted({min(epoch, 1) for epoch in self.at})), batch_size=8
        )


def check_proxies(field: str, names: Sequence[str], allowed: Sequence[str]) -> None:
    """ValueError unless the names, the value of a setting, are some of those allowed, each once."""
    unknown = [name for name in names if name not in allowed]
    if unknown or not names:
        found = repr(unknown[0]) if unknown else "()"
        raise ValueError(f"{field}: {found} is not one of {', '.join(allowed)}")
    if len(set(names)) < len(names):
        raise ValueError(f"{field}: {', '.join(names)} names one twice")
