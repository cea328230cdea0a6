"""Ways to search by name: `@register("name")` on the frozen dataclass of its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar, get_type_hints

from studies.estimators.predictor_models import SETTINGS, PredictorModel
from studies.model.settings import convert
from studies.search.bench import Search

T = TypeVar("T")
METHODS: dict[str, type[Any]] = {}
SLOW: set[str] = set()  # names of those of which a single search takes a minute, which 'all' leaves out


def register(name: str, *, slow: bool = False) -> Callable[[type[T]], type[T]]:
    """Give a way to search its name. Raises ValueError if that is taken."""
    if name in METHODS:
        raise ValueError(f"method: two are named {name!r}")

    def enter(cls: type[T]) -> type[T]:
        METHODS[name] = cls
        SLOW.update([name] if slow else [])
        return cls

    return enter


def at_least(settings: object, **lowest: float) -> None:
    """ValueError for a setting below its lowest value."""
    for name, low in lowest.items():
        value = getattr(settings, name)
        if not low <= value < float("inf"):
            raise ValueError(f"{name}: {value!r} is not a number >= {low:g}")


def with_settings(name: str, texts: Mapping[str, str]) -> Search:
    """The way to search of that name, with settings as texts; those of a predictor's model as model.SETTING. ValueError
    for a setting that it does not have, or a value that it refuses."""
    found: Search = settings_of(METHODS[name], name, texts)
    return found


def settings_of(cls: type[T], name: str, texts: Mapping[str, str]) -> T:
    """An instance of a dataclass from texts."""
    hints = get_type_hints(cls)
    known = {one.name: one for one in fields(cls) if one.init}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    inner: dict[str, dict[str, str]] = {}
    for setting, text in texts.items():
        first, dot, rest = setting.partition(".")
        if first not in known or (dot and hints[first] is not PredictorModel):
            raise ValueError(f"{name} has no {setting!r}; it has {', '.join(known) or 'no settings'}")
        if dot:
            inner.setdefault(first, {})[rest] = text
        elif hints[first] is PredictorModel:
            if text not in SETTINGS:
                raise ValueError(f"{name}.{first}: {text!r} is not one of {', '.join(SETTINGS)}")
            values[first] = SETTINGS[text]()
        else:
            values[first] = convert(text, hints[first], f"{name}.{first}")
    for first, its in inner.items():
        model = values.get(first) or getattr(cls(), first)
        values[first] = settings_of(type(model), f"{name}.{first} ({model.kind})", its)
    return cls(**values)
