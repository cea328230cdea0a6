"""What the tests of studies share."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_study import tiny_study

from studies.model.study import Study


@pytest.fixture
def tiny(tmp_path: Path) -> Study:
    """`tiny_study` in tmp_path."""
    return tiny_study(tmp_path)
