"""One study, several score sets: every ranking is evaluated on what its own seeds hold, and that is said."""

import json

import numpy as np
import pandas as pd
import pytest
from synthetic_study import edit, known

from analysis.measures.collect import collect
from analysis.measures.correlate import correlate
from analysis.measures.estimator_scores import side_by_side
from analysis.report.answer import answer
from analysis.report.tables.study import table_frame
from analysis.statistics.correlation import kendall_tau
from analysis.store.scored import ScoredSet
from analysis.store.study import load_study
from analysis.user_tables.pair import read_table

N = 160
SMALL = ScoredSet(top=20, random=40)


@pytest.fixture
def mixed(copy):
    """`--all` for one variant: uniform of NAS-Bench-201 holds the whole table, strictly fair what the study had scored.

    A function that takes the keys of study.json to set."""
    truth = pd.read_parquet(copy / "nasbench201.parquet")
    rows = SMALL.rows(truth["digits_test"], np.ones(N, dtype=bool))
    for run in load_study(copy).runs:
        if (run.space.name, run.variant) == ("nasbench201", "strictly fair"):
            frame = pd.read_parquet(run.folder / "scores.parquet")
            frame[frame["arch"].isin(truth["arch"].iloc[rows])].to_parquet(run.folder / "scores.parquet")
    return lambda **keys: edit(copy, lambda content: content.update(keys))


def of(frame, variant):
    rows = frame[
        (frame["variant"] == variant) & (frame["space"] == "nasbench201") & frame["primary"].astype(bool)
    ]
    return rows.iloc[0]


def test_each_is_judged_on_what_its_seeds_hold(mixed, found):
    folder = mixed(scored={}, scored_otherwise=[{"top": 20, "random": 40}])
    own = collect(folder)
    fair, uniform = of(own.variants, "strictly fair"), of(own.variants, "uniform")
    assert (fair["set"], uniform["set"]) == ("random sample of 40", "all 160")
    assert uniform["tau_b"] == of(found.variants, "uniform")["tau_b"]
    truth = pd.read_parquet(folder / "nasbench201.parquet")
    drawn = truth.iloc[SMALL.sample(np.ones(N, dtype=bool))].set_index("arch")["digits_test"]
    scores = known(folder / "../trainings/000000000000")
    both = drawn.index.intersection(scores.index)
    assert of(own.runs, "strictly fair")["tau_b"] == pytest.approx(
        kendall_tau(drawn[both], scores[both]).value
    )
    # A baseline on each of the sets, a difference on what both have, and the words that say so.
    here = own.references[
        (own.references["space"] == "nasbench201") & (own.references["reference"] == "params")
    ]
    assert {"random sample of 40", "all 160"} <= set(here["set"])
    pair = own.differences[
        (own.differences["other"] == "uniform") & (own.differences["leader"] == "strictly fair")
    ]
    assert pair["n"].iloc[0] == fair["n"] < uniform["n"]
    assert pair["set"].iloc[0] == "what both sets share"
    (first,) = (one.text for one in answer(own) if one.title == "NAS-Bench-201")
    assert "evaluated on different sets" in first
    assert "random sample of 40 (1)" in first
    assert set(table_frame(own)["set"]) >= {"random sample of 40", "all 160"}


def test_no_mean_outside_its_interval(mixed):
    own = collect(mixed(scored={}, scored_otherwise=[{"top": 20, "random": 40}])).variants
    known = own[own["tau_b_low"].notna()]
    assert len(known) > 5
    for part in ("", "architectures_"):
        assert (known[f"tau_b_{part}low"] <= known["tau_b"]).all()
        assert (known["tau_b"] <= known[f"tau_b_{part}high"]).all()


def test_an_undeclared_set_is_named_as_what_it_is(mixed):
    own = collect(mixed(scored={}))
    fair = of(own.variants, "strictly fair")
    assert fair["set"].endswith("of 160, of no declared sample")
    assert of(own.variants, "uniform")["set"] == "all 160"


