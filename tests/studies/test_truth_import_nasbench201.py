"""NAS-Bench-201's official files: every value as the benchmark's own package returns it, whatever the form; what is
not such a file is refused."""

from __future__ import annotations

import bz2
import os
import pickle
import random
from pathlib import Path

import nats_files
import numpy as np
import pytest
from nats_bench import create
from nats_bench.api_utils import pickle_save

from studies.truth import table
from studies.truth.table import save_imported
from supernet.spaces.imported import Imported
from supernet.spaces.nasbench201.importer import SERIES, read

pytestmark = pytest.mark.xdist_group("nats")  # the files are written once

INDICES = [0, 857, 6111, 9930, 15624, 7]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same random results in each official form."""
    folder = tmp_path_factory.mktemp("nats")
    return {
        "folder": nats_files.write_folder(folder / "NATS-tss-v1_0-3ffb9-simple", INDICES),
        "single": nats_files.write_single(folder / "NATS-tss-v1_0-3ffb9.pickle", INDICES),
        "legacy": nats_files.write_pth(folder / "legacy.pth", INDICES, zipped=False),
        "zipped": nats_files.write_pth(folder / "zipped.pth", INDICES, zipped=True),
    }


@pytest.fixture(scope="module")
def imported(files: dict[str, Path]) -> Imported:
    return read(files["folder"], curves="seeds")


@pytest.fixture(scope="module")
def api(files: dict[str, Path]):
    """The benchmark's own package."""
    return create(str(files["folder"]), "tss", fast_mode=True, verbose=False)


def test_every_value_is_the_one_that_the_benchmark_s_own_package_returns(imported: Imported, api) -> None:
    frame, checked = imported.frame.set_index("arch"), set()
    for index in INDICES:
        row = frame.loc[nats_files.META_ARCHS[index]]
        for (data, part), name in SERIES.items():
            for hp, ending in (("12", "_ep12"), ("200", "")):
                api._prepare_info(index)
                results = api.arch2infos_dict[index][hp]
                seeds = results.get_dataset_seeds(data)
                last = int(hp) - 1
                for seed in (False, *seeds):
                    suffix = "" if seed is False else f"_seed{seed}"
                    own = results.get_metrics(data, part, is_random=seed)
                    assert row[f"{name}{ending}{suffix}"] == own["accuracy"]
                    checked.add(f"{name}{ending}{suffix}")
                    if seed is False:
                        assert row[f"{name}_loss{ending}"] == own["loss"]
                        checked.add(f"{name}_loss{ending}")
                last3 = {seed: _last3(results, data, part, last, seed) for seed in seeds}
                known = [value for value in last3.values() if value == value]
                for seed, value in last3.items():
                    assert row.get(f"{name}_last3{ending}_seed{seed}", np.nan) == pytest.approx(
                        value, nan_ok=True
                    )
                    checked.add(f"{name}_last3{ending}_seed{seed}")
                mean = float(np.mean(known)) if known else np.nan
                assert row.get(f"{name}_last3{ending}", np.nan) == pytest.approx(mean, nan_ok=True)
                checked.add(f"{name}_last3{ending}")
                absent = set(nats_files.SEEDS[hp]) - set(seeds)
                assert all(np.isnan(row.get(f"{name}{ending}_seed{seed}", np.nan)) for seed in absent)
    assert checked >= set(imported.manifest["columns"])  # a column that no architecture has is absent


def _last3(results, data: str, part: str, last: int, seed: int) -> float:
    trial = results.query(data, seed)
    try:
        infos = [
            trial.get_train(i) if part == "train" else trial.get_eval(part, i)
            for i in range(last - 2, last + 1)
        ]
    except KeyError:
        return np.nan  # only the last epoch was evaluated
    return sum(info["accuracy"] for info in infos) / 3


def test_get_more_info_says_the_same_of_the_parts(imported: Imported, api) -> None:
    """The package's public function, whose names for the parts are its own."""
    frame = imported.frame.set_index("arch")
    parts = [
        ("cifar10-valid", "valid", "cifar10_valid"),
        ("cifar10-valid", "test", "cifar10valid_test"),
        ("cifar10", "test", "cifar10_test"),
        ("cifar10", "train", "cifar10_train"),
        *(
            (data, part, f"{name}_{here}")
            for data, name in (("cifar100", "cifar100"), ("ImageNet16-120", "imagenet16"))
            for part, here in (*((one, one) for one in ("train", "valid", "test")), ("valtest", "validtest"))
        ),
    ]
    for index in INDICES:
        for data, part, name in parts:
            info = api.get_more_info(index, data, hp="200", is_random=False)
            assert frame.loc[nats_files.META_ARCHS[index], name] == info[f"{part}-accuracy"]


