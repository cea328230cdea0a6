"""What answers at once imports nothing heavy: each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from forked import ROOT

HEAVY = "torch pandas numpy scipy matplotlib sklearn submitit tensorboard"
STEP = """from supernet.fast.sgd import SGD
import torch
p = torch.nn.Parameter(torch.ones(2))
optimizer = SGD([{"params": [p], "weight_decay": 0.1}], lr=0.1, momentum=0.9)
p.grad = torch.ones(2)
optimizer.step()"""


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import supernet_ranking.__main__ as program; program.PROGRAM.parser()", HEAVY),
        ("import studies.commands.space", "torch matplotlib numpy pandas"),
        # Both take seconds to import, which who lists the studies should not wait for.
        ("from studies import catalog; [catalog.get(name) for name in catalog.names()]", "torch pandas"),
        # Their import would take as long as the work itself.
        ("import analysis.measures.correlate, analysis.report.tables.pair", "scipy.stats matplotlib jinja2"),
        (STEP, "torch._dynamo"),
    ],
    ids=["the commands", "space", "catalogue", "correlate", "a training step"],
)
def test_nothing_heavy_is_imported(code: str, absent: str) -> None:
    code += f"\nimport sys\nprint(*set({absent.split()!r}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "\n"
