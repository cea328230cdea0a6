"""The size space of NATS-Bench: files in the official layout, by the benchmark's own classes; figure blox-22."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pandas as pd
import pytest
from nats_bench.api_utils import ArchResults, ResultsCount, pickle_save
from nats_files import CLASSES, SETS

from analysis.__main__ import main as analysis
from studies.__main__ import main
from studies.truth.importers.nats_size import ARCHITECTURES

INDICES = (0, 7, 4711)
EPOCHS = {"01": 1, "12": 12, "90": 90}
SEEDS = {"01": (777,), "12": (777,), "90": (777, 888)}


def _official() -> list[str]:
    """The list as a release might order it: not ours."""
    widths = [str(width) for width in range(64, 0, -8)]
    return [":".join(five) for five in itertools.product(widths, repeat=5)]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[int, str, int], float]]:
    """NATS-sss-v1_0-50262-simple of three networks, and by (index, schedule, seed) CIFAR-100's x-test."""
    folder = tmp_path_factory.mktemp("sss") / "NATS-sss-v1_0-50262-simple"
    folder.mkdir()
    rng, texts, truth = random.Random(0), _official(), {}
    pickle_save({"meta_archs": texts, "evaluated_indexes": set(INDICES)}, str(folder / "meta.pickle"))
    for index in INDICES:
        state = {}
        for hp, epochs in EPOCHS.items():
            found = ArchResults(index, texts[index])
            for data in SETS:
                for seed in SEEDS[hp]:
                    config = {"genotype": "", "channels": texts[index], "class_num": CLASSES[data]}
                    result = ResultsCount(data, None, {}, {}, 0.25 + index, 12.5, config, seed, epochs, None)
                    series = [{e: round(rng.uniform(1, 99), 4) for e in range(epochs)} for _ in range(4)]
                    result.update_train_info(*series)
                    keys = [f"{name}@{epoch}" for name in SETS[data] for epoch in range(epochs)]
                    values = {key: round(rng.uniform(1, 99), 4) for key in keys}
                    result.update_eval(values, dict(values), dict(values))
                    found.update(data, seed, result)
                    if data == "cifar100":
                        truth[index, hp, seed] = values[f"x-test@{epochs - 1}"]
            state[hp] = found.state_dict()
        pickle_save(state, str(folder / f"{index:06d}.pickle"))
    return folder, truth


def test_official_files_give_their_accuracies_and_costs(release, tmp_path: Path, capsys) -> None:
    folder, truth = release
    path = tmp_path / "nats-size.parquet"
    assert main(["truth", "import", "nats-size", str(folder), "--out", str(path)]) == 0
    assert "note: 3 of 32,768 architectures" in capsys.readouterr().err
    frame, texts = pd.read_parquet(path).set_index("arch"), _official()
    assert list(frame.index) == [texts[index] for index in INDICES]
    for index in INDICES:
        row = frame.loc[texts[index]]
        assert row["cifar100_test_seed888"] == truth[index, "90", 888]
        assert row["cifar100_test"] == (truth[index, "90", 777] + truth[index, "90", 888]) / 2
        assert row["cifar100_test_ep12"] == truth[index, "12", 777]
        assert (row["params"], row["macs"]) == ((0.25 + index) * 1e6, 12.5e6)
    assert main(["truth", "check", str(path)]) == 0
    assert main(["truth", "show", str(path)]) == 0
    capsys.readouterr()
    assert main(["truth", "import", "nasbench201", str(folder), "--out", str(path)]) == 2


def test_a_csv_is_read_and_checked(tmp_path: Path, capsys) -> None:
    frame = pd.DataFrame(
        {"arch": ARCHITECTURES[:4], "cifar100_test": [50.0, 51, 52, 53], "params": 1e5, "macs": 1e7}
    )
    frame.to_csv(tmp_path / "sss.csv", index=False)
    out = tmp_path / "out.parquet"
    words = ["truth", "import", "nats-size", str(tmp_path / "sss.csv"), "--out", str(out)]
    assert main(words) == 0
    assert pd.read_parquet(out)["cifar100_test"].tolist() == [50, 51, 52, 53]
    capsys.readouterr()
    for change, message in (
        ({"arch": "8:8:8:8:9"}, "8:8:8:8:9"),
        ({"arch": ARCHITECTURES[0]}, "already"),
        ({"cifar100_test": 0.5}, "not in percent"),
        ({"params": -1}, "params is not a number above 0"),
    ):
        frame.assign(**change).to_csv(tmp_path / "sss.csv", index=False)
        assert main(words) == 2
        assert message in capsys.readouterr().err


def test_figure_22_shows_every_network_of_every_table(tmp_path: Path, capsys) -> None:
    frame = pd.DataFrame(
        {"arch": ARCHITECTURES[:9], "digits_test": range(50, 59), "params": 1e5, "macs": 1e7}
    )
    frame.to_csv(tmp_path / "sss.csv", index=False)
    sizes = tmp_path / "sss.parquet"
    assert main(["truth", "import", "nats-size", str(tmp_path / "sss.csv"), "--out", str(sizes)]) == 0
    tables = f"data/blox-digits.parquet,data/macro-digits.parquet,{sizes}"
    words = ["figure", "blox-22", tables, "--out", str(tmp_path), "--format", "svg"]
    assert analysis(words) == 0
    drawn = pd.read_csv(tmp_path / "blox-22.csv")
    counts = {path: len(pd.read_parquet(path)) for path in tables.split(",")}
    assert drawn.groupby("table").size().to_dict() == {Path(path).name: n for path, n in counts.items()}
    capsys.readouterr()
    assert analysis([*words[:2], str(sizes)]) == 2
    assert "it lacks two tables" in capsys.readouterr().err
