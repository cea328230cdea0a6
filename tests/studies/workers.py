"""Two workers that send messages and sleep, in a process of its own, for test_workers.py to disturb.

`python workers.py FOLDER`: each task makes FOLDER/PID, a file named after its worker, and sleeps; ends with the code
that the project's commands end with.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from studies.running.parallel import message_queue, run_tasks


def nap(folder: Path, messages: Any) -> None:
    """A task: until somebody ends it."""
    messages.put(os.getpid())
    (folder / str(os.getpid())).touch()
    time.sleep(3600)


def main() -> int:
    folder = Path(sys.argv[1])
    try:
        with message_queue() as messages:
            for _ in run_tasks(nap, [(folder, messages)] * 4, 2):
                pass
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
