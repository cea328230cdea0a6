"""Progress for people: a bar on a terminal, elsewhere one line now and then, both with the time left."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm


def duration(seconds: float) -> str:
    """'45 s', '3 min 20 s' or '2 h 05 min'."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Progress:
    """Work done towards `total`: shown as a count if it is counted in ints, else in percent. Lines go to standard
    error, at least `every` seconds apart."""

    def __init__(self, title: str, total: float, every: float = 10.0) -> None:
        self.title, self.total, self.every = title, total, every
        self.begin = self.last = time.monotonic()
        self.first: float | None = None
        self.terminal = sys.stderr.isatty()
        layout = "{desc} {percentage:3.0f}% |{bar}| {elapsed}<{remaining}"
        self.bar = tqdm(total=total, desc=title, bar_format=layout, disable=not self.terminal)

    def update(self, done: float) -> None:
        """`done` so far. What was done before the first call (by an earlier run) does not count for the speed."""
        now = time.monotonic()
        if self.first is None:
            self.first = done
        if self.terminal:
            self.bar.n = min(done, self.total)
            self.bar.refresh()
        elif now - self.last >= self.every or done >= self.total:
            self.last = now
            shown = f"{done}/{self.total}" if isinstance(done, int) else f"{100 * done / self.total:.0f} %"
            print(f"{self.title}: {shown}{self.left(done, now)}", file=sys.stderr, flush=True)

    def left(self, done: float, now: float) -> str:
        """', about 3 min 20 s left', or nothing while it cannot be told."""
        new = done - (self.first or 0)
        if new <= 0 or done >= self.total:
            return ""
        return f", about {duration((now - self.begin) / new * (self.total - done))} left"

    def line(self, text: str) -> None:
        """Print a line of its own without breaking the bar."""
        if self.terminal:
            self.bar.write(text, file=sys.stderr)
        else:
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        self.bar.close()
