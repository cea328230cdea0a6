"""Figures 9, 18 and 19 of the Blox paper, in kind: predictors of fine-tuned models, and searches by signatures.

Each says beside it what the paper found on CIFAR-100 and whether it is seen here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.blockwise import STUDY, TUNED
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.blockwise import BlockwiseStudy, Tuned, epochs_of, finished, rho
from analysis.measures.blockwise_search import BY, RANDOM, curves, predictors_of
from analysis.statistics.pairs import Floats
from analysis.store.run import read_scores
from analysis.store.study import Study
from analysis.store.tables import join


@figure(
    "blox-9",
    source=Source.RUNS,
    of=STUDY,
    title="Predictors against labels",
    needs="predictors that have finished",
)
def predictors(study: Study, ax: Canvas | None = None) -> Iterator[Drawn]:
    """A line for each kind of predictor, mean and range over seeds, and what needs no labels; rows: of
    `against_labels`."""
    data = BlockwiseStudy.of(study)
    frame = pd.DataFrame() if data is None else against_labels(data)
    if data is None or frame.empty:
        return
    lines = frame[frame["labels"] > 0]
    flat = frame[frame["labels"] == 0]
    look = style.colours(lines["name"])
    with style.look():
        narrow = style.legend_columns(2) == 1  # the legend has a line an entry
        drawn, panels = style.panel_grid(1, 1, 3.4, 3.6 if narrow else 1.6, ax=ax)
        axes, handles = panels[0, 0], []
        for name, own in lines.groupby("name", sort=False):
            colour, marker = look[str(name)]
            of = own.groupby("labels")["rho"]
            mean = of.mean()
            axes.plot(mean.index, mean, color=colour, marker=marker, markersize=4)
            axes.fill_between(mean.index, of.min(), of.max(), color=colour, alpha=0.12, linewidth=0)
            handles.append(Line2D([], [], color=colour, marker=marker, markersize=4, label=str(name)))
        for place, row in enumerate(flat.itertuples(index=False)):
            dashes = (0, (2 + 2 * place, 2))
            axes.axhline(row.rho, color=style.GREY, linestyle=dashes, linewidth=1.1)
            handles.append(Line2D([], [], color=style.GREY, linestyle=dashes, label=str(row.name)))
        labels, seeds = sorted(lines["labels"].unique()), lines["seed"].nunique()
        style.size_axis(axes, labels, [str(n) for n in labels])
        axes.set_xlabel("labels")
        axes.set_ylabel("Spearman's rho")
        style.add_legend(drawn, handles, 2)
        style.add_note(
            drawn,
            f"Truth: {data.truth.column} of {len(data.truth.texts)} models; without those that have a label. "
            + ("One seed." if seeds == 1 else f"Mean and range over {seeds} seeds."),
            "Paper: second-order terms of distillation losses (DONNA) predict better than the sum of accuracy changes"
            " (LANA), longer distillation better than shorter, and the GCN best once there are labels. "
            + _statements(frame),
            style.data_note(study.note),
        )
    yield Drawn(drawn, frame)


def against_labels(data: BlockwiseStudy) -> pd.DataFrame:
    """name, labels (0: needs none), seed, n, rho and its 95 % interval over architectures, low and high."""
    rows: list[dict[str, object]] = []

    def add(name: str, labels: int, seed: int, score: Floats, truth: Floats) -> None:
        value, found, n = rho(score, truth)
        row = {"name": name, "labels": labels, "seed": seed, "n": n, "rho": value}
        rows.append(row | {"low": found.low, "high": found.high})

    for one in predictors_of(data.study):
        joined = join(data.truth, read_scores(one.run)[one.run.measure])
        add(one.name, one.labels, one.seed, joined.score, joined.truth)
    first = data.longest()[0]
    for measure, name in BY.items():
        said = f"{name}, {first.epochs} epochs"
        add(said, 0, first.seed, data.sums(first, measure), data.truth.numbers)
    for run in finished(data.study, "separable")[:1]:
        # Of fewer models than that it fits almost anything.
        if len(data.truth.texts) > 2 * data.study.look(run).result["fitted"]:
            joined = join(data.truth, read_scores(run)["values"])
            add("best sum of free block values, fitted to the truth", 0, run.seed, joined.score, joined.truth)
    return pd.DataFrame(rows)


def _statements(frame: pd.DataFrame) -> str:
    """The order of the lines at the fewest and the most labels, in words."""
    lines = frame[frame["labels"] > 0]
    said = []
    for labels in sorted({lines["labels"].min(), lines["labels"].max()}):
        mean = lines[lines["labels"] == labels].groupby("name")["rho"].mean().sort_values(ascending=False)
        said.append(
            f"{labels} labels: "
            + "; ".join(f"{name} {style.coefficient(value)}" for name, value in mean.items())
        )
    return "Here, " + ". ".join(said) + "."


@figure(
    "blox-18",
    source=Source.RUNS,
    of=STUDY,
    title="Searches by signatures, by epochs of fine-tuning",
    needs=TUNED,
)
def by_fine_tuning(study: Study, ax: Canvas | None = None) -> Iterator[Drawn]:
    """A panel for each length of fine-tuning, from the first teacher; rows: of `curves`."""
    data = BlockwiseStudy.of(study)
    tuned = _first_teacher(data)
    if data is None or not tuned:
        return
    own = [one for one in data.distilled if one.teacher == tuned[0].teacher]
    # The students' own blocks, where the study has them.
    blocks = sorted(own, key=lambda one: abs(one.epochs - tuned[0].distillation_epochs))[:1]
    frame = pd.concat([curves(data, one, blocks) for one in tuned], ignore_index=True)
    paper = "Paper: the epochs of fine-tuning matter more than the method."
    yield _searches(data, frame, "epochs", "fine-tuned {}", paper, ax)


@figure(
    "blox-19",
    source=Source.RUNS,
    of=STUDY,
    title="Searches by signatures, by epochs of distillation",
    needs=TUNED,
)
def by_distillation(study: Study, ax: Canvas | None = None) -> Iterator[Drawn]:
    """A panel for each length of distillation, from the first teacher; rows: of `curves`."""
    data = BlockwiseStudy.of(study)
    tuned = _first_teacher(data)
    if data is None or not tuned:
        return
    own = [one for one in data.distilled if one.teacher == tuned[0].teacher]
    blocks = [one for one in own if one.seed == own[0].seed]
    frame = pd.concat([curves(data, tuned[0], [one]) for one in blocks], ignore_index=True)
    paper = "Paper: one epoch of distillation leads to worse predictors and slower searches."
    yield _searches(data, frame, "distillation", "distilled {}", paper, ax)


def _first_teacher(data: BlockwiseStudy | None) -> list[Tuned]:
    if data is None:
        return []
    return next((own for name in data.names.values() if (own := data.tuned_from(name))), [])


def _searches(
    data: BlockwiseStudy, frame: pd.DataFrame, by: str, title: str, paper: str, ax: Canvas | None
) -> Drawn:
    groups = list(frame.groupby(by, sort=True))
    look = style.colours([RANDOM, *BY.values()])
    with style.look():
        drawn, panels = style.panel_grid(len(groups), 2, 2.9, 1.3, ax=ax)
        said = []
        for axes, (epochs, own) in zip(panels.flat, groups, strict=False):
            for order, line in own.groupby("order", sort=False):
                axes.plot(
                    line["cost"],
                    line["accuracy"],
                    color=look[str(order)][0],
                    drawstyle="steps-post",
                    linewidth=1.2,
                )
            named = title.format(epochs_of(int(str(epochs))))
            axes.set_title(named, fontsize=style.pt(8.5), fontweight="normal")
            axes.set_xlabel("cost (trainings from scratch)")
            axes.set_ylabel("incumbent, test (%)")
            at = min(20, int(own["trained"].max()))
            values = own[own["trained"] == at].set_index("order")["accuracy"]
            said.append(f"{named}, {at} models: " + ", ".join(f"{k} {v:.2f}" for k, v in values.items()))
        style.add_legend(
            drawn, [Line2D([], [], color=colour, label=name) for name, (colour, _) in look.items()], 3
        )
        style.add_note(
            drawn,
            "Curves begin at the cost of distillation; a block costs its share of a network's epoch. One seed."
            f" {paper} Here, {'; '.join(said)}.",
            style.data_note(data.study.note),
        )
    return Drawn(drawn, frame)
