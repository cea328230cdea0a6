"""Files of the published benchmarks, for tests that compare with them; the repository holds no copy.

Looked for in the folder that the environment variable REFERENCE_DATA names, else in `../shared/data` beside the
repository. Every test that needs one has a companion on files that it generates.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("REFERENCE_DATA", Path(__file__).parents[2] / "shared" / "data"))


def reference(name: str) -> Path:
    """The file or folder of that name; skips the test where it is not at hand."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not at hand; set REFERENCE_DATA to the folder that holds it")
    return path
