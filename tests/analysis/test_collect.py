"""A study's folder to frames: what is read, what is counted, what is left unsaid."""

import json
import random
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau
from synthetic_study import edit, known

from analysis.measures.baselines import BASELINES, baseline_names
from analysis.measures.collect import collect
from analysis.measures.differences import verdict
from analysis.report.answer import answer
from analysis.report.tables.study import print_table, table_frame
from analysis.statistics.correlation import kendall_tau
from analysis.statistics.significance import holm
from analysis.store.study import FULL, load_study, study_folder
from supernet.spaces import get_space


def group(found, space, variant, mode="batch"):
    rows = found.variants
    return rows[(rows["space"] == space) & (rows["variant"] == variant) & (rows["measure"] == mode)].iloc[0]


FIRST = "../trainings/000000000000"  # strictly fair on NAS-Bench-201, seed 0


def truth_of(study):
    return pd.read_parquet(study / "nasbench201.parquet").set_index("arch")["digits_test"]


def test_every_run_has_a_row(found, study):
    entries = json.loads((study / "study.json").read_text())["runs"]
    primary = found.runs[found.runs["primary"].astype(bool)]
    assert primary["run_id"].tolist() == [entry["run_id"] for entry in entries]
    states = primary["state"].value_counts().to_dict()
    assert states == {"finished": 15, "diverged": 1, "failed": 1, "missing": 1}
    unfinished = primary[primary["state"] != "finished"]
    assert unfinished[["tau_b", "n", "mean_score"]].isna().all(axis=None)
    assert "loss is nan at update 17" in unfinished["reason"].tolist()
    assert set(found.runs[~found.runs["primary"].astype(bool)]["measure"]) == {"running"}


def test_numbers_of_one_run(found, study):
    row = found.runs.iloc[0]
    truth, scores = truth_of(study), known(study / FIRST)
    assert (row["n"], row["missing"]) == (158, 2)
    assert row["tau_b"] == kendall_tau(truth[scores.index], scores).value
    assert row["mean_score"] == pytest.approx(scores.mean())
    assert (row["updates"], row["train_seconds"]) == (440, 12.5)
    inside = found.top[(found.top["variant"] == "strictly fair") & (found.top["space"] == "nasbench201")]
    inside = inside[(inside["seed"] == 0) & (inside["measure"] == "batch")]
    assert inside["top"].tolist() == [10, 25, 50, 150]


def test_the_loss_is_a_score_too_the_lowest_best(found, copy):
    finished = found.runs[found.runs["state"] == "finished"]
    assert (finished["tau_b_loss"] == finished["tau_b"]).all()
    assert (found.top["tau_b_loss"] == found.top["tau_b"]).all()
    path = copy / FIRST / "scores.parquet"
    scores = pd.read_parquet(path)
    scores.assign(loss=np.random.default_rng(0).uniform(1, 3, len(scores))).to_parquet(path)
    path = copy / "../trainings/000000000001/scores.parquet"
    pd.read_parquet(path).drop(columns="loss").to_parquet(path)
    runs = collect(copy).runs
    loss = known(copy / FIRST, "loss")
    assert runs["tau_b_loss"][0] == pytest.approx(kendall_tau(truth_of(copy)[loss.index], -loss).value)
    assert runs["tau_b"][0] == found.runs["tau_b"][0]
    without = runs[runs["run_id"] == "000000000001"]
    assert without["tau_b_loss"].isna().all()
    assert without["tau_b"].notna().all()


def test_the_mean_loss_over_seeds_is_a_ranking_too(found, copy):
    rows = found.runs[(found.runs["space"] == "nasbench201") & (found.runs["measure"] == "batch")]
    rows = rows[(rows["variant"] == "uniform") & (rows["state"] == "finished")]
    assert len(rows) > 1
    losses = [known(copy / "../trainings" / run_id, "loss") for run_id in rows["run_id"]]
    mean = pd.concat(losses, axis=1).dropna().mean(axis=1)
    own = group(found, "nasbench201", "uniform")
    tau = kendalltau(truth_of(copy)[mean.index], -mean).statistic
    assert own["seedmean_tau_b_loss"] == pytest.approx(tau)
    assert own["seedmean_tau_b_loss_low"] < tau < own["seedmean_tau_b_loss_high"]
    path = copy / "../trainings" / rows["run_id"].iloc[0] / "scores.parquet"
    pd.read_parquet(path).drop(columns="loss").to_parquet(path)
    without = group(collect(copy), "nasbench201", "uniform")
    assert pd.isna(without["seedmean_tau_b_loss"])  # the other seeds would be another mean


