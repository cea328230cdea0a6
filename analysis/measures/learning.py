"""tau-b during training, from the scores at its milestones."""

from __future__ import annotations

import pandas as pd

from analysis.measures.score_sets import ScoreSets
from analysis.statistics.correlation import kendall_tau
from analysis.store import history, milestones
from analysis.store.run import Run, read_scores
from analysis.store.scored import USUAL
from analysis.store.study import GROUP, Study, mask_text
from supernet.spaces import Space

FEWEST = 40  # architectures below which a tau says little
COLUMNS = [*GROUP, "seed", "updates", "n", "tau_b", "tau_b_loss"]


def learning_frame(study: Study) -> pd.DataFrame:
    """COLUMNS: a row for each finished supernet, each milestone of it and its end: tau_b by accuracy and by loss over
    the same n architectures, those of the study's sample that every milestone scored (where the whole table is scored,
    those in USUAL, if enough). None with fewer than FEWEST."""
    rows: list[dict[str, object]] = []
    samples: dict[Space, tuple[pd.Series, pd.Index]] = {}
    for run in study.runs:
        followed = all((run.folder / name).is_file() for name in (milestones.FILE, history.FILE))
        own = not (run.trained_as or run.parts)
        if not (followed and own and study.result(run)["status"] == "finished"):
            continue
        if run.space not in samples:
            samples[run.space] = _sample(study, run.space)
        group = dict(
            zip(GROUP, (run.space.name, mask_text(run.space), run.variant, run.measure), strict=True)
        )
        rows += [group | {"seed": run.seed} | row for row in _curve(run, *samples[run.space])]
    return pd.DataFrame(rows, columns=COLUMNS)


def _sample(study: Study, space: Space) -> tuple[pd.Series, pd.Index]:
    """The truth of the architectures that stand for the space, by their texts; and those of them that are in USUAL,
    if the whole table is scored, else all.

    Supernets trained for a true top-N and that sample have milestones of a part of both. Once the whole table is scored
    both stand for the space, but a mixture that is rich in the best does not."""
    sets = ScoreSets(study, space)
    table = sets.first.truth.only(sets.first.sample & sets.first.truth.known)
    values = pd.Series(table.numbers, index=list(table.texts))
    if not study.scored.whole:
        return values, values.index
    drawn = USUAL.sample(sets.allowed)
    return values, values.index.intersection([sets.whole.texts[row] for row in drawn])


def _curve(run: Run, truth: pd.Series, drawn: pd.Index) -> list[dict[str, object]]:
    """drawn: the architectures that the curve is of if it has enough of them."""
    taken = milestones.read(run.folder, run.run_id)
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
        rows = history.read(run.folder, run.run_id)
        updates = pd.DataFrame(rows).set_index("epoch")["updates"]
        stages = [(int(updates[epoch]), own) for epoch, own in epochs]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{run.folder / history.FILE}: not a history of these epochs ({error})") from None
    stages.append((int(updates.iloc[-1]), end))
    curve: list[dict[str, object]] = []
    for number, scored in stages:
        scores = scored.set_index("arch").loc[common]
        curve.append(
            {
                "updates": number,
                "n": len(common),
                "tau_b": kendall_tau(truth[common], scores["score"]).value,
                "tau_b_loss": kendall_tau(truth[common], -scores["loss"]).value,
            }
        )
    return curve
