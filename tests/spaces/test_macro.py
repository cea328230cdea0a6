"""NAS-Bench-Macro against its published file, against brute force, and under masks by layer."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from studies.__main__ import main
from studies.truth import table
from supernet.spaces import Architecture, Size, get_space
from supernet.spaces.macro.importer import read
from supernet.spaces.macro.space import Macro
from supernet.training.sampling import Sampler, SamplingConfig

OPERATIONS = ("identity", "mb3_k3", "mb6_k5")
FILE = Path("nas-bench-macro") / "nas-bench-macro_cifar10.json"
SMALL = Size(channels=4, stages=3, cells_per_stage=1, image_size=8)


@pytest.fixture(scope="module")
def published(reference_data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((reference_data / FILE).read_text())
    return found


def test_costs_of_all_networks_are_the_published_ones(published: dict[str, Any]) -> None:
    space = Macro()
    assert [space.text(architecture) for architecture in space.enumerate()] == sorted(published)
    for text, entry in published.items():
        cost = space.cost(space.parse(text))
        assert (cost.params, cost.macs, cost.flops) == (entry["params"], entry["flops"], entry["flops"]), text


def function(architecture: Architecture) -> list[Any]:
    """What a stand-alone network is a chain of: layers of stride 1 that are the identity are nothing."""
    chain: list[Any] = []
    for layer, choice in enumerate(architecture, 1):
        if layer in (1, 3, 6):
            chain.append(("halves", choice))
        elif choice:
            chain.append(choice)
    return chain


def test_networks_of_one_function_have_one_form_and_one_published_accuracy(published: dict[str, Any]) -> None:
    space = Macro()
    forms: dict[str, set[Architecture]] = {}
    accuracies: dict[str, set[tuple[float, ...]]] = {}
    for architecture in itertools.product(range(3), repeat=8):
        key = repr(function(architecture))
        form = space.canonical(architecture)
        assert repr(function(form)) == key
        forms.setdefault(key, set()).add(form)
        accuracies.setdefault(key, set()).add(tuple(published[space.text(architecture)]["test_acc"]))
    assert len(forms) == 3969 == space.counts()["unique"]
    assert {len(group) for group in forms.values()} == {1}
    assert {len(group) for group in accuracies.values()} == {1}
    assert set.union(*forms.values()) == set(space.unique())


def test_masks_by_operation_and_layer_leave_what_they_do_not_name() -> None:
    """Against brute force; samplings never draw what is masked, and shared choices are allowed wherever they stand."""
    for mask in (("identity",), ("identity@1", "mb6_k5@4"), ("mb3_k3", "identity@8")):
        space = Macro(mask)
        masked = [name.partition("@") for name in mask]
        left = [
            a
            for a in itertools.product(range(3), repeat=8)
            if not any(
                OPERATIONS[choice] == name and layer in ("", str(number))
                for number, choice in enumerate(a, 1)
                for name, _, layer in masked
            )
        ]
        assert list(space.enumerate()) == left
        assert space.counts()["raw"] == len(left)
        assert [a for a in Macro().enumerate() if space.in_mask(a)] == left
        for kind, share in itertools.product(("uniform", "balanced"), (None, "stage", True)):
            if share is True and kind == "balanced" and "identity@8" in mask:
                continue  # one operation is left: nothing to balance
            sampler = Sampler(SamplingConfig(kind=kind, share_topology=share), space, SMALL, 0)
            paths = [sampler.next() for _ in range(60)]
            drawn = {sum(path, ()) for path in paths}
            assert drawn <= set(left)
            widths = {None: range(8), "stage": (0, 0, 1, 1, 1, 2, 2, 2), True: (0,) * 8}[share]
            for path in paths:
                assert len({(stage, cell) for stage, cell in zip(widths, path, strict=True)}) == len(
                    set(widths)
                )
    assert Macro(tuple(f"identity@{layer}" for layer in range(1, 9))).mask == ("identity",)
    assert Macro(("identity@2", "mb3_k3")).within(Macro(("identity@2",)))
    assert not Macro(("identity@2",)).within(Macro(("identity",)))


def test_a_fair_group_uses_each_operation_of_each_layer_once_under_a_mask_by_layer() -> None:
    space = Macro(("mb3_k3@2", "identity@2", "mb6_k5@7", "identity@7"))
    sampler = Sampler(SamplingConfig(kind="fair"), space, SMALL, 0)
    for _ in range(20):
        group = [sampler.next() for _ in range(sampler.group_size)]
        assert sampler.group_done
        for number, cells in enumerate(zip(*group, strict=True), 1):
            expected = {2: [(2,)] * 3, 7: [(1,)] * 3}.get(number, [(0,), (1,), (2,)])
            assert sorted(cells) == expected
    with pytest.raises(
        ValueError, match="'fair' needs equally many operations in all layers that have a choice"
    ):
        Sampler(SamplingConfig(kind="fair"), Macro(("identity@3",)), SMALL, 0)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (
            ("conv",),
            "mask: 'conv' is not one of identity, mb3_k3, mb6_k5, alone or followed by '@' and a layer",
        ),
        (("identity@9",), "mask: 'identity@9' is not one of .* a layer: 1, 2, 3, 4, 5, 6, 7, 8"),
        (OPERATIONS, "leaves no operation of macro"),
        (tuple(f"{name}@3" for name in OPERATIONS), "leaves no operation in layer 3"),
    ],
)
def test_an_impossible_mask_is_refused_with_what_is_allowed(mask: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get_space("macro", mask)


@pytest.mark.parametrize("text", ["2221222", "222122201", "22212223", "2 2 2 1 2 2 2 3", "²2212220", ""])
def test_a_text_that_names_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not 8 digits, each of 0 to 2"):
        Macro().parse(text)


def test_texts_are_read_back() -> None:
    for architecture in random.Random(0).sample(list(Macro().enumerate()), 50):
        assert Macro().parse(Macro().text(architecture)) == architecture
        assert Macro().parse(" ".join(map(str, architecture))) == architecture


def test_a_size_with_other_stages_is_refused() -> None:
    for size in (
        Size(channels=4, stages=2, cells_per_stage=1),
        Size(channels=4, stages=3, cells_per_stage=2),
    ):
        with pytest.raises(ValueError, match="does not fit macro, whose 3 stages have 2, 3, 3 layers"):
            Macro().stages(size)


# Import


def test_the_published_file_is_imported_by_the_command(
    reference_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "macro.parquet"
    assert main(["truth", "import", "macro", str(reference_data / FILE), "--out", str(out)]) == 0
    assert "6561 architectures, 4 columns" in capsys.readouterr().out
    assert main(["truth", "check", str(out)]) == 0
    assert "best cifar10_test is 93.1267, index 6473" in capsys.readouterr().out
    same = read((reference_data / FILE).with_suffix(".csv"))
    assert table.load(out).frame.equals(same.frame)
    assert "best test accuracy of 50 epochs" in same.manifest["note"]


GOOD = {"test_acc": [90.0, 90.5, 89.01], "params": 387_882, "flops": 7_713_280}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            {"00000000": GOOD | {"test_acc": [90.0, 90.5]}},
            "entry '00000000': test_acc is .* not 3 accuracies",
        ),
        ({"00000000": GOOD | {"test_acc": [0.9, 0.905, 0.89005]}}, "0.905 is not an accuracy in percent"),
        (
            {"00000000": GOOD | {"test_acc": [90.0, None, 89.0]}},
            "entry '00000000': None is not a finite number",
        ),
        ({"0000000": GOOD}, "entry '0000000': architecture: '0000000' is not 8 digits"),
        ({"00000000": GOOD, "0 0 0 0 0 0 0 0": GOOD}, "are one architecture, 00000000"),
        ({"00000000": GOOD | {"test_acc": [0.9, 0.91, 0.92]}}, "no accuracy is above 1: are they fractions"),
        ({"00000000": GOOD | {"test_acc": ["4_5.0", 90, 90]}}, "'4_5.0' is not a finite number"),
        (
            {"00000000": GOOD | {"test_acc": [10**400, 90, 90]}},
            "entry '00000000': 10+ is not a finite number",
        ),
        ([1, 2], "is no object of architectures; expected the published JSON"),
        ({}, "has no architecture"),
    ],
)
def test_a_file_that_is_not_the_benchmarks_is_refused_by_name(
    entries: Any, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "some.json"
    path.write_text(json.dumps(entries))
    assert main(["truth", "import", "macro", str(path), "--out", str(tmp_path / "t.parquet")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert str(path) in told
    with pytest.raises(ValueError, match=message):
        read(path)
    assert not (tmp_path / "t.parquet").exists()


HEAD = "arch,cifar10_test_seed0,cifar10_test_seed1,cifar10_test_seed2"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            (f"{HEAD},cifar10_test_seed0", "00000000,90,90,90,50"),
            "column 'cifar10_test_seed0' is there twice",
        ),
        ((f"{HEAD},cifar10_test_seed3", "00000000,90,90,90,50"), "column 'cifar10_test_seed3': expected"),
        ((f"{HEAD},params", "00000000,90,90,90"), "line 2 has not as many cells as the head"),
        ((HEAD, "00000000,90,90,90,90"), "line 2 has not as many cells as the head"),
    ],
)
def test_a_damaged_csv_is_refused(lines: tuple[str, ...], message: str, tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=message):
        read(path)


def test_what_a_file_says_of_its_own_rows_is_checked(tmp_path: Path) -> None:
    """The mean of the seeds, and that equal functions have equal accuracies; JSON is known by what it begins with."""
    path = tmp_path / "published"
    twins = {"22212220": GOOD | {"mean_acc": 89.84}, "22212202": GOOD | {"mean_acc": 12.0}}
    path.write_text("\ufeff" + json.dumps(twins), encoding="utf-8")
    found = read(path)
    assert "are one function have equal accuracies" in found.manifest["note"]
    assert "the mean of 1 of 2 architectures is not that of their seeds" in " ".join(found.warnings)
    twins["22212202"] = GOOD | {"test_acc": [80.0, 80.0, 80.0]}
    path.write_text(json.dumps(twins))
    found = read(path)
    assert "are one function have equal accuracies" not in found.manifest["note"]
    assert "1 architectures are one function with another, but have other accuracies" in " ".join(
        found.warnings
    )


def test_no_other_table_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "some.json", tmp_path / "t.parquet"
    path.write_text(json.dumps({"00000000": GOOD, "00000001": GOOD}))
    words = ["truth", "import", "macro", str(path), "--out", str(out)]
    assert main(words) == 0
    assert main(words) == 0  # the same again
    kept = out.read_bytes()
    build = "truth build --space macro --data digits --arch 22212220 --seeds 1 --workers 1 --out"
    assert main([*build.split(), str(out)]) == 2
    assert f"{out} is NAS-Bench-Macro on CIFAR-10, test accuracy of the best epoch, not trained here" in (
        capsys.readouterr().err
    )
    manifest = json.loads(out.with_suffix(".json").read_text())
    out.with_suffix(".json").write_text(json.dumps(manifest | {"command": "python -m studies truth build"}))
    assert main(words) == 2
    assert "no import of macro; give another --out or remove it" in capsys.readouterr().err
    assert out.read_bytes() == kept
    (tmp_path / "d.parquet").mkdir()
    assert main([*words[:-1], str(tmp_path / "d.parquet")]) == 2
    assert "is a folder, not a file" in capsys.readouterr().err
    assert sorted(one.name for one in tmp_path.iterdir()) == ["d.parquet", "some.json", "t.json", "t.parquet"]


def test_costs_of_another_network_are_said(tmp_path: Path) -> None:
    path = tmp_path / "some.json"
    path.write_text(json.dumps({"00000000": GOOD, "00000001": GOOD}))
    found = read(path)
    assert found.frame["cifar10_test"].tolist() == pytest.approx([89.836667] * 2)
    assert found.warnings == [
        "params of 1 of 2 architectures are not those of the networks built here",
        "flops of 1 of 2 architectures are not those of the networks built here",
        "2 of 6,561 architectures are in some.json",
    ]
