"""What `python -m benchmarks gpu` checks, as tests: on a GPU where there is one; and the command on a CPU, with nothing
installed but PyTorch, NumPy and pandas."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.gpu import main
from benchmarks.gpu.checks import all_checks

CHECKS = dict(all_checks(torch.device("cpu")))
BARE = """
import runpy, sys
for name in ("scipy", "sklearn", "pyarrow", "matplotlib", "torchvision", "PIL", "submitit", "tensorboard", "seaborn",
             "skimage", "jinja2", "yaml", "tqdm"):
    sys.modules[name] = None
sys.argv = ["benchmarks", "gpu", *sys.argv[1:]]
runpy.run_module("benchmarks", run_name="__main__")
"""


@pytest.mark.gpu
@pytest.mark.parametrize("name", CHECKS)
def test_a_gpu_computes_what_the_cpu_computes(name: str) -> None:
    for what, ok, figure in CHECKS[name](torch.device("cuda")):
        assert ok, f"{what}: {figure}"


def test_the_command_runs_to_its_end_on_a_bare_cpu(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BARE, "--device", "cpu", "--quick", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads((tmp_path / "out/gpu.json").read_text())
    assert len(found["checks"]) > 25
    assert all(ok for _, ok, _ in found["checks"])
    works = {row["work"] for row in found["rows"]}
    assert any("fair group" in work for work in works)
    assert any("score" in work for work in works)
    page = (tmp_path / "out/gpu.md").read_text()
    assert "not ok" not in page
    assert str(tmp_path) not in page


def test_a_wrong_argument_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--minutes", "0"])
    assert stopped.value.code == 2
    assert "--minutes: 0 is not a positive number" in capsys.readouterr().err
