"""Names of accuracy columns: `{data}_{part}[_{metric}][_{which}][_ep{epochs}][_seed{seed}]`.

data: the images, for example cifar10. part: train, valid or test, never mixed (validtest: validation and test images
together). metric: absent for top-1 accuracy in percent, top5, or loss. which: absent for the last epoch, last3 for the
mean of the last three, best for the best epoch by validation. ep: the epochs of a schedule that is not the benchmark's
full one. seed: absent for the mean over seeds.

And of columns of latency: `latency[_{anything}]`, here `latency_{device}_b{batch}_ms[_repeat{r}]`, `_predicted` at the
end of what a model predicts.
"""

from __future__ import annotations

import re
from typing import NamedTuple

FORM = "{data}_{train|valid|test|validtest}[_{loss|top5}][_{last3|best}][_ep{epochs}][_seed{seed}]"
_NAME = re.compile(
    r"(?P<data>[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*?)_(?P<part>train|validtest|valid|test)(?:_(?P<metric>loss|top5))?"
    r"(?:_(?P<which>last3|best))?(?:_ep(?P<epochs>\d+))?(?:_seed(?P<seed>\d+))?"
)


class ColumnName(NamedTuple):
    """What a name says; metric, which and epochs are '' where absent, seed is None for the mean."""

    data: str
    part: str
    metric: str = ""
    which: str = ""
    epochs: str = ""
    seed: int | None = None

    def __str__(self) -> str:
        return (
            f"{self.data}_{self.part}{self.metric and f'_{self.metric}'}{self.which and f'_{self.which}'}"
            f"{self.epochs and f'_ep{self.epochs}'}{'' if self.seed is None else f'_seed{self.seed}'}"
        )


def parse(name: str) -> ColumnName | None:
    """What the name says; None if it is not of the form."""
    match = _NAME.fullmatch(name)
    if not match:
        return None
    seed = match["seed"]
    return ColumnName(
        match["data"],
        match["part"],
        match["metric"] or "",
        match["which"] or "",
        match["epochs"] or "",
        None if seed is None else int(seed),
    )


LATENCY = "latency"


def is_latency(name: str) -> bool:
    """Whether a column is of latency, measured or predicted, and no single repeat of several."""
    return re.fullmatch(rf"{LATENCY}(_.+)?", name) is not None and re.search(r"_repeat\d+$", name) is None


def latency_column(device: str, batch: int, repeat: int | None = None) -> str:
    """The name of what is measured here; repeat: of one of several measurements, None for their mean."""
    return f"{LATENCY}_{device}_b{batch}_ms{'' if repeat is None else f'_repeat{repeat}'}"


def predicted(latency: str) -> str:
    """The name of the prediction of a column of latency."""
    return f"{latency}_predicted"