@pytest.mark.parametrize("form", ["single", "legacy", "zipped"])
def test_every_form_gives_the_same_table(form: str, files: dict[str, Path], imported: Imported) -> None:
    other = read(files[form], curves="none")
    assert other.frame.equals(imported.frame)
    assert other.curves is None
    assert other.manifest["seeds"] == {"ep12": [111, 777], "full": [777, 888, 999]}
    assert other.warnings == [f"6 of 15625 architectures are in {files[form].name}"]


def test_curves_hold_every_epoch_that_there_is(imported: Imported, api, tmp_path: Path) -> None:
    save_imported(imported, tmp_path / "t.parquet", "test")
    found = table.load(tmp_path / "t.parquet")
    assert found.frame.equals(imported.frame)
    names = ["cifar10_valid", "cifar100_validtest_seed888", "cifar10_train_loss_ep12"]
    names += ["imagenet16_train_ep12"]
    curves = table.curves(found.path, names)
    rows = {text: i for i, text in enumerate(found.frame["arch"])}
    assert [curves[name].shape for name in names] == [(6, 200), (6, 200), (6, 12), (6, 12)]
    for index in INDICES:
        row = rows[nats_files.META_ARCHS[index]]
        for epoch in (0, 100, 199):
            info = api.get_more_info(index, "cifar10-valid", iepoch=epoch, hp="200", is_random=False)
            assert curves["cifar10_valid"][row, epoch] == np.float32(info["valid-accuracy"])
        for epoch in (0, 11):
            info = api.get_more_info(index, "cifar10", iepoch=epoch, hp="12", is_random=False)
            assert curves["cifar10_train_loss_ep12"][row, epoch] == np.float32(info["train-loss"])
        seeds = api.arch2infos_dict[index]["200"].get_dataset_seeds("cifar100")
        assert np.isnan(curves["cifar100_validtest_seed888"][row]).all() == (888 not in seeds)
    with pytest.raises(ValueError, match="of 'cifar10_best'; it has those of cifar10valid"):
        table.curves(found.path, ["cifar10_best"])


def test_rows_follow_the_benchmark_s_index_and_costs_are_exact(imported: Imported) -> None:
    assert list(imported.frame["arch"]) == [nats_files.META_ARCHS[i] for i in sorted(INDICES)]
    # |nor_conv_3x3...: the published best of CIFAR-10, index 6111; params by the closed form of the benchmark.
    text = nats_files.META_ARCHS[6111]
    row = imported.frame.set_index("arch").loc[text]
    assert row["params"] == 73306 + 243040 * text.count("conv_3x3") + 28000 * text.count("conv_1x1")


# What is refused


class Runs:
    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, ("ran",)


def write(path: Path, value: object) -> Path:
    pickle_save(value, str(path))
    return path.with_name(path.name + ".pbz2")


def small(**changes: object) -> dict[str, object]:
    """A whole file of one architecture without the long parts."""
    content = dict(nats_files.whole([]))
    trial = nats_files.trial(random.Random(0), "cifar10", nats_files.META_ARCHS[3], 777, 12, False)
    state = {
        "arch_index": 3,
        "arch_str": nats_files.META_ARCHS[3],
        "dataset_seed": {"cifar10": [777]},
        "all_results": {("cifar10", 777): trial.state_dict()},
    }
    content["arch2infos"] = {3: {"12": state | changes}}
    return content


def test_a_part_of_the_benchmark_is_reported(tmp_path: Path) -> None:
    found = read(write(tmp_path / "s.pickle", small()))
    assert found.warnings == ["1 of 15625 architectures are in s.pickle.pbz2"]
    assert found.manifest["data"] == ["cifar10"]
    assert found.manifest["epochs"] == {"ep12": 12}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arch_index": 4}, "as architecture 4, which is not NAS-Bench-201's"),
        ({"arch_str": "8:8:8:8:8"}, "'8:8:8:8:8' as architecture 3, which is not NAS-Bench-201's: expected"),
        ({"dataset_seed": {"svhn": [777]}}, "architecture 3: data: 'svhn' is not one of cifar10-valid,"),
        ({"dataset_seed": {"cifar10": [888]}}, "architecture 3: a record of another format"),
        ({"all_results": {("cifar10", 777): {"epochs": 12}}}, "architecture 3: a record of another format"),
        ({"arch_config": Runs()}, "it asks for posix.mkdir, which is neither data nor an array"),
    ],
)
def test_files_that_are_not_the_topology_benchmark_are_refused(
    changes: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"^source: .*s.pickle.pbz2.*{message}"):
        read(write(tmp_path / "s.pickle", small(**changes)))
    assert not Path("ran").exists()


