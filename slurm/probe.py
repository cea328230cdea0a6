"""What a job on a node can see and do, for `slurm doctor`. Light: whether PyTorch can be imported is one of its
questions."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supernet.files import write_text

FILE = "probe.json"


@dataclass(frozen=True)
class Probe:
    """Submitted by doctor. folder: shared, as the node should see it; gpus: that the job asked for. What it sees goes
    to folder/probe.json: writing it is the test of the folder."""

    folder: str
    gpus: int

    def __call__(self) -> None:
        seen: dict[str, Any] = {"host": socket.gethostname(), "python": sys.version.split()[0]}
        seen |= self._torch()
        seen["requeue"] = self._requeue()
        seen["cpus"] = len(os.sched_getaffinity(0))
        write_text(Path(self.folder) / FILE, json.dumps(seen) + "\n")

    def _torch(self) -> dict[str, Any]:
        try:
            import torch

            return {"torch": torch.__version__, "gpus": torch.cuda.device_count() if self.gpus else 0}
        except Exception as error:  # told to the user, whatever it is
            return {"torch_error": f"{type(error).__name__}: {error}"}

    def _requeue(self) -> str:
        """'' if this node can tell the controller to queue the job again, else why not."""
        if shutil.which("scontrol") is None:
            return "no scontrol on the PATH"
        command = ["scontrol", "show", "job", os.environ["SLURM_JOB_ID"]]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return "scontrol does not answer"
        return "" if done.returncode == 0 else done.stderr.strip() or "scontrol fails"