def test_rankings_side_by_side_are_of_one_set(mixed):
    study = load_study(mixed(scored={}, scored_otherwise=[{"top": 20, "random": 40}]))
    sizes = {
        len(group.truth)
        for group in side_by_side(study)
        if group.space.name == "nasbench201" and not group.space.mask
    }
    assert sizes == {40}


def test_a_seed_with_fewer_scores_narrows_all_seeds(copy):
    """The mean is then of what the interval is of."""
    path = copy / "../trainings/000000000000/scores.parquet"
    frame = pd.read_parquet(path)
    frame.loc[frame.index % 160 < 60, "status"] = "nan"
    frame.to_parquet(path)
    own = collect(copy)
    rows = own.runs[(own.runs["variant"] == "strictly fair") & (own.runs["space"] == "nasbench201")]
    assert set(rows[rows["measure"] == "batch"]["n"]) == {100}
    row = of(own.variants, "strictly fair")
    assert row["n"] == 100
    assert row["tau_b"] == pytest.approx(rows[rows["measure"] == "batch"]["tau_b"].mean())


@pytest.fixture
def own_file(tmp_path):
    """A truth of 3,000 rows and a run's own scores of it: the true top 100 and a random sample of 300."""
    rng = np.random.default_rng(0)
    truth = pd.DataFrame({"arch": [f"net {i}" for i in range(3000)], "acc": rng.normal(90, 2, 3000)})
    rows = ScoredSet(top=100, random=300).rows(truth["acc"], np.ones(3000, dtype=bool))
    scores = truth.iloc[rows].rename(columns={"acc": "score"})
    scores = scores.assign(score=scores["score"] + rng.normal(0, 2, len(rows))).sample(frac=1, random_state=1)
    truth.to_csv(tmp_path / "truth.csv", index=False)
    scores.to_csv(tmp_path / "scores.csv", index=False)
    return read_table(f"{tmp_path}/truth.csv:acc"), read_table(f"{tmp_path}/scores.csv:score")


def test_a_top_and_a_sample_in_one_file_are_told_apart(own_file):
    truth, scores = own_file
    drawn = ScoredSet(random=300).sample(np.ones(3000, dtype=bool))
    score = scores.frame.set_index("arch")["score"]
    expected = kendall_tau(truth.numbers[drawn], score[[truth.texts[row] for row in drawn]]).value
    found = {part: correlate(truth, scores, part=part) for part in (None, "sample", "top", "both")}
    assert found[None]["tau_b"]["value"] == found["sample"]["tau_b"]["value"] == pytest.approx(expected)
    assert [found[part]["n"] for part in found] == [300, 300, 100, len(scores.frame)]
    assert found[None]["top"]["50"] == found["both"]["top"]["50"]  # the true top is of all
    assert found[None]["parts"]["top"] == 100
    assert found[None]["parts"]["sample"] == 300
    assert "--part sample, --part top" in found[None]["parts"]["note"]


def test_one_set_has_no_parts(own_file):
    truth, scores = own_file
    drawn = ScoredSet(random=300).sample(np.ones(3000, dtype=bool))
    sample = scores.only(scores.frame["arch"].isin([truth.texts[row] for row in drawn]).to_numpy())
    assert correlate(truth, sample)["parts"] is None
    assert correlate(truth, truth)["parts"] is None
    assert json.dumps(correlate(truth, sample), allow_nan=False)
    with pytest.raises(ValueError, match="'sample': the scores do not hold a true top-N and others"):
        correlate(truth, sample, part="sample")


def test_a_sample_of_another_kind_is_no_sample(own_file):
    truth, _ = own_file
    order = np.argsort(-truth.numbers)
    others = np.random.default_rng(5).choice(order[100:], 200, replace=False)
    kept = truth.only(np.isin(np.arange(3000), [*order[:100], *others]))
    found = correlate(truth, kept)
    assert found["parts"]["sample"] is None
    assert found["n"] == 300
    with pytest.raises(ValueError, match="choose top or both"):
        correlate(truth, kept, part="sample")
