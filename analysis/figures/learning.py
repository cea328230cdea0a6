"""How a ranking comes about: tau-b against the updates of the training, from what was scored at its milestones."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.measures.collect import Collected
from analysis.measures.score_sets import ScoreSets
from analysis.statistics.correlation import kendall_tau
from analysis.store import result, sealed
from analysis.store.scored import USUAL
from analysis.store.study import GROUP, Run, Study, mask_text, read_result, read_scores, read_truth
from analysis.store.tables import Table
from supernet.spaces import Space

FEWEST = 40  # architectures below which a tau says little
COLUMNS = [*GROUP, "seed", "updates", "n", "tau_b", "tau_b_loss"]


@figure(
    "learning",
    source=Source.REPORT,
    title="tau-b while supernets train, of runs with milestones of enough architectures",
    needs="a finished supernet whose milestones have enough scored architectures:"
    " `studies run STUDY --milestones 5,10 --milestone-share 1`",
)
def learning_of_study(collected: Collected) -> Iterator[Drawn]:
    """`learning` of a study; rows: of `learning_frame`."""
    frame = learning_frame(collected.study)
    if len(frame):
        yield Drawn(learning(frame, note=style.data_note(collected.study.note)), frame)


def learning_frame(study: Study) -> pd.DataFrame:
    """COLUMNS: a row for each finished supernet, each milestone of it and its end: tau_b by accuracy and by loss over
    the same n architectures, those of the study's sample that every milestone scored (where the whole table is scored,
    those in USUAL, if enough). None with fewer than FEWEST."""
    rows: list[dict[str, object]] = []
    truths: dict[str, Table] = {}
    samples: dict[Space, tuple[pd.Series, pd.Index]] = {}
    for run in study.runs:
        followed = all((run.folder / name).is_file() for name in (result.MILESTONES, result.HISTORY))
        own = not (run.trained_as or run.parts)
        if not (followed and own and read_result(run)["status"] == "finished"):
            continue
        name = run.space.name
        if name not in truths:
            truths[name] = read_truth(study.truths[name], name)
        if run.space not in samples:
            samples[run.space] = _sample(study, truths[name], run.space)
        group = dict(
            zip(GROUP, (run.space.name, mask_text(run.space), run.variant, run.measure), strict=True)
        )
        rows += [group | {"seed": run.seed} | row for row in _curve(run, *samples[run.space])]
    return pd.DataFrame(rows, columns=COLUMNS)


def _sample(study: Study, truth: Table, space: Space) -> tuple[pd.Series, pd.Index]:
    """The truth of the architectures that stand for the space, by their texts; and those of them that are in USUAL,
    if the whole table is scored, else all.

    Supernets trained for a true top-N and that sample have milestones of a part of both. Once the whole table is scored
    both stand for the space, but a mixture that is rich in the best does not."""
    sets = ScoreSets(study, truth, space)
    table = sets.first.truth.only(sets.first.sample & sets.first.truth.known)
    values = pd.Series(table.numbers, index=list(table.texts))
    if not study.scored.whole:
        return values, values.index
    drawn = USUAL.sample(sets.allowed)
    return values, values.index.intersection([truth.texts[row] for row in drawn])


def _curve(run: Run, truth: pd.Series, drawn: pd.Index) -> list[dict[str, object]]:
    """drawn: the architectures that the curve is of if it has enough of them."""
    taken = sealed.read(run.folder / result.MILESTONES, run.run_id)
    taken = taken[(taken["measure"] == run.measure) & (taken["status"] == "ok")]
    epochs = list(taken.groupby("epoch", sort=True))
    common = truth.index
    for _, own in epochs:
        common = common.intersection(list(own["arch"]))
    if len(common.intersection(drawn)) >= FEWEST:
        common = common.intersection(drawn)
    if not epochs or len(common) < FEWEST:  # before anything large is read
        return []
    end = read_scores(run)[run.measure].frame
    end = end[end["status"] == "ok"]
    common = common.intersection(list(end["arch"]))
    if len(common) < FEWEST:
        return []
    try:
        updates = pd.read_csv(run.folder / result.HISTORY).set_index("epoch")["updates"]
        stages = [(int(updates[epoch]), own) for epoch, own in epochs]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{run.folder / result.HISTORY}: not a history of these epochs ({error})") from None
    stages.append((int(updates.iloc[-1]), end))
    rows: list[dict[str, object]] = []
    for number, own in stages:
        scores = own.set_index("arch").loc[common]
        rows.append(
            {
                "updates": number,
                "n": len(common),
                "tau_b": kendall_tau(truth[common], scores["score"]).value,
                "tau_b_loss": kendall_tau(truth[common], -scores["loss"]).value,
            }
        )
    return rows


def learning(frame: pd.DataFrame, *, note: str = "") -> Figure:
    """Panels: rows spaces, left by accuracy, right by loss; a line a variant, mean over seeds with mean ± standard
    deviation where there are several; single seeds as thin lines."""
    spaces = list(dict.fromkeys(frame["space"]))
    with style.look():
        figure = style.new_figure(height=2.9 * max(1, len(spaces)) + 0.9)
        panels = figure.subplots(max(1, len(spaces)), 2, squeeze=False, sharey="row")
        if not spaces:
            for axes in panels.flat:
                style.empty(axes, "no run has milestones of enough architectures")
        look = style.colours(frame["variant"])
        for row, space in enumerate(spaces):
            here = frame[frame["space"] == space]
            for axes, name, score in zip(
                panels[row], ("tau_b", "tau_b_loss"), ("accuracy", "loss"), strict=True
            ):
                _draw(axes, here, name, look)
                axes.set_title(f"{style.TITLES.get(str(space), space)}: by {score}")
                axes.set_xlabel("updates of the supernet")
            panels[row, 0].set_ylabel("tau-b")
            panels[row, 0].legend(loc="best")
        counts = sorted({int(n) for n in frame["n"]})
        numbers = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(*counts)
        style.add_note(
            figure, f"n = {numbers} sampled architectures, the same at every point of a line.", note
        )
    return figure


def _draw(axes: Axes, here: pd.DataFrame, name: str, look: dict[str, tuple[str, str]]) -> None:
    for variant, group in here.groupby("variant", sort=False):
        colour, marker = look[str(variant)]
        seeds = group["seed"].nunique()
        means = group.groupby("updates")[name].agg(["mean", "std", "count"])
        means = means[means["count"] == seeds]
        axes.plot(means.index, means["mean"], color=colour, marker=marker, label=f"{variant} ({seeds})")
        if seeds > 1:
            style.band(axes, means.index, means["mean"], means["std"], colour)
            for _, own in group.groupby("seed"):
                axes.plot(own["updates"], own[name], color=colour, linewidth=0.6, alpha=0.6)
