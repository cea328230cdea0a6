"""Columns of tables as estimators: what is looked up, what it would have cost, and the catalogue's studies of them."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import blox_files
import nats_files
import numpy as np
import pandas as pd
import pytest
from test_estimators import task_of

from studies import catalog
from studies.estimators.compute.task import Task
from studies.estimators.table_column import Recorded, TableColumn
from studies.running import run
from studies.running.plan import Plan
from studies.truth import table
from studies.truth.table import save_imported
from supernet.spaces import Architecture, get_space
from supernet.spaces.blox import importer as blox
from supernet.spaces.nasbench201 import importer as nasbench201

IN_TABLE = [
    *get_space("nasbench201").sample(4, 0),
    (0, 0, 0, 1, 0, 0),
]  # the last: a skip from input to output


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A table of five architectures with a short schedule, values per epoch, and gaps."""
    space = get_space("nasbench201")
    frame = pd.DataFrame({"arch": [space.text(a) for a in IN_TABLE]})
    frame["c_valid_ep12"] = [10.0, 20.0, 30.0, np.nan, 50.0]
    frame["c_valid_loss"] = [5.0, 4.0, 3.0, 2.0, 1.0]
    frame["seconds"] = [100.0, 200.0, 300.0, 400.0, 500.0]
    curve = np.arange(15, dtype=np.float32).reshape(5, 3)
    curve[1, 2] = np.nan
    per_epoch = pd.DataFrame({"arch": frame["arch"], "c_valid_loss": table.curve_column(curve)})
    manifest = {
        "space": space.name,
        "title": "made up",
        "data": ["c"],
        "size": asdict(space.published),
        "columns": ["c_valid_ep12", "c_valid_loss"],
        "epochs": {"full": 3, "ep12": 12},
        "seeds": 1,
    }
    path = tmp_path / "published.parquet"
    table.save(frame, manifest, path, per_epoch)
    return path


def looked_up(estimator: TableColumn, on: Task, architectures: list[Architecture]) -> list[float | None]:
    found = list(estimator.score(on, architectures, lambda done, detail: None))
    assert [record.status for record in found] == [
        "unknown" if record.score is None else "ok" for record in found
    ]
    return [record.score for record in found]


def test_a_column_is_looked_up(published: Path, tmp_path: Path) -> None:
    on, name = task_of("nasbench201", tmp_path), str(published)
    architectures = [*IN_TABLE, on.space.sample(5, 0)[4]]
    assert looked_up(TableColumn(table=name, columns=("c_valid_ep12",)), on, architectures) == [
        10, 20, 30, None, 50, None,
    ]  # fmt: skip
    loss = TableColumn(table=name, columns=("c_valid_loss",), sign=-1)
    assert looked_up(loss, on, architectures) == [-5, -4, -3, -2, -1, None]
    third = replace(loss, columns=("c_valid_loss@3",))
    assert third.measures == ("c_valid_loss@3",)
    assert looked_up(third, on, architectures) == [-2, None, -8, -11, -14, None]


def test_another_encoding_of_a_network_is_the_same_network(published: Path, tmp_path: Path) -> None:
    on = task_of("nasbench201", tmp_path)
    values = dict(zip(IN_TABLE, (10.0, 20.0, 30.0, None, 50.0), strict=True))
    same = {on.space.canonical(architecture): value for architecture, value in values.items()}
    twins = [a for a in on.space.enumerate() if a not in values and on.space.canonical(a) in same]
    assert twins
    expected = [same[on.space.canonical(twin)] for twin in twins]
    assert looked_up(TableColumn(table=str(published), columns=("c_valid_ep12",)), on, twins) == expected


def test_measures_are_looked_up_together(published: Path, tmp_path: Path) -> None:
    on = task_of("nasbench201", tmp_path)
    several = TableColumn(table=str(published), columns=("c_valid_ep12", "c_valid_loss@1", "c_valid_loss@3"))
    found = list(several.score(on, IN_TABLE[:1], lambda done, detail: None))
    assert [(r.measure, r.score) for r in found] == [
        ("c_valid_ep12", 10), ("c_valid_loss@1", 0), ("c_valid_loss@3", 2),
    ]  # fmt: skip
    assert [dict(r.details) for r in found] == [{"epochs": 12}, {"epochs": 1}, {"epochs": 3}]


