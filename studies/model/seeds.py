"""Seeds that do not depend on order: each derived from what it is for."""

from __future__ import annotations

import hashlib


def derived_seed(*parts: object) -> int:
    """A seed below 2**62 that depends on all parts."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big") >> 2
