"""Where results come from: the commit of the code and the versions of what it runs on; no part of a run's id."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "torchvision", "numpy")
ROOT = Path(__file__).resolve().parents[2]
CHECKOUT = ROOT if (ROOT / "pyproject.toml").is_file() else None  # None: the packages are installed
OURS = "supernet-ranking"


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that training and scoring depend on, by name; those installed. Our own
    where it is installed without a checkout, whose commit says more."""
    found = {"python": platform.python_version()}
    for name in (*(() if CHECKOUT else (OURS,)), *PACKAGES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def processor() -> tuple[str, str]:
    """The processor's name, and its family and model where the system says them."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().split("\n\n")[0].splitlines() if info.exists() else []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    generation = [f"{key} {fields[key]}" for key in ("cpu family", "model") if key in fields]
    return fields.get("model name", platform.machine()), ", ".join(generation)


def commit(root: Path = ROOT) -> str | None:
    """The commit of the code in folder `root`, 40 hex digits, with '-dirty' if a tracked file was changed since; None
    if it is no checkout or there is no git."""
    if _git(root, "ls-files", "--error-unmatch", "studies/__main__.py") is None:
        return None  # an installed copy inside somebody else's repository
    return _git(root, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},  # only looking
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
