"""The section on where the numbers come from."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version

from analysis.collect import Collected
from analysis.figures import style
from analysis.page import Html, element, table

VERSIONS = ("numpy", "scipy", "pandas", "matplotlib")


def provenance_section(found: Collected) -> list[Html]:
    """Heading, the truth tables with their checksums, the sizes of the supernets, and versions."""
    rows = []
    for name, truth in found.study.truths.items():
        digest = (
            hashlib.sha256(truth.path.read_bytes()).hexdigest()[:16] if truth.path.is_file() else "absent"
        )
        size = (
            f"{truth.size.channels} channels, {truth.size.cells_per_stage} cells a stage"
            if truth.size
            else "published"
        )
        cells = [
            style.TITLES.get(name, name),
            truth.title,
            element("code", truth.path.name),
            element("code", truth.column),
        ]
        rows.append([*cells, element("code", digest), size])
    sizes = dict.fromkeys(
        (run.space.name, ", ".join(f"{key} {value}" for key, value in run.size.items()))
        for run in found.study.runs
    )
    supernets = "; ".join(f"{style.TITLES.get(space, space)}: {text}" for space, text in sizes)
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return [
        element("h2", "Provenance"),
        table(["Space", "Truth", "File", "Column", "SHA-256, first 16", "Networks"], rows, words=6),
        element("p", f"Supernets: {supernets}. ", class_="small"),
        element(
            "p", "Each run's folder is named by the hash of its configuration. The figures are also in ",
            element("code", "figures/"), " as PNG, PDF and SVG, with their data as CSV. ",
            f"Analysed with Python {platform.python_version()}, {versions}.", class_="small",
        ),
    ]  # fmt: skip
