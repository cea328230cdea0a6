"""Studies on images of one's own: the data in a run's identity, the folder handed to workers, the `data` command."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from image_files import write_tree

from analysis.store.scores import read as read_scores
from studies import __main__ as studies
from studies import catalog
from studies.commands import run as run_command
from studies.model.study import Study
from studies.running.execute import execute
from studies.running.plan import Plan
from supernet.data import DataConfig
from supernet.data.loading import load_data

PICTURES = DataConfig(name="folder:pictures", image_size=8)


@pytest.fixture
def pictures(tiny: Study) -> Study:
    """One variant on a folder of pictures of two classes."""
    variant = tiny.variants[0]
    size = replace(variant.size, image_channels=3, classes=2)
    return replace(tiny, variants=(variant.changed(size=size, data=PICTURES),), seeds=(0,))


def test_run_ids_differ_by_the_data_and_not_by_their_folder(pictures: Study) -> None:
    variant = pictures.variants[0]
    others = [
        variant.changed(data=replace(PICTURES, **change))  # type: ignore[arg-type]
        for change in ({"subset": 10}, {"name": "folder:others"})
    ]
    assert len({v.run_id(0) for v in (variant, *others)}) == 3
    here, there = (next(iter(pictures.runs(Path("r"), Path(root)))) for root in ("a", "b"))
    assert here.folder == there.folder
    assert (here.data_root, there.data_root) == (Path("a"), Path("b"))


@pytest.mark.parametrize("field", ["image_size", "image_channels", "classes"])
def test_a_network_of_another_size_than_the_images_is_refused(field: str, tiny: Study) -> None:
    variant = tiny.variants[0]
    with pytest.raises(ValueError, match=rf"size: {field} is 16, but \d+ in the data 'digits'"):
        variant.changed(size=replace(variant.size, **{field: 16}))  # type: ignore[arg-type]


def test_workers_read_the_images_from_the_root_that_was_given(pictures: Study, tmp_path: Path) -> None:
    root = tmp_path / "images"
    write_tree(root / "pictures", {"cats": 40, "dogs": 40})
    plan = Plan.of(pictures, tmp_path / "runs", data_root=root)
    ((run, result),) = execute(plan, plan.runs, "cpu", 2)
    assert result["status"] == "finished", result
    assert len(read_scores(run.folder)) == 60


def test_classes_that_only_the_files_tell_are_checked(pictures: Study, tmp_path: Path) -> None:
    from studies.running.run import run_one

    load_data.cache_clear()
    write_tree(tmp_path / "pictures", {"cats": 20, "cows": 20, "dogs": 20})
    run = next(iter(pictures.runs(tmp_path / "runs", tmp_path)))
    result = run_one(run, [], "cpu", lambda phase, fraction, detail: None)
    assert result["reason"] == "size: classes is 2, but 3 in the data 'folder:pictures'"


def test_missing_images_are_found_out_before_anything_is_written(
    pictures: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "get", lambda name: pictures)
    monkeypatch.setenv("DATA_ROOT", str(tmp_path / "nowhere"))
    args = studies.parser().parse_args(["run", "tiny", "--runs", str(tmp_path / "runs")])
    assert args.data_root == tmp_path / "nowhere"
    with pytest.raises(ValueError, match=rf"'folder:pictures' is not in {tmp_path}/nowhere .*--data-root"):
        run_command.run(args)
    assert not (tmp_path / "runs").exists()


def test_the_data_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tree(tmp_path / "pictures", {"cats": 20, "dogs": 10})
    root = ["--root", str(tmp_path)]
    assert studies.main(["data", "list", "--wide", *root]) == 0
    listed = capsys.readouterr().out
    assert re.search(r"digits .* scikit-learn's digits", listed)
    assert f"'cifar10' is not in {tmp_path}" in listed
    assert studies.main(["data", "check", "folder:pictures", "--image-size", "6", *root]) == 0
    checked = capsys.readouterr().out
    assert re.search(r"train +25 +2 +8 +17\n", checked)
    assert re.search(r"own +25 +3 +2\n", checked)
    assert studies.main(["data", "check", "digits", *root]) == 0
    assert re.search(r"own +1,000 +397 +400\n", capsys.readouterr().out)
    assert studies.main(["data", "check", "digits", *root, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["splits"][0]["valid"] == 397
    assert studies.main(["data", "get", "digits", *root]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "cifar10"], "data: 'cifar10' is not in"),
        (["check", "mnist"], "data: 'mnist' is not one of digits"),
        (["check", "folder:pictures"], "image_size: must be given for 'folder:pictures'"),
        (["get", "imagenet16"], "put the batch files of ImageNet16"),
        (["get", "folder:pictures"], "put a folder of images there"),
    ],
    ids=" ".join,
)
def test_mistakes_in_the_data_command_end_with_one_line_and_exit_code_2(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert studies.main(["data", *words, "--root", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ")
    assert message in line
