"""scikit-learn's digits: 1,797 grey images of 8x8 pixels, ten classes (Alpaydin & Kaynak, 1998; UCI)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from supernet.data.config import FACTS
from supernet.data.dataset import Split
from supernet.data.pixels import stack
from supernet.data.source import Parts, Report, Source


class Digits(Source):
    """1,000 train, 397 valid, 400 test: the first, next and last of one fixed permutation.

    Read from the package's file (64 pixels and the label in a row): importing the package would take 80 MB and a
    second of every process.
    """

    def find(self, root: Path) -> Path:
        package = find_spec("sklearn")
        if package is None or package.origin is None:
            raise ValueError("data: 'digits' is a file of scikit-learn, which is not installed")
        return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"

    def check(self, root: Path) -> None:
        self.read(root, 8)

    def read(self, root: Path, side: int) -> Parts:
        path = self.find(root)
        table = np.loadtxt(path, delimiter=",")
        if table.shape != (1797, 65):
            raise ValueError(f"data: {path} has the shape {table.shape}, expected (1797, 65)")
        rows = torch.from_numpy(table).to(torch.uint8)
        rows = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))]
        x, y = stack([rows[:, :64].reshape(-1, 1, 8, 8).numpy()], side), rows[:, 64].long()
        train, valid, test = (
            Split(x[a:b].clone(), y[a:b].clone()) for a, b in ((0, 1000), (1000, 1397), (1397, 1797))
        )
        return Parts(train, test, valid)

    def get(self, root: Path, report: Report) -> None:
        self.find(root)


DIGITS = Digits(**vars(FACTS["digits"]))
