"""Scoring many architectures of one supernet: fast, exact, planned.

scorer: what callers use. modes: BN modes. expressions of cells (supernet.spaces) -> programs -> functions (the
distinct ones) -> walk (what is computed when) -> plan (counts it) and engine (does it); layout: costs.
"""

from __future__ import annotations

from supernet.scoring.modes import BN_MODES, BnMode, Score
from supernet.scoring.plan import Plan, Planner, Workload
from supernet.scoring.scorer import Scorer, calibration_images

__all__ = ["BN_MODES", "BnMode", "Plan", "Planner", "Score", "Scorer", "Workload", "calibration_images"]
