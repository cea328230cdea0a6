"""A script that forks a process for each line that it is sent, so that importing torch is paid for once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOO_LONG = 300  # seconds: only so that a mistake does not hang the tests


class Forked:
    """Starts processes by a script, one at a time. stderr: what subprocess.Popen does with it.

    The script reads lines of words between tabs, and says 'started PID' of each process and 'ended CODE'."""

    def __init__(self, script: Path, stderr: int | None = None) -> None:
        paths = [str(ROOT), str(script.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = subprocess.Popen(
            [sys.executable, str(script)],
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )

    def read(self) -> str:
        assert self.process.stdout is not None
        watchdog = threading.Timer(TOO_LONG, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        return line.strip()

    def start(self, *words: object) -> int:
        """The id of the process."""
        assert self.process.stdin is not None
        self.process.stdin.write("\t".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        word, number = self.read().split()
        assert word == "started"
        return int(number)

    def code(self) -> int:
        """How the process ended."""
        word, number = self.read().split()
        assert word == "ended"
        return int(number)

    def close(self) -> None:
        """Close its input, which ends it."""
        self.process.communicate(timeout=TOO_LONG)