def test_it_says_what_so_many_epochs_would_have_cost(published: Path, tmp_path: Path) -> None:
    on, architecture = task_of("nasbench201", tmp_path), IN_TABLE[2]
    recorded = Recorded(images=1000, batch_size=256, seconds="seconds")
    estimator = TableColumn(table=str(published), columns=("c_valid_loss@2", "seconds"), recorded=recorded)
    epochs, whole = estimator.score(on, [architecture], lambda done, detail: None)
    macs = on.space.cost(architecture, on.size).macs
    assert dict(epochs.details) == {
        "epochs": 2,
        "alone_steps": 2 * 4,  # three whole batches and a rest
        "alone_macs": 3 * macs * 1000 * 2,
        "alone_seconds": 300 * 2 / 3,  # of a training of three epochs
    }
    assert (epochs.seconds, epochs.steps, epochs.macs) == (0, 0, 0)  # nothing was computed
    assert dict(whole.details) == {}  # seconds are no accuracy of a training


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"columns": ("c_test",)}, "columns: 'c_test' is not one of c_valid_ep12, c_valid_loss, seconds"),
        ({"columns": ("arch",)}, "columns: 'arch' is not one of c_valid_ep12"),
        ({"columns": ("c_valid_loss@4",)}, r"columns: 'c_valid_loss@4': epoch 4 is not in 1\.\.3"),
        ({"columns": ("c_valid_ep12@1",)}, "'c_valid_ep12'; it has those of c_valid_loss"),
        ({"space": "blox"}, "is of nasbench201, not of blox"),
        ({"table": "nowhere"}, "table: 'nowhere' is neither a Parquet file"),
        ({"sign": 2}, "sign: 2 is not one of 1, -1"),
        ({"columns": ("c_valid_loss@0",)}, "columns: 'c_valid_loss@0': epoch '0' is not a positive integer"),
        ({"columns": ("c_valid_loss@x",)}, "epoch 'x' is not a positive integer"),
        ({"columns": ()}, r"columns: \(\) is not a list of different columns"),
        ({"columns": ("a", "a")}, "columns: a, a is not a list of different columns"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_scored(
    settings: dict[str, object], message: str, published: Path, tmp_path: Path
) -> None:
    settings = {"table": str(published), "columns": ("c_valid_loss",)} | settings
    space = str(settings.pop("space", "nasbench201"))
    with pytest.raises(ValueError, match=message):
        TableColumn(**settings).prepare(task_of(space, tmp_path), lambda done, detail: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["images", "batch_size"])
def test_wrong_costs_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: 0 is not a positive integer"):
        Recorded(**{"images": 1, "batch_size": 1} | {name: 0})


def ran(study: str, folder: Path) -> tuple[dict[str, object], pd.DataFrame]:
    """Result and scores of a catalogue study of what is imported in `folder`, where no images are."""
    plan = Plan.of(catalog.get(study), folder, data_root=folder / "no images")
    (only,) = plan.runs
    result = run.run_one(only, plan.architectures(only), "cpu", lambda *_: None)
    path = only.folder / "scores.parquet"
    return result, pd.read_parquet(path) if path.exists() else pd.DataFrame()


def imported(folder: Path, source: Path, curves: str) -> None:
    """As `truth import nasbench201` leaves it."""
    found = nasbench201.read(source, curves)
    save_imported(found, folder / table.OWN / "nasbench201.parquet", "test")


def test_the_study_of_nasbench201_needs_an_imported_table_and_no_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="'nasbench201' is neither a Parquet file nor a table"):
        ran("tabular_short_training", tmp_path)
    (tmp_path / table.OWN).mkdir(parents=True)
    indices = list(range(0, 15_000, 1_000))
    source = nats_files.write_folder(tmp_path / "NATS-tss-v1_0-3ffb9-simple", indices)
    imported(tmp_path, source, "none")
    result, _ = ran("tabular_short_training", tmp_path)
    assert result["status"] == "failed"
    assert "has no values per epoch of 'cifar10_valid'; it has those of none" in str(result["reason"])

    imported(tmp_path, source, "mean")
    result, scores = ran("tabular_short_training", tmp_path)
    assert (result["status"], result["reason"]) == ("finished", None)
    found = table.load(tmp_path / table.OWN / "nasbench201.parquet")
    wanted = found.frame.set_index("arch")["cifar10_valid_ep12"]
    own = scores[scores["measure"] == "cifar10_valid_ep12"].set_index("arch")["score"]
    assert len(own) == len(indices)
    assert own.dropna().to_dict() == wanted[own.index].dropna().to_dict()
    curve = table.curves(found.path, ["cifar10valid_train"])["cifar10valid_train"][:, 7]
    eighth = scores[scores["measure"] == "cifar10valid_train@8"].set_index("arch")["score"]
    assert eighth[found.frame["arch"]].to_numpy(dtype=float) == pytest.approx(curve, nan_ok=True)


def test_the_study_of_blox_takes_the_benchmarks_own_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / table.OWN).mkdir(parents=True)
    # Early in the official list, so that their hashes are found at once.
    architectures = [a for a, _ in zip(blox_files.SPACE.enumerate(), range(300), strict=False)][::25]
    for part in ("base", "ext"):
        rows = blox_files.rows_of(part, architectures, epochs=200)
        blox_files.write(tmp_path, part, "csv", rows)
    found = blox.read(tmp_path)
    save_imported(found, tmp_path / table.OWN / "blox.parquet", "test")
    result, scores = ran("blox_tabular_short_training", tmp_path)
    assert (result["status"], result["reason"]) == ("finished", None)
    assert not scores["measure"].str.endswith("_valid@1").any()  # of epoch 1 the files have the best one's
    quarter = scores[scores["measure"] == "cifar100_valid@50"].set_index("arch")["details"]
    seconds = found.frame.set_index("arch")["train_time_s"]
    for arch, details in quarter.items():
        assert json.loads(details)["alone_seconds"] == pytest.approx(seconds[arch] / 4)