def test_mean_and_spread_over_seeds(found):
    runs = found.runs
    for mode in ("batch", "running"):
        rows = runs[(runs["variant"] == "uniform") & (runs["space"] == "blox") & (runs["measure"] == mode)]
        row = group(found, "blox", "uniform", mode)
        assert row["tau_b"] == pytest.approx(rows["tau_b"].mean())
        assert row["tau_b_std"] == pytest.approx(rows["tau_b"].std())
        assert row["tau_b_low"] < row["tau_b"] < row["tau_b_high"]
        assert row["seedmean_tau_b"] > row["tau_b"]  # noise averages out
    one = group(found, "blox", "warm-up <b>")
    counts = one[["runs", "finished", "diverged", "failed", "runs_missing"]].tolist()
    assert counts == [3, 1, 1, 0, 1]
    assert pd.isna(one["tau_b_std"])
    assert pd.notna(one["tau_b"])
    none = group(found, "blox", "unlucky")
    assert pd.isna(none["tau_b"])
    assert pd.isna(none["n"])


def test_a_mask_leaves_its_architectures_out_of_the_truth(found):
    row = group(found, "nasbench201", "without none")
    assert row["mask"] == "none"  # the operation of that name
    points = found.points[found.points["variant"] == "without none"]
    assert len(points) == row["n"]
    assert not points["arch"].str.contains("none").any()
    assert sorted(points["place"]) == list(range(1, len(points) + 1))
    references = found.references[found.references["mask"] == "none"]
    assert (references["n"] == row["n"] + row["missing"]).all()
    assert FULL in set(found.references["mask"])


SAMPLE = {"scored": {"top": 50, "random": 40}, "top": [10, 50]}


def test_of_the_top_and_a_random_sample_each_is_asked_for_its_own(copy):
    """By hand: tau of the whole from the sample alone, the top from the top alone, references likewise."""
    found = collect(edit(copy, lambda content: content.update(SAMPLE)))
    truth, scores = truth_of(copy), known(copy / FIRST)
    drawn = truth.index[random.Random(0).sample(range(160), 40)]
    best = truth.nlargest(50).index
    sample = scores.index.intersection(drawn)
    row = found.runs.iloc[0]
    assert row["n"] == len(sample) in (38, 39, 40)
    assert row["missing"] == len({*drawn, *best} - set(scores.index))
    assert row["tau_b"] == pytest.approx(kendall_tau(truth[sample], scores[sample]).value)
    assert row["mean_score"] == pytest.approx(scores[sample].mean())
    inside = found.top[(found.top["variant"] == "strictly fair") & (found.top["space"] == "nasbench201")]
    last = inside[(inside["seed"] == 0) & (inside["measure"] == "batch")].iloc[-1]
    both = scores.index.intersection([*drawn, *best])
    top = truth[both].nlargest(50).index  # of those that have a score, as everywhere
    assert (last["top"], last["mean_score"]) == (50, pytest.approx(scores[top].mean()))
    assert last["tau_b"] == pytest.approx(kendall_tau(truth[top], scores[top]).value)

    points = found.points[found.points["variant"] == "strictly fair"]
    points = points[points["space"] == "nasbench201"]
    assert points["sampled"].sum() == len(sample) == group(found, "nasbench201", "strictly fair")["n"]
    assert set(points["arch"]) == set(both)
    references = found.references[
        (found.references["space"] == "nasbench201") & (found.references["mask"] == FULL)
    ]
    assert set(references["n"]) == {40}
    assert found.top_references["top"].max() == 50
    assert (found.differences["n"] <= 40).all()


def test_without_points_all_else_is_the_same(study, found):
    less = collect(study, with_points=False)
    assert len(found.points)
    assert not len(less.points)
    assert list(less.points) == list(found.points)
    for name in ("runs", "variants", "top", "references", "top_references", "differences", "controls"):
        pd.testing.assert_frame_equal(getattr(less, name), getattr(found, name), check_exact=True)


def test_references(found):
    for (space, _), rows in found.references.groupby(["space", "mask"]):
        own = baseline_names(get_space(space))
        assert own[:2] == ("params", "macs")
        assert own[-1] == "log_rank_sum"
        ceilings = ["seed_to_seed", "seed_to_mean", "true_to_mean", "valid_to_test"]
        assert rows["reference"].tolist() == [*own, *ceilings]
    assert found.top_references["top"].max() == 150


