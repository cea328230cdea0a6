"""Studies side by side: the shared architectures, shared trainings once, one truth."""

import json
import re
import shutil

import pandas as pd
import pytest
from synthetic_study import edit, known

from analysis.__main__ import main
from analysis.measures.compare import compare
from analysis.report.tables.comparison import compare_text
from analysis.statistics.correlation import kendall_tau


@pytest.fixture(scope="module")
def runs(study, tmp_path_factory):
    """The invented study, and a second one: its strictly fair runs of NAS-Bench-201 and the uniform ones renamed."""
    root = tmp_path_factory.mktemp("compare") / "runs"
    shutil.copytree(study.parent, root)
    content = json.loads((root / "invented" / "study.json").read_text())
    kept = []
    for run in content["runs"]:
        if run["space"] != "nasbench201" or run["variant"] == "without none":
            continue
        if run["variant"] == "uniform":  # other trainings under the same name
            folder = root / "trainings" / f"b{run['run_id']}"
            shutil.copytree(root / "trainings" / run["run_id"], folder)
            result = json.loads((folder / "result.json").read_text()) | {"run_id": folder.name}
            (folder / "result.json").write_text(json.dumps(result))
            run |= {"run_id": folder.name, "folder": f"../trainings/{folder.name}"}
        kept.append(run)
    content |= {"study": "second", "runs": kept}
    content["truth"] = {"nasbench201": content["truth"]["nasbench201"]}
    (root / "second").mkdir()
    shutil.copy(root / "invented" / "nasbench201.parquet", root / "second")
    (root / "second" / "study.json").write_text(json.dumps(content))
    return root


@pytest.fixture(scope="module")
def compared(runs):
    return compare([runs / "invented", runs / "second"])


def test_shared_trainings_are_one_variant(compared):
    rows = compared.variants.set_index("variant")
    assert sorted(rows.index) == ["strictly fair", "uniform (invented)", "uniform (second)", "without none"]
    assert rows.loc["strictly fair", "studies"] == "invented, second"
    assert rows["seeds"][sorted(rows.index)].tolist() == [3, 3, 3, 2]
    assert compared.notes == ("Blox: only in invented, not compared",)
    assert len(compared.differences) == 6


def test_all_are_on_the_architectures_that_every_variant_has(compared, runs):
    truth = pd.read_parquet(runs / "invented" / "nasbench201.parquet").set_index("arch")["digits_test"]
    inside = [arch for arch in truth.index[2:] if "none" not in arch]  # two have no score
    assert (compared.variants["n"] <= len(inside)).all()
    assert (compared.differences["n"] == compared.variants["n"].iloc[0]).all()
    assert set(compared.variants["n"]) == {70}
    fair = compared.variants.set_index("variant").loc["strictly fair"]
    entries = json.loads((runs / "invented" / "study.json").read_text())["runs"]
    entries = [run for run in entries if run["space"] == "nasbench201"]
    masked, *_ = (known(runs / "trainings" / r["run_id"]) for r in entries if r["variant"] == "without none")
    taus = []
    for entry in (run for run in entries if run["variant"] == "strictly fair"):
        scores = known(runs / "trainings" / entry["run_id"])
        both = [arch for arch in inside if arch in masked.index and arch in scores.index]
        taus.append(kendall_tau(truth[both], scores[both]).value)
    assert fair["tau_b"] == pytest.approx(sum(taus) / 3)
    assert fair["tau_b_low"] < fair["tau_b"] < fair["tau_b_high"]


def test_the_same_scores_are_not_told_apart_and_worse_ones_are(compared):
    from analysis.measures.differences import verdict

    found = {frozenset((r["leader"], r["other"])): r for r in compared.differences.to_dict("records")}
    same = found[frozenset(("uniform (invented)", "uniform (second)"))]
    assert (same["difference"], same["p_holm"], verdict(same)) == (0, 1, "not significant")
    assert verdict(found[frozenset(("strictly fair", "uniform (second)"))]) == "better"


def test_one_study_alone_gives_all_its_pairs(runs):
    compared = compare([runs / "second"])
    assert len(compared.differences) == 1
    assert set(compared.variants["n"]) == {158}


def test_another_truth_is_refused(runs, tmp_path):
    own = shutil.copytree(runs, tmp_path / "runs")
    edit(own / "second", lambda c: c["truth"]["nasbench201"].update(column="digits_valid"))
    message = (
        "invented compares nasbench201 with digits_test of nasbench201.parquet, second with digits_valid"
    )
    with pytest.raises(ValueError, match=message):
        compare([own / "invented", own / "second"])


def test_mistakes(runs):
    with pytest.raises(ValueError, match="study: 'second' is named twice"):
        compare([runs / "second", runs / "second"])


def test_formats_and_page(runs, compared, tmp_path, capsys):
    content = json.loads(compare_text(compared, "json"))
    assert content["variants"][0]["tau_b"] == compared.variants["tau_b"].iloc[0]
    assert content["pairs"][0]["is"] in ("better", "not significant")
    for form in ("text", "markdown", "csv", "latex"):
        text = compare_text(compared, form)
        assert "uniform (second)" in text
        assert "nan" not in text
    assert compare_text(compared, "latex").count("\\bottomrule") == 2
    path = tmp_path / "page.html"
    assert main(["compare", "invented", "second", "--runs", str(runs), "--report", str(path)]) == 0
    printed = capsys.readouterr()
    assert printed.out.rstrip().endswith("note: Blox: only in invented, not compared.")
    page = path.read_text()
    assert "uniform (second)" in page
    assert "Which variant ranks better" in page
    assert not re.search(r'(src|href)="http', page)
