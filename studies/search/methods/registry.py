"""Ways to search by name: `@register("name")` on the frozen dataclass of its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar, get_type_hints

from studies.search.bench import Search

T = TypeVar("T")
METHODS: dict[str, type[Any]] = {}


def register(name: str) -> Callable[[type[T]], type[T]]:
    """Give a way to search its name. Raises ValueError if that is taken."""
    if name in METHODS:
        raise ValueError(f"method: two are named {name!r}")

    def enter(cls: type[T]) -> type[T]:
        METHODS[name] = cls
        return cls

    return enter


def at_least(settings: object, **lowest: float) -> None:
    """ValueError for a setting below its lowest value."""
    for name, low in lowest.items():
        value = getattr(settings, name)
        if not low <= value < float("inf"):
            raise ValueError(f"{name}: {value!r} is not a number >= {low:g}")


def with_settings(name: str, texts: dict[str, str]) -> Search:
    """The way to search of that name, with settings as texts. ValueError for a setting that it does not have, or a
    value that it refuses."""
    cls = METHODS[name]
    hints = get_type_hints(cls)
    known = {one.name: hints[one.name] for one in fields(cls)}
    values = {}
    for setting, text in texts.items():
        if setting not in known:
            raise ValueError(f"{name} has no {setting!r}; it has {', '.join(known) or 'no settings'}")
        values[setting] = _read(f"{name}.{setting}", text, known[setting])
    found: Search = cls(**values)
    return found


def _read(place: str, text: str, kind: Any) -> Any:
    if kind is bool:
        if text not in ("true", "false"):
            raise ValueError(f"{place}: {text!r} is not true or false")
        return text == "true"
    if kind is str:
        return text
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{place}: {text!r} is not {'an integer' if kind is int else 'a number'}") from None