def test_differences_and_verdicts(found):
    rows = found.differences[found.differences["space"] == "nasbench201"]
    names = ["strictly fair", "without none", "uniform"]
    assert list(rows["leader"])[:3] == [names[0], names[0], names[1]]
    assert list(rows["other"])[:3] == [names[1], names[2], names[2]]
    assert set(rows["other"][3:]) == {"params", "macs", "live_convolutions", "log_rank_sum"}
    assert set(rows["leader"][3:]) == set(names)
    by_pair = rows.set_index(["leader", "other"], drop=False)
    assert verdict(by_pair.loc["strictly fair", "uniform"]) == "better"
    assert by_pair.loc[("strictly fair", "without none"), "n"] == 70  # the architectures that both may have
    blox = found.differences[found.differences["space"] == "blox"].set_index(["leader", "other"], drop=False)
    assert verdict(blox.loc["strictly fair", "warm-up <b>"]) == "one seed"
    assert verdict(blox.loc["strictly fair", "params"]) == "better"


def test_pairs_and_baselines_are_corrected_apart(found):
    for _, rows in found.differences.groupby("space"):
        for family in (rows["other"].isin(BASELINES), ~rows["other"].isin(BASELINES)):
            own = rows[family]
            p = own[["p_architectures", "p_seeds"]].max(axis=1, skipna=False)
            expected = holm([None if pd.isna(one) else one for one in p])
            assert own["p_holm"].isna().tolist() == [one is None for one in expected]
            assert own["p_holm"].dropna().tolist() == pytest.approx(
                [one for one in expected if one is not None]
            )


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"other": "b", "difference": 0.1, "p_seeds": 0.01, "p_holm": 0.04}, "better"),
        ({"other": "b", "difference": -0.1, "p_seeds": 0.01, "p_holm": 0.04}, "worse"),
        ({"other": "b", "difference": 0.1, "p_seeds": 0.01, "p_holm": 0.06}, "not significant"),
        ({"other": "b", "difference": 0.1, "p_seeds": None, "p_holm": None}, "one seed"),
        ({"other": "b", "difference": None, "p_architectures": None, "p_holm": None}, "not compared"),
        ({"other": "params", "difference": 0.1, "p_seeds": 0.01, "p_holm": 0.04}, "better"),
        ({"other": "params", "difference": -0.1, "p_seeds": 0.01, "p_holm": 0.04}, "worse"),
        ({"other": "params", "difference": 0.1, "p_seeds": None, "p_holm": None}, "one seed"),
    ],
)
def test_verdict(row, expected):
    assert verdict({"p_architectures": 0.001} | row) == expected


def test_answer(found):
    first, second, last = (one.text for one in answer(found))
    assert first.startswith("NAS-Bench-201: Of 3 variants, “strictly fair” has the highest tau-b: 0.")
    assert "Holds over architectures and over seeds (95 %, corrected for 3 comparisons)" in first
    assert "“strictly fair” ranks better than “uniform” (+0." in first
    assert "“strictly fair” and “without none” (" in first
    assert "do not differ significantly with " in first
    assert "noise ceiling 0." in first
    assert re.search(r"about \d+ \(\d+ to \d+\) would show one of 0\.\d\d", first)
    assert "Not testable, as a side has one seed: " in second
    assert "“warm-up <b>”" in second
    assert last == "Not finished: 3 of 18 runs have no scores yet or failed; see Runs, below."


def test_the_answer_on_one_seed_says_what_its_interval_lacks(copy):
    def keep(content):
        content["runs"] = [run for run in content["runs"] if run["seed"] == 0]

    edit(copy, keep)
    found = collect(copy)
    first = answer(found)[0].text
    assert "How many seeds would settle it is unknown" in first
    assert (
        "one seed: the interval is over architectures alone and lacks the variance of the training" in first
    )
    assert "ranks better than" not in first
    own = found.primary[found.primary["tau_b"].notna()]
    assert (own["tau_b_low"] == own["tau_b_architectures_low"]).all()
    assert own["tau_b_trainings_low"].isna().all()
    assert set(map(verdict, found.differences.to_dict("records"))) <= {"one seed", "not compared"}


