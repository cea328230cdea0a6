"""The section on how rankings come about while supernets train, where runs have milestones of enough architectures."""

from __future__ import annotations

from pathlib import Path

from analysis.figures import learning, style
from analysis.measures.collect import Collected
from analysis.report.page import Html, element, picture

CAPTION = (
    "tau-b of what was scored at the milestones of each training and at its end, on the same architectures of the"
    " sample, against the updates: by validation accuracy and by loss. Thick: mean over seeds; bands: mean ± standard"
    " deviation."
)


def learning_section(found: Collected, folder: Path) -> list[Html]:
    """Heading and figure; nothing where there are no such milestones."""
    pieces = []
    for drawn in learning.learning_of_study(found):
        paths = style.save(drawn.figure, drawn.frame, folder, "learning")
        pieces.append(picture(paths[0], f"{CAPTION} {found.study.note}", f"Figure: {CAPTION}"))
    return [element("h2", "While training"), *pieces] if pieces else []
