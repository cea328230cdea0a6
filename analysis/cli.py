"""What the command lines share: a user's mistake ends with one line and exit code 2, no traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable


def run(command: Callable[[], int | None]) -> int:
    """Run a command; its exit code. A ValueError or OSError is the user's to mend: one line, exit code 2."""
    try:
        return command() or 0
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        reason = error.strerror or str(error)
        print(f"error: {error.filename}: {reason}" if error.filename else f"error: {reason}", file=sys.stderr)
    except ValueError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 2