def test_the_answer_stays_short_however_many_variants(found):
    """Of more than two of a kind it says how many."""
    row = found.primary[found.primary["space"] == "blox"].iloc[0]
    many = [row.to_dict() | {"variant": f"variant {i}", "tau_b": 0.8 - i / 100} for i in range(30)]
    rows = [
        {"space": "blox", "leader": "variant 0", "other": f"variant {i}", "difference": i / 100, "n": 40}
        | {
            "low": 0.0,
            "high": 0.1,
            "p_architectures": 0.01,
            "architectures_low": i / 100 - 0.01,
            "architectures_high": i / 100 + 0.01,
            "p_seeds": 0.01,
            "p_holm": 0.01 if i > 10 else 0.5,
        }
        for i in range(1, 30)
    ]
    paragraph = answer(replace(found, variants=pd.DataFrame(many), differences=pd.DataFrame(rows)))[0].text
    assert "“variant 0” ranks better than 19 of the 29 others" in paragraph
    assert "10 pairs do not differ significantly" in paragraph
    assert len(paragraph) < 700


def test_table(found, capsys):
    frame = table_frame(found)
    assert frame["name"].tolist()[:3] == ["strictly fair", "uniform", "without none"]
    assert frame.loc[0, "tau_b"] == group(found, "nasbench201", "strictly fair")["tau_b"]
    assert {"params", "macs", "seed_to_seed"} <= set(frame["name"])
    for form in ("text", "markdown", "csv"):
        print_table(found, form)
        printed = capsys.readouterr().out
        assert ("warm-up &lt;b&gt;" if form == "markdown" else "warm-up <b>") in printed
        assert "nan" not in printed.lower().replace("finance", "")
    assert printed.splitlines()[0].startswith("space,mask,name,runs,seeds,n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("note"), "study.json: 'note' is missing"),
        (lambda c: c["runs"][0].pop("seed"), "'seed' is missing"),
        (lambda c: c.update(runs=[]), "runs: none are named"),
        (lambda c: c["runs"][0].update(space="darts"), "space: 'darts' is not one of"),
        (lambda c: c["runs"][0].update(mask=["conv9"]), "mask: 'conv9' is not one of"),
        (lambda c: c.update(top=[10, 0]), "top: 0 is not a positive integer"),
        (lambda c: c["truth"].pop("blox"), "no truth for blox"),
        (lambda c: c["truth"]["blox"].update(column="acc"), "no column 'acc'"),
        (
            lambda c: c["truth"]["blox"].update(file="nasbench201.parquet"),
            "not every arch is an architecture",
        ),
        (lambda c: c["runs"][0].update(measure="frozen"), "'frozen' was not scored; it has batch, running"),
        (lambda c: c["truth"]["blox"]["size"].update(channels=0), "channels: 0 is not a positive integer"),
    ],
)
def test_mistakes_in_study_json(copy, change, message):
    edit(copy, change)
    with pytest.raises(ValueError, match=message):
        collect(copy)


def test_one_variant_under_several_masks_is_named_apart(copy):
    def rename(content):
        for run in content["runs"]:
            if run["variant"] == "without none":
                run["variant"] = "strictly fair"

    edit(copy, rename)
    names = [run.variant for run in load_study(copy).runs]
    assert set(names) == {"strictly fair", "strictly fair, without none", "uniform", "warm-up <b>", "unlucky"}


def test_no_such_study(study):
    with pytest.raises(ValueError, match=r"no study 'other' in .*; studies there: invented"):
        study_folder(study.parent, "other")
    assert study_folder(study.parent, "invented") == study


def test_broken_json(copy):
    (copy / "study.json").write_text("{")
    with pytest.raises(ValueError, match="not readable as JSON"):
        load_study(copy)


def test_missing_truth_is_an_error_that_names_it(copy):
    (copy / "blox.parquet").unlink()
    with pytest.raises(FileNotFoundError, match=r"blox\.parquet"):
        collect(copy)


def test_a_run_without_one_usable_score_has_failed(copy):
    path = copy / FIRST / "scores.parquet"
    pd.read_parquet(path).assign(status="nan", score=np.nan).to_parquet(path)
    found = collect(copy)
    assert found.runs.iloc[0]["state"] == "failed"
    assert "no architecture has both" in found.runs.iloc[0]["reason"]
    assert group(found, "nasbench201", "strictly fair")["finished"] == 2


