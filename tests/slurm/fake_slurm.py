"""Fake SLURM commands, and what the tests of the command line share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from slurm.__main__ import main
from slurm.records import Submission, read_all

ROOT = Path(__file__).parents[2]
SMOKE = ["quickstart", "--smoke"]  # 8 runs

# Writes down each call; jobs in the queue are the lines of `queue`, of another cluster than the own `queue-CLUSTER`,
# and sbatch adds its own. Lines of `silent` say what becomes of the next calls of sbatch, all of which time out:
# 'drop': nothing; 'accept': the job is in the queue; 'late': it is there after the next call.
FAKE = """#!{python}
import json, os, re, sys
from pathlib import Path
here = Path(__file__).parent
name, words = Path(__file__).name, sys.argv[1:]
with open(here / "calls", "a") as file:
    environment = {{k: v for k, v in os.environ.items() if k.startswith("SLURM_")}}
    file.write(json.dumps([name, words, environment]) + "\\n")
def put(script):
    number = 100 + len(list(here.glob("script-*")))
    (here / f"script-{{number}}").write_text(script)
    cluster = re.search(r"--clusters=(\\w+)", script)
    queue = here / ("queue" + (f"-{{cluster[1]}}" if cluster else ""))
    lines = queue.read_text().splitlines() if queue.exists() else []
    job = re.search(r"--job-name=(\\S+)", script)[1]
    array = re.search(r"--array=0-(\\d+)", script)
    ids = [f"{{number}}_{{i}}" for i in range(int(array[1]) + 1)] if array else [str(number)]
    queue.write_text("\\n".join(lines + [f"{{i}}|PENDING|{{job}}|Priority" for i in ids]))
    return number
clusters = [word.split("=")[1] for word in words if word.startswith("--clusters=")]
queue = here / ("queue" + (f"-{{clusters[0]}}" if clusters else ""))
words = [word for word in words if not word.startswith("--clusters=")]
lines = queue.read_text().splitlines() if queue.exists() else []
if name == "sbatch":
    if (here / "refuse").exists():
        sys.exit("sbatch: error: " + (here / "refuse").read_text())
    script = Path(words[-1]).read_text()
    silent, late = here / "silent", here / "late"
    after = late.read_text() if late.exists() else ""
    late.unlink(missing_ok=True)
    fates = silent.read_text().split() if silent.exists() else []
    if fates:
        silent.write_text("\\n".join(fates[1:]))
        if fates[0] == "accept":
            put(script)
        elif fates[0] == "late":
            late.write_text(script)
        sys.exit("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation")
    number = put(script)
    if after:
        put(after)
    print("Submitted batch job", number)
elif name == "squeue":
    print("\\n".join(lines))
elif name == "scancel":
    queue.write_text("\\n".join(line for line in lines if line.split("|")[0] not in words))
elif name == "scontrol" and words == ["show", "config"]:
    print("Configuration data\\nMaxArraySize            = " + (here / "max").read_text() + "\\nMaxJobCount = 10000")
elif name == "scontrol":
    print("PartitionName=debug Default=YES MaxTime=1-00:00:00 State=UP TotalCPUs=2")
    print("PartitionName=closed Default=NO MaxTime=UNLIMITED State=DOWN TotalCPUs=2")
"""


@dataclass
class Fake:
    """Fake commands in `folder`."""

    folder: Path

    def calls(self, name: str) -> list[list[str]]:
        """The words of each call of a command."""
        return [words for command, words, _ in self._calls() if command == name]

    def environments(self, name: str) -> list[dict[str, str]]:
        """SLURM's variables in each call of a command."""
        return [environment for command, _, environment in self._calls() if command == name]

    def _calls(self) -> list[tuple[str, list[str], dict[str, str]]]:
        path = self.folder / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def scripts(self) -> list[str]:
        return [path.read_text() for path in sorted(self.folder.glob("script-*"))]

    def queue(self) -> list[str]:
        path = self.folder / "queue"
        return path.read_text().splitlines() if path.exists() else []

    def set(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)


def slurm(*words: str | Path) -> int:
    """`python -m slurm` in this process; its exit code."""
    return main(list(map(str, words)))


def records(root: Path) -> list[Submission]:
    """What was submitted."""
    return read_all(root)


def finish(root: Path, runs: list[str], **result: object) -> None:
    """Results of runs that nobody has trained. Diverged: such a run needs no scores."""
    for run in runs:
        folder = root / "trainings" / run
        folder.mkdir(parents=True, exist_ok=True)
        content = {"run_id": run, "status": "diverged", "reason": "loss"} | {
            "train_seconds": 1.0,
            "score_seconds": 0.0,
        }
        (folder / "result.json").write_text(json.dumps(content | result))
