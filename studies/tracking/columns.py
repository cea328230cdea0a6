"""Which columns the hyperparameter page of a study has."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain

from tensorboard.plugins.hparams.api_pb2 import DataType, HParamInfo

from studies.model.study import Run
from studies.tracking.events import Log
from studies.tracking.links import FOLDER
from studies.tracking.log import hparams

NAME = "hparams"  # as TensorBoard lists it, beside the runs
METRICS = ("tau_b", "topn_mean_tau", "spearman")


def write_columns(runs: Iterable[Run]) -> None:
    """STUDY/tensorboard/hparams/, for all runs of a study: every hyperparameter, first those that differ, and the final
    numbers. Nothing, if the runs are not tracked."""
    tracked = [run for run in runs if run.tracking is not None]
    if not tracked:
        return
    found = [hparams(run) for run in tracked]
    values = {name: [one.get(name) for one in found] for name in dict.fromkeys(chain.from_iterable(found))}
    infos = [_info(name, column) for name, column in values.items()]
    tracking = tracked[0].tracking
    assert tracking is not None
    metrics = {name: f"summary/{name}" for name in METRICS}
    metrics |= {f"top-{n} tau_b": f"summary/tau_b/top{n}" for n in tracking.top}
    with Log(tracking.study / FOLDER / NAME) as log:
        log.columns(infos, metrics)


def _info(name: str, column: Collection[float | str | None]) -> HParamInfo:
    """One hyperparameter; column: its values in the runs, None where a run has none."""
    known = dict.fromkeys(value for value in column if value is not None)
    differs = len(set(column)) > 1
    if not all(isinstance(value, str) for value in known):
        return HParamInfo(name=name, type=DataType.Value("DATA_TYPE_FLOAT64"), differs=differs)
    info = HParamInfo(name=name, type=DataType.Value("DATA_TYPE_STRING"), differs=differs)
    info.domain_discrete.extend(list(known))
    return info
