"""The whole comparison of two columns, its command line, and the levels published for NAS-Bench-201."""

import json

import numpy as np
import pandas as pd
import pytest
from synthetic_study import texts

from analysis.__main__ import main
from analysis.measures.correlate import correlate
from analysis.statistics.correlation import kendall_tau
from analysis.store.tables import Table
from analysis.user_tables.pair import read_table
from supernet.spaces import Size, get_space


def tables(n=120, noise=1.0, name="nasbench201"):
    rng = np.random.default_rng(0)
    _, official = texts(name, n)
    truth = pd.DataFrame({"arch": official, "acc_test": rng.normal(90, 2, n)})
    for k in range(3):
        truth[f"acc_test_seed{k}"] = truth["acc_test"] + rng.normal(0, 0.5, n)
    scores = pd.DataFrame({"arch": official, "score": truth["acc_test"] + noise * rng.normal(size=n)})
    return truth, scores


def compare(truth, scores, **options):
    return correlate(
        Table(frame=truth, column="acc_test", source="truth.csv:acc_test"),
        Table(frame=scores, column="score", source="scores.csv:score"),
        **options,
    )


def test_keys_and_values():
    truth, scores = tables()
    found = compare(truth, scores, top=(10, 50, 500))
    json.dumps(found, allow_nan=False)
    assert found["n"] == 120
    assert found["missing"] == 0
    for name in ("tau_b", "tau_kendall_a", "spearman", "pearson"):
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]
    assert isinstance(found["weighted_tau"], float)
    assert set(found["top"]) == {"10", "50"}
    assert found["top_left_out"] == [500]
    best = truth["acc_test"].argsort()[::-1][:10]
    assert found["top"]["10"]["n"] == 10
    assert found["top"]["10"]["tau_b"] == kendall_tau(truth["acc_test"][best], scores["score"][best]).value
    assert found["top"]["10"]["mean_score"] == pytest.approx(scores["score"][best].mean())
    assert set(found["topn_mean_tau"]) == {"value", "p_value", "sizes"}
    assert set(found["overlap"]) == {"1", "5", "10"}
    assert set(found["regret"]) == set(found["best_rank"]) == {"1", "10", "50"}
    assert set(found["ceiling"]) == {"seed_to_seed", "seed_to_mean", "true_to_mean"}
    assert found["space"] == "nasbench201"
    assert "tau_a" not in json.dumps(found)  # a name with two meanings


def test_baselines_are_the_costs_of_the_given_size():
    truth, scores = tables(name="blox", n=60)
    size = Size(channels=8, stages=3, cells_per_stage=1, image_channels=1, image_size=8)
    space = get_space("blox")
    for given in (None, size):
        found = compare(truth, scores, size=given)["baselines"]
        for name in ("params", "macs"):
            costs = [getattr(space.cost(space.parse(text), given), name) for text in truth["arch"]]
            assert found[name]["tau_b"]["value"] == kendall_tau(truth["acc_test"], costs).value


def test_unknown_architectures_have_no_baselines():
    truth, scores = tables()
    truth["arch"] = scores["arch"] = [f"net {i}" for i in range(120)]
    found = compare(truth, scores)
    assert found["baselines"] is None
    assert found["space"] is None


def test_missing_scores_are_counted_never_scored():
    truth, scores = tables()
    best = truth["acc_test"].argsort()[::-1]
    scores.loc[best[:3], "score"] = np.nan
    scores = scores.drop(index=best[60])
    dropped = compare(truth, scores)
    assert (dropped["n"], dropped["missing"]) == (116, 4)
    assert dropped["top"]["10"]["missing"] == 3  # of the truth's own top 10
    assert dropped["top"]["10"]["mean_score"] is not None
    worst = compare(truth, scores, missing="worst")
    assert (worst["n"], worst["missing"]) == (120, 4)
    assert worst["tau_b"]["value"] < dropped["tau_b"]["value"]
    for name in ("pearson", "topn_mean_tau"):
        assert worst[name]["value"] is None
        assert "ranked worst" in worst[name]["note"]
    assert worst["top"]["10"]["mean_score"] is None
    filled = scores.set_index("arch")["score"].reindex(truth["arch"]).fillna(-1e9)
    assert worst["tau_b"]["value"] == pytest.approx(kendall_tau(truth["acc_test"], filled).value)
    json.dumps(worst, allow_nan=False)


def test_order_of_the_scores_does_not_matter():
    truth, scores = tables()
    scores["score"] = scores["score"].round()
    shuffled = scores.sample(frac=1, random_state=0)
    assert compare(truth, scores) == compare(truth, shuffled)


