"""The page of any pair of user files: its numbers are correlate's, also of architectures that no space reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_study import texts

from analysis.__main__ import main
from analysis.measures.ceiling import INSIDE


def write(folder: Path, names: list[str], noise: float = 1.0) -> None:
    rng = np.random.default_rng(0)
    truth = pd.DataFrame({"arch": names, "acc_test": rng.normal(90, 2, len(names))})
    for k in range(3):
        truth[f"acc_test_seed{k}"] = truth["acc_test"] + rng.normal(0, 0.5, len(names))
    truth.to_csv(folder / "truth.csv", index=False)
    scores = pd.DataFrame({"arch": names, "proxy": truth["acc_test"] + noise * rng.normal(size=len(names))})
    scores.loc[:1, "proxy"] = np.nan
    scores.to_csv(folder / "scores.csv", index=False)


def report(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[str, dict]:
    arguments = ["--truth", f"{folder}/truth.csv:acc_test", "--scores", f"{folder}/scores.csv:proxy"]
    assert main(["correlate", *arguments, "--json", "--report", str(folder / "page.html"), *more]) == 0
    output = capsys.readouterr()
    assert output.err.strip() == str(folder / "page.html")
    return (folder / "page.html").read_text(), json.loads(output.out)


def values(page: str) -> list[float]:
    return [float(value) for value in re.findall(r'data-value="([^"]+)"', page)]


def test_the_pages_numbers_are_those_of_the_json(tmp_path: Path, capsys) -> None:
    write(tmp_path, texts("nasbench201", 100)[1])
    page, found = report(tmp_path, capsys)
    shown = set(values(page))
    for entry in (found, found["baselines"]["params"], found["baselines"]["macs"]):
        for key in ("tau_b", "spearman", "pearson"):
            assert {entry[key]["value"], entry[key]["low"]} <= shown
        further = entry["tau_kendall_a"]["value"], entry["weighted_tau"], entry["topn_mean_tau"]["p_value"]
        assert set(further) <= shown
        assert {one["value"] for one in entry["overlap"].values()} <= shown
    for entry in found["ceiling"].values():
        assert {entry[key] for key in ("tau_b", "spearman", "pearson") if key in entry} <= shown
    for size, entry in found["top"].items():
        assert {entry["tau_b"], entry["mean_score"], found["regret"][size], found["best_rank"][size]} <= shown
        assert entry["ceiling_tau_b"][INSIDE[0]] in shown
    assert f"{found['tau_b']['value']:.3f} [{found['tau_b']['low']:.3f}" in page
    assert "2 architectures have a truth and no score" in page
    assert "proxy against acc_test" in page


@pytest.mark.parametrize("space", ["blox", "none"])
def test_figures_are_in_the_page_and_beside_it(tmp_path: Path, capsys, space: str) -> None:
    names = [f"net <{i}>" for i in range(60)] if space == "none" else texts(space, 60)[1]
    write(tmp_path, names)
    page, _ = report(tmp_path, capsys, "--title", "My <own> nets")
    drawn = {"scatter", "confusion"} | ({"residuals"} if space != "none" else set())
    kinds = ("png", "pdf", "svg", "csv")
    assert {path.name for path in (tmp_path / "page_figures").iterdir()} == {
        f"{name}.{kind}" for name in drawn for kind in kinds
    }
    assert page.count("data:image/png;base64,") == len(drawn)
    assert "<h1>My &lt;own&gt; nets</h1>" in page
    assert "<title>My &lt;own&gt; nets</title>" in page
    assert ("partial rho" in page) == (space != "none")
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert str(tmp_path) not in page  # a page goes to others
    points = pd.read_csv(tmp_path / "page_figures" / "scatter.csv")
    scores = pd.read_csv(tmp_path / "scores.csv").set_index("arch")["proxy"]
    assert len(points) == 58
    assert points["score"].to_numpy() == pytest.approx(scores[points["arch"]].to_numpy(), rel=1e-6)
    assert points["score_place"].tolist() == points["score"].rank(ascending=False).astype(int).tolist()
    assert points["place"].tolist() == points["truth"].rank(ascending=False).astype(int).tolist()


def test_missing_scores_have_a_rank_and_no_point(tmp_path: Path, capsys) -> None:
    write(tmp_path, list("abcdefgh"))
    page, found = report(tmp_path, capsys, "--missing", "worst")
    assert found["n"] == 8
    assert len(pd.read_csv(tmp_path / "page_figures" / "scatter.csv")) == 6
    assert "they are ranked below all others" in page


def test_few_and_constant_scores(tmp_path: Path, capsys) -> None:
    write(tmp_path, texts("nasbench201", 5)[1])
    page, found = report(tmp_path, capsys)
    assert "over 3 architectures" in page
    assert "Where the ranking goes wrong" not in page
    constant = pd.read_csv(tmp_path / "scores.csv").assign(proxy=1.0)
    constant.to_csv(tmp_path / "scores.csv", index=False)
    page, found = report(tmp_path, capsys)
    assert found["tau_b"]["value"] is None
    assert "The scores are uninformative: all 5 scores are equal." in page
    assert "nan" not in " ".join(re.findall(r">([^<]+)</td>", page))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--report", "page.txt"], "report: 'page.txt' does not end in .html"),
        (["--title", "words"], "--title: is of a page; say where it goes with --report"),
    ],
)
def test_mistakes_are_one_message(tmp_path: Path, capsys, more: list[str], message: str) -> None:
    write(tmp_path, ["a", "b", "c"])
    arguments = ["--truth", f"{tmp_path}/truth.csv:acc_test", "--scores", f"{tmp_path}/scores.csv:proxy"]
    assert main(["correlate", *arguments, *more]) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""
