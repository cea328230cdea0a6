"""Names of accuracy columns: read and written again, and what validates what."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.measures.ceiling import ceiling, partner
from analysis.store.column_names import ColumnName, parse


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cifar10_test", ColumnName("cifar10", "test")),
        (
            "cifar10valid_test_last3_ep12_seed777",
            ColumnName("cifar10valid", "test", "", "last3", "12", 777),
        ),
        ("cifar100_train_loss_ep12", ColumnName("cifar100", "train", "loss", "", "12")),
        ("cifar100_valid_top5_best", ColumnName("cifar100", "valid", "top5", "best")),
        ("imagenet16_validtest", ColumnName("imagenet16", "validtest")),
        ("my_own_images_valid_best_seed0", ColumnName("my_own_images", "valid", "", "best", "", 0)),
    ],
)
def test_names_say_what_they_are(name: str, said: ColumnName) -> None:
    assert parse(name) == said
    assert str(said) == name


@pytest.mark.parametrize(
    "name", ["test", "arch", "params_cifar10", "cifar10_accuracy", "a_test_seed", "a_test_ep12_best"]
)
def test_other_names_say_nothing(name: str) -> None:
    assert parse(name) is None


@pytest.mark.parametrize(
    ("columns", "column", "pair"),
    [
        ("cifar10_valid cifar10_test", "cifar10_test", "cifar10_valid cifar10_test"),
        ("cifar100_valid_best cifar100_test", "cifar100_valid_best", "cifar100_valid_best cifar100_test"),
        ("cifar100_valid_best cifar100_valid cifar100_test", "cifar100_test", "cifar100_valid cifar100_test"),
        ("c_valid c_valid_last3 c_test c_test_last3", "c_test_last3", "c_valid_last3 c_test_last3"),
        (
            "cifar10_valid cifar10_test cifar10valid_test",
            "cifar10valid_test",
            "cifar10_valid cifar10valid_test",
        ),
        ("cifar10_valid cifar10_test cifar10valid_test", "cifar10_valid", "cifar10_valid cifar10_test"),
        ("cifar10_valid cifar10valid_test", "cifar10_valid", "cifar10_valid cifar10valid_test"),
        ("c_valid_ep12 c_test", "c_test", None),
        ("c_valid c_validtest c_train", "c_valid", None),
        ("c_valid_loss c_test_loss", "c_test_loss", None),
        ("c_valid_seed0 c_test_seed0", "c_test_seed0", None),
        ("c_valid d_test", "d_test", None),
    ],
)
def test_validation_and_test_of_the_same_data(columns: str, column: str, pair: str | None) -> None:
    found = partner(pd.DataFrame(columns=columns.split()), column)
    assert found == (None if pair is None else tuple(pair.split()))


def test_columns_of_another_which_have_a_ceiling() -> None:
    frame = pd.DataFrame({"c_valid_best": [1.0, 2, 3, 5], "c_test": [1.0, 3, 2, 4]})
    found = ceiling(frame, "c_test")
    assert found is not None
    assert found["valid_to_test"]["tau_b"] == pytest.approx(2 / 3)
    assert found["valid_to_test"]["compared"] == "c_valid_best against c_test"
