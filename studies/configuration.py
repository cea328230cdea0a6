"""Configurations as plain data, and what is derived from them: ids and seeds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields, is_dataclass
from typing import Any


def plain_data(value: Any) -> Any:
    """A configuration as a dictionary, without later settings at their default (ABSENT_BY_DEFAULT); other values as
    they are."""
    if not is_dataclass(value) or isinstance(value, type):
        return value
    later = [f for f in fields(value) if f.metadata.get("absent_by_default")]
    absent = {f.name for f in later if getattr(value, f.name) == f.default}
    nested = {
        f.name: plain_data(getattr(value, f.name))
        for f in fields(value)
        if is_dataclass(getattr(value, f.name))
    }
    return {name: content for name, content in (asdict(value) | nested).items() if name not in absent}


def short_hash(config: dict[str, Any]) -> str:
    """Twelve hex digits of the hash of the configuration's canonical JSON."""
    text = json.dumps(config, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def derived_seed(*parts: object) -> int:
    """A seed below 2**62 that depends on all parts, and so on no order."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big") >> 2
