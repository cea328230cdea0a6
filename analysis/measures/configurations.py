"""The configurations of a study's variants: what they share, and what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.store import config
from analysis.store.run import Run
from analysis.store.study import Study

NOT_SHOWN = ("seed", "parent", "members")  # of the run, not of the variant; other variants' configurations
NOTHING = "\N{EN DASH}"  # not "none", which is an operation that a mask may name


@dataclass(frozen=True, kw_only=True)
class Configurations:
    """Of one space. shared: what is the same everywhere, by dotted name. differing: of each variant, by name, the rest.
    unknown: variants of which no run has begun."""

    space: str
    shared: Mapping[str, str]
    differing: Mapping[str, Mapping[str, str]]
    unknown: tuple[str, ...]


def configurations(study: Study) -> list[Configurations]:
    """One for each space, from the config.json of the first run of each variant that has one that can be read."""
    spaces: dict[str, dict[str, list[Run]]] = {}
    for run in study.runs:
        if run.trained_as is None:
            spaces.setdefault(run.space.name, {}).setdefault(run.variant, []).append(run)
    result = []
    for space, variants in spaces.items():
        found = {name: _config(runs) for name, runs in variants.items()}
        known = {name: config for name, config in found.items() if config is not None}
        shared, differing = _apart(known)
        unknown = tuple(name for name in found if name not in known)
        result.append(Configurations(space=space, shared=shared, differing=differing, unknown=unknown))
    return result


def _config(runs: Sequence[Run]) -> dict[str, str] | None:
    for run in runs:
        try:
            content = config.read(run.folder)
        except ValueError:  # told with the run's other files (analysis/store/study.py)
            continue
        if content is not None:
            return flat({key: value for key, value in content.items() if key not in NOT_SHOWN})
    return None


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested dictionaries as one, 'training.lr'; values as text, NOTHING for an empty list and for None."""
    result: dict[str, str] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            result |= flat(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            result[f"{prefix}{key}"] = ", ".join(map(str, value)) or NOTHING
        else:
            result[f"{prefix}{key}"] = NOTHING if value is None else str(value)
    return result


def _apart(known: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """What all have alike; of each what it has not. With one variant everything is shared."""
    keys = dict.fromkeys(key for config in known.values() for key in config)
    values = {key: {config.get(key) for config in known.values()} for key in keys}
    shared = {key: str(next(iter(values[key]))) for key in keys if len(values[key]) == 1}
    differing = {
        name: {key: config.get(key, "") for key in keys if key not in shared}
        for name, config in known.items()
    }
    return shared, differing
