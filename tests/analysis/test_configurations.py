"""What the variants of a study share and where they differ; the section on where the numbers come from."""

import hashlib
import json
import shutil

import pytest
from synthetic_study import edit

from analysis.measures.collect import collect
from analysis.measures.configurations import NOTHING, configurations, flat
from analysis.report.sections.runs import provenance_section
from analysis.store.study import damage, load_study


@pytest.fixture
def recorded(copy):
    """The invented study with configurations, versions and a commit."""
    provenance = {"command": "python -m studies run invented --smoke", "commit": "abc123-dirty"}
    edit(copy, lambda content: content.update(provenance=provenance))
    for run in json.loads((copy / "study.json").read_text())["runs"]:
        folder = copy / run["folder"]
        if not folder.is_dir():
            continue
        config = {"seed": run["seed"], "mask": run["mask"], "training": {"lr": 0.1}}
        config["sampling"] = {"kind": "fair" if "fair" in run["variant"] else "uniform"}
        (folder / "config.json").write_text(json.dumps(config))
        result = folder / "result.json"
        torch = "2.0" if run["seed"] else "1.9"
        result.write_text(json.dumps(json.loads(result.read_text()) | {"versions": {"torch": torch}}))
    return copy


def test_what_differs_and_what_is_shared(recorded):
    shutil.rmtree(recorded / "../trainings" / "000000000011")
    of_cells, of_blocks = configurations(load_study(recorded))
    assert of_cells.shared == {"training.lr": "0.1"}
    assert of_cells.differing == {
        "strictly fair": {"mask": NOTHING, "sampling.kind": "fair"},
        "uniform": {"mask": NOTHING, "sampling.kind": "uniform"},
        "without none": {"mask": "none", "sampling.kind": "uniform"},
    }
    assert of_blocks.unknown == ("unlucky",)
    assert set(of_blocks.differing) == {"strictly fair", "uniform", "warm-up <b>"}


def test_flat():
    nested = {"a": {"b": [1, 2], "c": {"d": None}}, "e": False}
    assert flat(nested) == {"a.b": "1, 2", "a.c.d": NOTHING, "e": "False"}


def test_the_section_says_where_numbers_come_from(recorded):
    text = "".join(provenance_section(collect(recorded, with_points=False)))
    for part in (
        "python -m studies run invented --smoke",
        "abc123-dirty",
        "torch 2.0 (9 runs); torch 1.9 (6 runs)",
        "15 of 18 runs have finished (1 diverged, 1 failed, 1 not run yet)",
        hashlib.sha256((recorded / "blox.parquet").read_bytes()).hexdigest()[:16],
        "sampling.kind",
    ):
        assert part in text


def test_a_study_from_before_they_were_recorded(study, found):
    """No configuration, no versions: it says so."""
    assert load_study(study).provenance == {}
    text = "".join(provenance_section(found))
    assert text.count("not recorded") == 3
    assert "no run has begun: strictly fair, uniform" in text


def test_a_broken_configuration_is_named(recorded):
    """And is that of one run: another seed's tells the same of the variant."""
    expected = configurations(load_study(recorded))
    path = recorded / "../trainings/000000000000/config.json"
    path.write_text("{")
    (told,) = damage(load_study(recorded)).damaged
    assert "config.json: not readable as JSON" in told
    assert configurations(load_study(recorded)) == expected
