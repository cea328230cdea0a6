"""One event file of TensorBoard: scalars, pictures, texts and hyperparameters of one run."""

from __future__ import annotations

import struct
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType

from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import Experiment, HParamInfo, MetricInfo, MetricName
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard import summary as summaries

FLUSH_SECONDS = 10


class Log:
    """A new event file in `folder`, in place of what is there: whoever reads it drops all that older files said. With
    `more` it continues from what is there.

    The last of the older files stays: TensorBoard's reader does not get past a file that was removed while it was
    reading it. Files are read in the order of their names, which begin with the second they were made in: so one of
    this second goes, too. OSError if it cannot be written.
    """

    def __init__(self, folder: Path, more: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        now, old = int(time.time()), event_files(folder)
        for path in old:
            if path != old[-1] or (not more and second_of(path) >= now):
                path.unlink()
        purge = None if more else 0
        self.writer = SummaryWriter(str(folder), purge_step=purge, flush_secs=FLUSH_SECONDS)

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def scalars(self, values: Mapping[str, float], step: int, when: float | None = None) -> None:
        """All values of a step as one event. when: seconds since 1970; None is now."""
        self._add(
            Summary(value=[Summary.Value(tag=t, simple_value=v) for t, v in values.items()]), step, when
        )

    def picture(self, tag: str, png: bytes, step: int, when: float | None = None) -> None:
        """A PNG file as it is."""
        width, height = struct.unpack(">II", png[16:24])
        image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=png)
        self._add(Summary(value=[Summary.Value(tag=tag, image=image)]), step, when)

    def text(self, tag: str, markdown: str, step: int, when: float | None = None) -> None:
        """A text that the page shows as Markdown."""
        self._add(summaries.text(tag, markdown), step, when)

    def hparams(self, values: Mapping[str, float | str], metrics: Mapping[str, float]) -> None:
        """The run's hyperparameters, in its own file: no run of its own, and no list of keys, so that the dashboard
        shows the union of those of all runs. metrics: tags of scalars that were written."""
        _, start, end = summaries.hparams(dict(values), dict(metrics))
        for summary in (start, end):
            self._add(summary, None, None)

    def columns(self, infos: Collection[HParamInfo], metrics: Mapping[str, str]) -> None:
        """The columns of the hyperparameter page, for all runs beside this one: these hyperparameters, and as metrics
        the scalars of these tags, by title, in this order. Without it every scalar has a column there."""
        shown = [MetricInfo(name=MetricName(tag=tag), display_name=title) for title, tag in metrics.items()]
        experiment = Experiment(hparam_infos=infos, metric_infos=shown)
        content = HParamsPluginData(experiment=experiment, version=metadata.PLUGIN_DATA_VERSION)
        described = metadata.create_summary_metadata(content)
        value = Summary.Value(tag=metadata.EXPERIMENT_TAG, metadata=described, tensor=metadata.NULL_TENSOR)
        self._add(Summary(value=[value]), None, None)

    def close(self) -> None:
        self.writer.close()

    def _add(self, summary: Summary, step: int | None, when: float | None) -> None:
        assert self.writer.file_writer is not None
        self.writer.file_writer.add_summary(summary, step, when)


def can_go_on(folder: Path, steps: Mapping[str, Collection[int]]) -> bool:
    """Whether what is there has scalars of exactly these steps, by the beginning of their tags, so that what comes at
    the end needs only be added: in a file of a later second, or it would not be read as the later one."""
    old = event_files(folder)
    if not old or second_of(old[-1]) >= int(time.time()):
        return False
    found: dict[str, set[int]] = {start: set() for start in steps}
    for tag, step in _scalars(old[-1]):
        for start in found:
            if tag.startswith(start):
                found[start].add(step)
    return all(found[start] == set(steps[start]) for start in steps)


def _scalars(path: Path) -> Iterator[tuple[str, int]]:
    """(tag, step) of all that an event file shows; as far as it can be read."""
    for event in LegacyEventFileLoader(str(path)).Load():
        yield from ((value.tag, event.step) for value in event.summary.value)


def second_of(path: Path) -> int:
    """The second in which an event file was made."""
    return int(path.name.split(".")[3])


def event_files(folder: Path) -> list[Path]:
    """The event files in a folder."""
    return sorted(folder.glob("events.out.tfevents.*"))