def test_constant_scores_are_a_stated_result():
    truth, scores = tables()
    found = compare(truth, scores.assign(score=5.0))
    for name in ("tau_b", "tau_kendall_a", "spearman", "pearson", "topn_mean_tau"):
        assert found[name]["value"] is None
        assert found[name]["note"] == "all 120 scores are equal"
    assert found["weighted_tau"] is None
    json.dumps(found, allow_nan=False)


def test_one_architecture():
    truth, scores = tables()
    found = compare(truth, scores[:1])
    assert found["n"] == 1
    assert "needs at least 2" in found["tau_b"]["note"]
    assert found["regret"]["1"] == 0  # among those compared
    json.dumps(found, allow_nan=False)


@pytest.fixture
def files(tmp_path):
    truth, scores = tables()
    truth.to_csv(tmp_path / "truth.csv", index=False)
    scores.to_parquet(tmp_path / "scores.parquet")
    return tmp_path


def command(files, *more, truth="truth.csv:acc_test", scores="scores.parquet:score"):
    return main(["correlate", "--truth", f"{files}/{truth}", "--scores", f"{files}/{scores}", *more])


def test_command_prints_json(files, capsys):
    assert command(files, "--json", "--top", "50,10") == 0
    found = json.loads(capsys.readouterr().out)
    truth, scores = read_table(f"{files}/truth.csv:acc_test"), read_table(f"{files}/scores.parquet:score")
    assert found == correlate(truth, scores, top=(10, 50))


def test_command_prints_a_table(files, capsys):
    assert command(files) == 0
    printed = capsys.readouterr().out
    for text in (
        "120 architectures",
        "Kendall tau-b",
        "params",
        "MACs",
        "live convolutions",
        "log-rank sum",
        "seed against seed",
        "bootstrap",
        "ties:",
    ):
        assert text in printed
    assert "left out, larger than n: top 150, 250, 500" in printed
    assert "nan" not in printed


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"scores": "nothing.csv:score"}, "nothing.csv: No such file or directory"),
        ({"scores": "scores.parquet:acc"}, "no column 'acc'; numeric columns: score"),
        ({"truth": "truth.csv"}, "is not FILE:COLUMN"),
        ({"truth": ":acc"}, "Is a directory|does not end in"),
        ({"top": "10,x"}, "top: '10,x' is not a list of integers"),
        ({"top": "0"}, "top: 0 is not a positive integer"),
        ({"seed": "-1"}, "seed: -1 is negative"),
    ],
)
def test_mistakes_take_one_line(files, capsys, more, message):
    options = [word for name in ("top", "seed") if name in more for word in (f"--{name}", more[name])]
    assert command(files, *options, **{k: v for k, v in more.items() if k in ("truth", "scores")}) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert any(part in error for part in message.split("|"))


@pytest.fixture(scope="module")
def published(reference_data):
    path = reference_data / "nb201" / "nasbench201.csv"
    return lambda column: read_table(f"{path}:{column}")


def test_published_levels_of_nasbench201(published):
    """Params .578 and in the top 500 .057, validation against test .89, seed against seed .909."""
    truth = published("cifar10_test")
    found = correlate(truth, published("params_cifar10"), permutations=0)
    assert found["n"] == 15625
    assert found["space"] == "nasbench201"
    assert found["tau_b"]["value"] == pytest.approx(0.578, abs=0.0005)
    assert found["top"]["500"]["tau_b"] == pytest.approx(0.057, abs=0.0005)
    assert found["baselines"]["params"]["tau_b"] == found["tau_b"]  # the closed form is the published column
    assert found["ceiling"]["seed_to_seed"]["tau_b"] == pytest.approx(0.909, abs=0.002)
    valid = correlate(truth, published("cifar10_valid"), with_baselines=False, permutations=0)
    assert valid["tau_b"]["value"] == pytest.approx(0.892, abs=0.0005)
    assert valid["top"]["500"]["tau_b"] == pytest.approx(0.52, abs=0.005)
    assert valid["ceiling"]["valid_to_test"]["tau_b"] == valid["tau_b"]["value"]


def test_interval_of_a_whole_space_is_that_of_sampling(published):
    """sd of tau on 1000 random architectures is .008 to .013, so on 15,625 a fourth of it."""
    found = correlate(
        published("cifar10_test"), published("params_cifar10"), with_baselines=False, permutations=0
    )
    error = (found["tau_b"]["high"] - found["tau_b"]["low"]) / 3.92
    assert 0.008 < error * np.sqrt(15.625) < 0.016
