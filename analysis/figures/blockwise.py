"""Figures 7, 8 and 10 of the Blox paper, in kind: teachers, students and block signatures of a study.

Each says beside it what the paper found on CIFAR-100 and whether it is seen here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.block_oracle import Judged, against_oracle, by_case, gap
from analysis.measures.blockwise import BlockwiseStudy, epochs_of, rho
from analysis.measures.blockwise_statements import WEAK, verdict
from analysis.statistics.pairs import Floats
from analysis.statistics.uncertainty import Interval
from analysis.store.study import Study
from analysis.user_tables.plain_table import PlainTable
from supernet.spaces import Architecture, get_space

STUDY = "blockwise_digits"
TUNED = "models fine-tuned from a teacher whose blocks the study has"
SIGNATURES = {
    "mse": "MSE (DONNA)",
    "nsr": "NSR",
    "accuracy_change": "accuracy change (LANA)",
    "loss_change": "loss change",
}


def text_of(value: float, found: Interval) -> str:
    """'.25 [.10, .39]'."""
    if found.low is None or found.high is None:
        return style.coefficient(None if np.isnan(value) else value)
    low, high = (style.coefficient(end) for end in (found.low, found.high))
    return f"{style.coefficient(value)} [{low}, {high}]"


@figure(
    "blox-7a",
    source=Source.TABLES,
    of="blox,blox:students,blox:students",
    title="Students fine-tuned from teachers",
    needs="a table from scratch, and of at least two teachers one of the teachers' architectures fine-tuned from each",
)
def pairs(tables: Sequence[PlainTable], ax: Canvas | None = None) -> Iterator[Drawn]:
    """Accuracy of each teacher's architecture as a student of each teacher, means over seeds, M1 the best from scratch;
    rows: student, teacher, arch (the student's), accuracy, from_scratch, of_teacher (percent)."""
    tuned = [one for one in tables if "fine_tuned" in one.manifest]
    scratch = [one for one in tables if "fine_tuned" not in one.manifest]
    if len(scratch) != 1 or len(tuned) < 2:
        return
    own = _by_network(scratch[0])
    by_teacher = {_network(one.manifest["fine_tuned"]["teacher"]): one for one in tuned}
    if len(by_teacher) < len(tuned):
        raise ValueError("tables: two are of one teacher")
    if lacking := [_text(teacher) for teacher in by_teacher if teacher not in own]:
        raise ValueError(f"table: {scratch[0].path} lacks the teacher {lacking[0]}")
    teachers = sorted(by_teacher, key=lambda network: -own[network])
    names = {network: f"M{place}" for place, network in enumerate(teachers, 1)}
    students = {teacher: _by_network(by_teacher[teacher]) for teacher in teachers}
    frame = pd.DataFrame(
        [
            {
                "student": names[student],
                "teacher": names[teacher],
                "arch": _text(student),
                "accuracy": students[teacher].get(student, np.nan),
                "from_scratch": own[student],
                "of_teacher": own[teacher],
            }
            for teacher in teachers
            for student in teachers
        ]
    )
    known = frame.dropna(subset=["accuracy"])
    if len(known) < 2:
        return
    grid = frame.pivot_table(index="teacher", columns="student", values="accuracy", sort=False, dropna=False)
    better, over_own = (
        int((known["accuracy"] > known[name]).sum()) for name in ("of_teacher", "from_scratch")
    )
    epochs = sorted({one.manifest["fine_tuned"]["fine_tuning"]["epochs"] for one in tuned})
    seeds = sorted({one.manifest["seeds"] for one in tuned})
    with style.look():
        drawn, panels = style.panel_grid(1, 1, 3.0, 0.9, width=5.2, ax=ax)
        axes = panels[0, 0]
        sns.heatmap(grid, annot=True, fmt=".1f", cmap="Blues", cbar=False, ax=axes, linewidths=0.6)
        place = np.arange(len(teachers)) + 0.5
        axes.set_xticks(place, [f"{name}\n{own[network]:.1f}" for network, name in names.items()])
        axes.set_yticks(place, list(names.values()), rotation=0)
        axes.set_xlabel("student, and its accuracy from scratch (%)")
        axes.set_ylabel("teacher")
        trained = "one training" if seeds == [1] else f"the mean of {_joined(seeds)} trainings"
        style.add_note(
            drawn,
            f"{tuned[0].column} in percent after {_joined(epochs)} epochs of fine-tuning, {trained}. Paper: every"
            " student improves on its teacher; a bad teacher holds back good students."
            f" Here {better} of {len(known)} are above their teacher, {over_own} above themselves from scratch.",
            style.data_note(str(scratch[0].manifest.get("note", ""))),
        )
    yield Drawn(drawn, frame)


def _network(text: str) -> Architecture:
    space = get_space("blox")
    return space.stand_alone_form(space.parse(text))


def _text(network: Architecture) -> str:
    return get_space("blox").text(network)


def _by_network(table: PlainTable) -> dict[Architecture, float]:
    try:
        networks = list(map(_network, table.texts))
    except ValueError as error:
        raise ValueError(f"table: {table.path} is not of Blox: {error}") from None
    return dict(zip(networks, table.accuracy.tolist(), strict=True))


def _joined(counts: Sequence[int]) -> str:
    return " or ".join(map(str, counts))


@figure("blox-7b", source=Source.RUNS, of=STUDY, title="Fine-tuned against trained from scratch", needs=TUNED)
def scratch(study: Study, ax: Canvas | None = None) -> Iterator[Drawn]:
    """A panel a teacher; rows: teacher, arch, from_scratch, fine_tuned (percent)."""
    data = BlockwiseStudy.of(study)
    longest = (
        {} if data is None else {n: data.tuned_from(n)[0] for n in data.names.values() if data.tuned_from(n)}
    )
    if data is None or not longest:
        return
    frames = []
    with style.look():
        drawn, panels = style.panel_grid(len(longest), 2, 3.0, 0.9, ax=ax)
        notes = []
        for axes, (name, one) in zip(panels.flat, longest.items(), strict=False):
            x, y = data.truth.numbers, one.test
            value, found, n = rho(x, y)
            _against(axes, x, y, f"{name} teacher, n = {n}\nSpearman {text_of(value, found)}")
            own = data.accuracy(one.teacher)
            axes.axhline(own, color=style.PALETTE[1], linewidth=1)
            both = np.isfinite(x) & np.isfinite(y)
            better, share = int((y[both] > x[both]).sum()), 100 * np.mean(y[both] > own)
            axes.set_xlabel("from scratch (%)")
            axes.set_ylabel("fine-tuned (%)")
            seen = verdict(found.low, found.high, WEAK, above=False)
            notes.append(
                f"{name} teacher: weak correlation (below {WEAK}) {seen} here; {better} of {n} students above"
                f" themselves from scratch, {share:.0f} % above the teacher."
            )
            frames.append(
                pd.DataFrame({"teacher": name, "arch": data.truth.texts, "from_scratch": x, "fine_tuned": y})
            )
        style.add_note(
            drawn,
            "Test accuracy. Red: the teacher's own; dashed: equal. Paper: Spearman .25 (good teacher) and .31 (bad"
            " teacher), and few students of the bad teacher above themselves from scratch.",
            *notes,
            style.data_note(study.note),
        )
    yield Drawn(drawn, pd.concat(frames, ignore_index=True).dropna())


def _against(axes: Axes, x: Floats, y: Floats, title: str) -> None:
    """Points, the diagonal where it is inside, the title."""
    both = np.isfinite(x) & np.isfinite(y)
    style.points(axes, x[both], y[both], style.PALETTE[0], 8, 0.6)
    if both.any():
        low, high = min(x[both].min(), y[both].min()), max(x[both].max(), y[both].max())
        axes.plot([low, high], [low, high], color=style.GREY, linestyle="--", linewidth=0.8)
    axes.set_title(title, fontsize=style.pt(8.5), fontweight="normal")


@figure(
    "blox-10",
    source=Source.RUNS,
    of=STUDY,
    title="Fewer epochs, and another teacher",
    needs=f"{TUNED}, twice",
)
def shorter(study: Study, ax: Canvas | None = None) -> Iterator[Drawn]:
    """Left: fewer epochs of fine-tuning against more; right: two teachers; rows: panel, arch, x, y (percent)."""
    data = BlockwiseStudy.of(study)
    if data is None:
        return
    names = list(dict.fromkeys(data.names.values()))
    compared = []
    for name in names:
        if len(own := data.tuned_from(name)) > 1:
            said = tuple(f"{name} teacher, {epochs_of(one.epochs)}" for one in (own[-1], own[0]))
            compared.append(("Q5: fewer epochs", said, own[-1].test, own[0].test))
    whole = [data.tuned_from(name)[0] for name in names if data.tuned_from(name)]
    for other in whole[1:]:
        said = f"{data.names[whole[0].teacher]} teacher", f"{data.names[other.teacher]} teacher"
        compared.append(("Q6: another teacher", said, whole[0].test, other.test))
    if not compared:
        return
    frames, notes = [], []
    with style.look():
        drawn, panels = style.panel_grid(len(compared), 2, 3.0, 0.9, ax=ax)
        for axes, (question, said, x, y) in zip(panels.flat, compared, strict=False):
            value, found, n = rho(x, y)
            _against(axes, x, y, f"{question}, n = {n}\nSpearman {text_of(value, found)}")
            axes.set_xlabel(f"{said[0]} (%)")
            axes.set_ylabel(f"{said[1]} (%)")
            notes.append(f"{question}: {verdict(found.low, found.high, WEAK, above=True)} here.")
            frames.append(pd.DataFrame({"panel": question, "arch": data.truth.texts, "x": x, "y": y}))
        style.add_note(
            drawn,
            "Test accuracy after fine-tuning. Paper: high correlation (values in the plot only) in both; taken as above"
            f" {WEAK}.",
            *notes,
            style.data_note(study.note),
        )
    yield Drawn(drawn, pd.concat(frames, ignore_index=True).dropna())


@figure(
    "blox-8",
    source=Source.RUNS,
    of=STUDY,
    title="Block signatures against oracle ranks",
    needs="a teacher's blocks",
)
def signatures_and_oracle(study: Study, ax: Canvas | None = None) -> Iterator[Drawn]:
    """Panels: teachers down, oracles across; rows: of `Judged.row`."""
    data = BlockwiseStudy.of(study)
    judged = [] if data is None else against_oracle(data)
    frame = pd.DataFrame([one.row for one in judged])
    if frame.empty:
        return
    panes = list(dict.fromkeys(zip(frame["teacher"], frame["oracle"], strict=True)))
    with style.look():
        drawn, panels = style.panel_grid(len(panes), 2, 2.7, 1.3, ax=ax)
        for axes, (teacher, of) in zip(panels.flat, panes, strict=False):
            _bars(axes, frame[(frame["teacher"] == teacher) & (frame["oracle"] == of)])
            axes.set_title(f"{teacher} teacher\noracle: {of}", fontsize=style.pt(8.5), fontweight="normal")
            axes.set_ylabel("Spearman's rho")
            axes.set_ylim(min(-0.1, frame["low"].min() - 0.05), 1)
        handles: list[Artist] = [
            Patch(color=style.PALETTE[i], label=name) for i, name in enumerate(SIGNATURES.values())
        ]
        handles.append(Line2D([], [], color="black", linewidth=1.6, label="bound"))
        style.add_legend(drawn, handles, 5)
        seeds = int(frame["seeds"].max())
        style.add_note(
            drawn,
            "Oracle: accuracy of the best of so many models that hold the block, in expectation. Bars: mean of"
            f" {seeds} seed{'s' * (seeds > 1)}, 95 % intervals over blocks and seeds. r: reliability of the"
            " oracle (split halves of the models, Spearman and Brown); bound: its square root, what no signature can be"
            " expected to exceed.",
            f"Paper: stage 2 much worse than the others: {_stage2(judged)}",
            style.data_note(study.note),
        )
    yield Drawn(drawn, frame)


def _bars(axes: Axes, rows: pd.DataFrame) -> None:
    stages = sorted(rows["stage"].unique())
    for place, stage in enumerate(stages):
        own = rows[rows["stage"] == stage].set_index("signature").loc[list(SIGNATURES)]
        x = place + (np.arange(len(own)) - (len(own) - 1) / 2) * 0.2
        colours = list(style.PALETTE[: len(own)])
        axes.bar(x, own["rho"], 0.18, color=colours)
        ends = own[["low", "high"]].astype(float).to_numpy()
        axes.vlines(x, ends[:, 0], ends[:, 1], color="#444444", linewidth=0.9)
        bound = own["bound"].iloc[0]
        axes.plot([place - 0.42, place + 0.42], [bound, bound], color="black", linewidth=1.6)
    labels = []
    for stage in stages:
        known = rows[rows["stage"] == stage].iloc[0]
        r, bound = (style.coefficient(float(known[name])) for name in ("reliability", "bound"))
        defined = np.isfinite(float(known["reliability"]))
        labels.append(f"stage {stage}\n" + (f"r {r}\nbound {bound}" if defined else "r not above 0"))
    axes.set_xticks(range(len(stages)), labels)
    axes.grid(visible=False, axis="x")
    style.zero_line(axes)


def _stage2(judged: Sequence[Judged]) -> str:
    """How often the last stage is below the mean of the others, of each panel and signature."""
    cases = by_case(judged)
    counts = dict.fromkeys(("confirmed", "contradicted", "undecided"), 0)
    for *others, last in cases.values():
        found = gap(last, others)
        counts[verdict(found.low, found.high, 0.0, above=False)] += 1
    said = ", ".join(f"{word} in {count}" for word, count in counts.items())
    return f"against the mean of the others, of {len(cases)} cases {said}."
