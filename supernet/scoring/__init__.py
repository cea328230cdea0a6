"""Scoring many architectures of one supernet: fast, exact, planned.

scorer: what callers use. modes: BN modes; they alone are imported here, as the other files import torch. expressions of
cells (supernet.spaces) -> programs -> functions (the distinct ones) -> walk (what is computed when) -> plan (counts it)
and engine (does it); layout: costs.
"""

from __future__ import annotations

from supernet.scoring.modes import BN_MODES, BnMode, Score

__all__ = ["BN_MODES", "BnMode", "Score"]
