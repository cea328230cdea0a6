"""The commands `describe` and `space`, called as the command line calls them."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studies.__main__ import COMMANDS
from studies.commands.space import describe, space

README_MODEL = "[[0],[1,1,1,1]],[[1],[1,1,0,0]],[[0],[0,1,1,0]]"
INVALID = "0 0 0 0 0 0 0 1 0 0 0 0 1 0 0"


def run(command: Callable[[argparse.Namespace], int], *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    COMMANDS[command.__name__].add_arguments(parser)
    return command(parser.parse_args(arguments))


def records(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert run(describe, *arguments, "--json") == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_blox_record(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = records(capsys, "blox", README_MODEL)
    assert found == {
        "arch": "[[[0], [1, 1, 1, 1]], [[1], [1, 1, 0, 0]], [[0], [0, 1, 1, 0]]]",
        "valid": True,
        "canonical": "[[[0], [1, 1, 1, 1]], [[1], [1, 1, 0, 0]], [[0], [0, 1, 1, 0]]]",
        "index": 39 + 45 * 4 + 2025 * 12,
        "hash": "c3bc16e69893c8ea08f1e89e61f4caa5",
        "params": 3104164,
        "macs": 288891904,
        "flops": 291994596,
    }


def test_noncanonical_blox_encoding_keeps_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    found, canonical = records(
        capsys, "blox", "0 2 0 1 1 0 2 0 1 1 2 1 0 0 1", "2 0 0 1 1 2 0 0 1 1 0 2 0 1 0"
    )
    assert found["arch"] != found["canonical"] == canonical["arch"] == canonical["canonical"]
    assert found | {"arch": None} == canonical | {"arch": None}


def test_invalid_blox_model_has_only_nulls(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = records(capsys, "blox", INVALID)
    arch = found.pop("arch")
    assert arch.startswith("[[[0], [0, 0, 0, 0]]")
    assert found.pop("valid") is False
    assert set(found) == {"canonical", "index", "hash", "params", "macs", "flops"}
    assert set(found.values()) == {None}


def test_nasbench201_record(capsys: pytest.CaptureFixture[str]) -> None:
    text = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    (found,) = records(capsys, "nasbench201", text)
    assert found["arch"] == found["canonical"] == text
    assert (found["index"], found["params"], found["hash"]) == (0, 73306 + 2 * 28000, None)


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("1 1 1 1 1 1\n\n3,3,3,3,3,3\n"))
    first, second = records(capsys, "nasbench201", "-")
    assert (first["params"], second["params"]) == (73306, 73306 + 6 * 243040)


def test_bad_line_of_standard_input_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("1 1 1 1 1 1\n1 1 1\n"))
    with pytest.raises(ValueError, match="standard input, line 2: architecture: '1 1 1' is not 6 integers"):
        run(describe, "nasbench201", "-")
    assert capsys.readouterr().out == ""


def test_readable_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(describe, "nasbench201", "3 3 3 3 3 3", "3 0 0 0 0 0") == 0
    first, second = capsys.readouterr().out.split("\n\n")
    assert "params     1,531,546" in first
    assert "hash" not in first
    assert "valid      no: the output does not depend on the input" in second
    assert run(describe, "blox", INVALID) == 0
    assert "hash       -" in capsys.readouterr().out


def test_drawing_from_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.svg"
    assert run(describe, "blox", README_MODEL, "--draw", str(path)) == 0
    assert path.read_bytes().startswith(b"<?xml")
    assert str(path) in capsys.readouterr().err
    with pytest.raises(ValueError, match="--draw: draws one architecture, not 2"):
        run(describe, "blox", README_MODEL, README_MODEL, "--draw", str(path))


def test_space(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(space, "nasbench201", "--draw", str(tmp_path / "example.png")) == 0
    words = " ".join(capsys.readouterr().out.split())
    for expected in ("raw 15,625", "valid 15,284", "benchmark_functions 6,466", "params 73,306 1,531,546"):
        assert expected in words
    assert (tmp_path / "example.png").stat().st_size > 10_000


def test_space_under_a_mask(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(space, "blox", "--mask", "ST1, bconv", "--seed", "2") == 0
    first = capsys.readouterr().out
    assert "mask: bconv, ST1" in first
    assert " 6,859\n" in first  # 4 * 4 + 3 = 19 blocks
    assert "bconv(" not in first.replace("mbconv(", "")
    assert run(space, "blox", "--mask", "ST1,bconv", "--seed", "2") == 0
    assert capsys.readouterr().out == first
    with pytest.raises(ValueError, match="mask: 'ST9' is not one of"):
        run(space, "blox", "--mask", "ST9")


def test_space_without_valid_architectures(capsys: pytest.CaptureFixture[str]) -> None:
    mask = "skip_connect,nor_conv_1x1,nor_conv_3x3,avg_pool_3x3"
    assert run(space, "nasbench201", "--mask", mask) == 0
    assert "no architecture under this mask" in capsys.readouterr().out