def test_fractions_are_refused(tmp_path: Path) -> None:
    content = small()
    (state,) = content["arch2infos"][3].values()  # type: ignore[index]
    (trial,) = state["all_results"].values()
    trial["eval_acc1es"] = dict.fromkeys(trial["eval_acc1es"], 100.5)
    with pytest.raises(ValueError, match=r"an accuracy on cifar10 of 100.5 to 100.5, which is not in"):
        read(write(tmp_path / "s.pickle", content))


def test_an_architecture_that_comes_twice_is_refused(tmp_path: Path) -> None:
    content = small()
    content["arch2infos"][4] = small()["arch2infos"][3]  # type: ignore[index]
    with pytest.raises(ValueError, match="has architecture 3 twice with 12 epochs"):
        read(write(tmp_path / "s.pickle", content))


def test_the_size_benchmark_and_other_pickles_are_refused(tmp_path: Path) -> None:
    sizes = {**small(), "arch2infos": {}, "meta_archs": ["8:8:8:8:8", "8:8:8:8:16"]}
    with pytest.raises(ValueError, match=r"the list of architectures of .* begins with '8:8:8:8:8' and is"):
        read(write(tmp_path / "size.pickle", sizes))
    with pytest.raises(ValueError, match=r"has no list of architectures \(meta_archs\)"):
        read(write(tmp_path / "other.pickle", [1, 2]))
    with pytest.raises(ValueError, match="has no results"):
        read(write(tmp_path / "none.pickle", nats_files.whole([])))


def test_damaged_files_are_refused(files: dict[str, Path], tmp_path: Path) -> None:
    for form in ("single", "legacy", "zipped"):
        whole = files[form].read_bytes()
        for cut in (len(whole) // 3, len(whole) - 5000):
            path = tmp_path / files[form].name
            path.write_bytes(whole[:cut])
            with pytest.raises(ValueError, match=r"^source: .*(truncated|damaged|ends too early|too short)"):
                read(path)
    flipped = bytearray(files["single"].read_bytes())
    flipped[len(flipped) // 2] ^= 0xFF
    path = tmp_path / "flipped.pickle.pbz2"
    path.write_bytes(flipped)
    with pytest.raises(ValueError, match=r"^source: .*flipped.pickle.pbz2: "):
        read(path)


def test_folders_that_lack_something_are_refused(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no NNNNNN.pickle.pbz2: it is not the folder"):
        read(tmp_path)
    record = files["folder"] / "000857.pickle.pbz2"
    (tmp_path / record.name).write_bytes(record.read_bytes())
    with pytest.raises(ValueError, match=r"has no meta.pickle.pbz2"):
        read(tmp_path)
    meta = files["folder"] / "meta.pickle.pbz2"
    (tmp_path / meta.name).write_bytes(meta.read_bytes())
    assert read(tmp_path, "none").warnings == [f"1 of 15625 architectures are in {tmp_path.name}"]
    (tmp_path / "000858.pickle.pbz2").write_bytes(record.read_bytes())
    with pytest.raises(ValueError, match=r"000858.pickle.pbz2 holds architecture 857"):
        read(tmp_path)
    (tmp_path / "000858.pickle.pbz2").write_bytes(record.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"000858.pickle.pbz2: truncated"):
        read(tmp_path)
    (tmp_path / "000858.pickle.pbz2").write_bytes(bz2.compress(pickle.dumps(Runs())))
    with pytest.raises(ValueError, match=r"000858.pickle.pbz2: .*posix.mkdir, which is neither data"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "hint"), [(b"arch,test\n", ""), (b"\0" * 257 + b"ustar", "; it is a tar arch")]
)
def test_files_of_another_kind_are_refused(content: bytes, hint: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content + b"\0" * 100)
    with pytest.raises(ValueError, match=f"is not the folder NATS-tss-v1_0-3ffb9-simple, .*.pth{hint}"):
        read(tmp_path / "x")
