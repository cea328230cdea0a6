"""What all tests share: where the published reference data are, and how many threads torch takes."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent

# One thread, here and in every process that a test starts: set before anything imports torch.
os.environ["OMP_NUM_THREADS"] = "1"
# A shell starts what it puts in the background with Ctrl-C ignored, which the processes of the tests would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
# No deadline: a busy machine is no reason to fail.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Guides and pages, which take longest, come first, so that no process has them left when the others have ended.
    Tests of a GPU belong to machines that have one."""
    items.sort(key=lambda item: item.path.parent != ROOT / "tests")
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        config.hook.pytest_deselected(items=marked)
        items[:] = [item for item in items if item not in marked]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Bits depend on the number of threads. Tests of the search spaces alone never import torch."""
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of published reference data, with `nb201/` and `blox/` in it. They are not in the repository."""
    given = os.environ.get("REFERENCE_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        reason = f"no reference data at {folder}; give their folder in the environment as REFERENCE_DATA"
        if given:
            pytest.fail(reason)  # asked for: not to be passed over
        pytest.skip(reason)
    return folder
