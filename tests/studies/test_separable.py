"""The separable reference, beside the layers: against the closed form of a complete design, and known levels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata

from studies.estimators.compute.task import Task
from studies.estimators.estimator import Record
from studies.estimators.separable import Separable
from studies.truth.table import save_imported
from supernet.data import DataConfig
from supernet.data.loading import load_data
from supernet.spaces import get_space
from supernet.spaces.macro.importer import read


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    space = get_space("macro")
    data = load_data(DataConfig(name="digits", subset=100))
    return Task(space=space, size=space.published, data=data, seed=0, folder=tmp_path_factory.mktemp("run"))


def test_on_the_whole_space_the_fit_is_the_sum_of_means(
    task: Task, reference_data: Path, tmp_path: Path
) -> None:
    """In a complete design least squares give each choice the mean of those that have it; levels as computed apart."""
    source = reference_data / "nas-bench-macro" / "nas-bench-macro_cifar10.json"
    path = tmp_path / "macro.parquet"
    save_imported(read(source), path, "test")
    architectures = list(task.space.enumerate())
    published = json.loads(source.read_text())
    accuracies = [np.round(published[task.space.text(a)]["test_acc"], 2) for a in architectures]
    truth = np.mean(accuracies, axis=1).round(6)
    digits = np.array(architectures)
    estimator = Separable(table=str(path), column="cifar10_test")
    records = list(estimator.score(task, architectures, lambda *_: None))
    taus = {}
    for measure, target in (("values", truth), ("ranks", rankdata(truth))):
        means = [[target[column == choice].mean() for choice in range(3)] for column in digits.T]
        expected = sum(np.take(of, column) for of, column in zip(means, digits.T, strict=True))
        found = np.array([r.score for r in records if r.measure == measure])
        assert np.ptp(found - expected) < 1e-6 * np.ptp(expected)
        taus[measure] = kendalltau(found, truth).statistic
    layers = [task.space.layer_counts(a)[task.space.layers] for a in architectures]
    assert kendalltau(layers, truth).statistic == pytest.approx(0.693, abs=5e-4)
    assert taus["values"] == pytest.approx(0.8656, abs=5e-4)
    assert taus["ranks"] > taus["values"]
    told = estimator.prepare(task, lambda *_: None)["labels"]
    assert told["functions"] == len(
        architectures
    )  # it is told them all, so it is no rival of what is told none
    assert told["train_seconds"] is None


def test_a_choice_that_the_table_lacks_is_unknown_and_another_table_is_refused(
    task: Task, tmp_path: Path
) -> None:
    entry = {"test_acc": [90.0, 90.0, 90.0]}
    few = {"00000000": entry, "10000000": {"test_acc": [91.0] * 3}, "01000000": {"test_acc": [92.0] * 3}}
    (tmp_path / "few.json").write_text(json.dumps(few))
    path = tmp_path / "few.parquet"
    save_imported(read(tmp_path / "few.json"), path, "test")

    def scored(text: str) -> Record:
        estimator = Separable(table=str(path), column="cifar10_test")
        return next(estimator.score(task, [task.space.parse(text)], lambda *_: None))

    one, other = scored("11000000"), scored("00000000")
    assert one.score is not None
    assert other.score is not None
    assert one.score - other.score == pytest.approx(1 + 2)
    assert (scored("20000000").score, scored("20000000").status) == (None, "unknown")
    with pytest.raises(ValueError, match="is of nasbench201, not of macro"):
        Separable(table="nasbench201-digits").prepare(task, lambda *_: None)
    with pytest.raises(ValueError, match="columns: 'accuracy' is not one of"):
        Separable(table=str(path), column="accuracy").prepare(task, lambda *_: None)