def test_constant_scores_have_no_tau_and_no_mean(copy):
    """A seed without a value is not left out of the mean in silence."""
    path = copy / FIRST / "scores.parquet"
    pd.read_parquet(path).assign(score=10.0, status="ok").to_parquet(path)
    found = collect(copy)
    row = group(found, "nasbench201", "strictly fair")
    assert row["finished"] == 3
    assert pd.isna(row["tau_b"])
    assert pd.isna(row["tau_b_low"])
    assert pd.notna(row["mean_score"])
    assert "strictly fair" not in set(
        found.differences[found.differences["space"] == "nasbench201"]["leader"]
    )


def test_nothing_has_run_yet(copy):
    for path in copy.glob("../trainings/*/result.json"):
        path.unlink()
    found = collect(copy)
    assert set(found.runs["state"]) == {"missing"}
    assert not len(found.points)
    assert not len(found.differences)
    assert "no variant has a value yet" in answer(found)[0].text


def add_views(content):
    """The strictly fair supernets of NAS-Bench-201 are also judged without none."""
    controls = {run["seed"]: run["run_id"] for run in content["runs"] if run["variant"] == "without none"}
    for run in content["runs"]:
        if (run["space"], run["variant"]) == ("nasbench201", "strictly fair") and run["seed"] in controls:
            run["evaluations"] = [{"mask": ["none"], "run_id": controls[run["seed"]]}]


def test_a_supernet_is_judged_under_a_mask_that_it_was_not_trained_with(found, copy):
    """By hand: the same scores, of the architectures without the operation alone."""
    more = collect(edit(copy, add_views))
    name = f"strictly fair, trained on the {FULL}, evaluated without none"
    rows = more.runs[(more.runs["variant"] == name) & more.runs["primary"]]
    assert list(rows["seed"]) == [0, 1]
    assert set(rows["trained_as"]) == {"strictly fair"}
    truth, scores = truth_of(copy), known(copy / FIRST)
    inside = [arch for arch in scores.index if "none" not in arch]
    assert 10 < len(inside) < len(scores)
    assert rows.iloc[0]["n"] == len(inside)
    assert rows.iloc[0]["tau_b"] == pytest.approx(kendall_tau(truth[inside], scores[inside]).value)
    # Beside the supernets that were trained so, and all else is as it was.
    order = list(dict.fromkeys(more.variants[more.variants["space"] == "nasbench201"]["variant"]))
    assert order.index(name) == order.index("without none") + 1
    others = more.runs[more.runs["trained_as"].isna()].reset_index(drop=True)
    names = ["trained_as", "control"]
    pd.testing.assert_frame_equal(others.drop(columns=names), found.runs.drop(columns=names))
    pd.testing.assert_frame_equal(more.differences, found.differences)
    assert not len(found.controls)


def test_trained_with_a_mask_is_compared_with_only_judged_under_it(copy):
    """On the same architectures, seed means against seed means."""
    more = collect(edit(copy, add_views))
    (row,) = more.controls.to_dict("records")
    assert row["leader"] == "without none"
    assert row["other"].endswith("evaluated without none")
    points = {name: more.points[more.points["variant"] == name] for name in (row["leader"], row["other"])}
    assert row["n"] == len(set.intersection(*(set(frame["arch"]) for frame in points.values())))
    taus = more.runs[more.runs["primary"] & (more.runs["mask"] == "none")].groupby("variant")["tau_b"].mean()
    assert row["difference"] == pytest.approx(taus[row["leader"]] - taus[row["other"]], abs=0.02)
    assert row["low"] < row["difference"] < row["high"]


def test_a_study_sees_no_bn_mode_that_only_another_study_asked_for(found, copy):
    def ask_for_one(content):
        for run in content["runs"]:
            run["measures"] = [run["measure"]]

    assert set(found.runs["measure"]) == {"batch", "running"}
    own = found.runs[found.runs["primary"].astype(bool)].reset_index(drop=True)
    pd.testing.assert_frame_equal(collect(edit(copy, ask_for_one)).runs, own)


def test_a_run_without_a_score_in_the_sample_is_a_failure_and_no_end_of_the_report(copy):
    scores = copy / FIRST / "scores.parquet"
    frame = pd.read_parquet(scores)
    drawn = truth_of(copy).index[random.Random(0).sample(range(160), 40)]
    frame[~frame["arch"].isin(drawn)].to_parquet(scores)
    row = collect(edit(copy, lambda content: content.update(SAMPLE))).runs.iloc[0]
    assert row["state"] == "failed"
    assert "no architecture of the sample has a score" in row["reason"]
