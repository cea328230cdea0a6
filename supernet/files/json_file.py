"""Objects in JSON files, checked against their form when they are read.

A form is a type that the code relies on: a TypedDict for an object (other keys are allowed), list[...], dict[str,
...], a Literal, a union, or one of str, bool, int, float, None and Any. A number is finite and an integer has at most
64 bits: what follows would fail on others in many places.
"""

from __future__ import annotations

import json
import math
import types
import typing
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union

WORDS = {str: "a text", bool: "true or false", int: "a whole number", float: "a number", type(None): "null"}
SHOWN = 60  # characters of a value in a message


def parse_object(text: str | bytes, form: Any = dict[str, Any]) -> dict[str, Any]:
    """The object that a JSON text holds. ValueError, to follow the name of the file, if it is none of that form."""
    try:
        try:
            content = json.loads(text)
        except ValueError as error:  # among them text that is not UTF-8
            raise ValueError(f"not readable as JSON: {error}") from None
        if not isinstance(content, dict):
            raise ValueError("not a JSON object")
        check(content, form)
    except RecursionError:
        raise ValueError("not readable as JSON: nested too deeply") from None
    return content


def read_object(path: Path, form: Any = dict[str, Any]) -> dict[str, Any]:
    """The object in a JSON file. ValueError naming the file and the field if it is none of that form; OSError if the
    file cannot be read."""
    raw = path.read_bytes()
    try:
        return parse_object(raw, form)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def check(value: object, form: Any, place: str = "") -> None:
    """ValueError unless the value has the form, naming the place in it ('runs[3].seed'), the value and what is
    allowed there."""
    origin = typing.get_origin(form)
    if form is Any:
        return
    if typing.is_typeddict(form):
        _check_object(value, form, place)
    elif origin is list:
        if not isinstance(value, list):
            raise _wrong(value, form, place)
        for number, item in enumerate(value):
            check(item, typing.get_args(form)[0], f"{place}[{number}]")
    elif origin is dict:
        if not isinstance(value, dict):
            raise _wrong(value, form, place)
        for key, item in value.items():
            check(item, typing.get_args(form)[1], _inside(place, key))
    elif origin in (Union, types.UnionType):
        _check_union(value, form, place)
    elif origin is Literal:
        if value not in typing.get_args(form) or isinstance(value, bool):
            raise _wrong(value, form, place)
    elif not _is(value, form):
        raise _wrong(value, form, place)


def _is(value: object, kind: type) -> bool:
    if kind is int:
        return type(value) is int and -(2**63) <= value < 2**63
    if kind is float:
        return type(value) in (int, float) and abs(value) < 2.0**1023 and math.isfinite(value)  # type: ignore[arg-type]
    return type(value) is kind


def _check_object(value: object, form: Any, place: str) -> None:
    if not isinstance(value, dict):
        raise _wrong(value, form, place)
    hints, required = _keys(form)
    for key, hint in hints.items():
        if key in value:
            check(value[key], hint, _inside(place, key))
        elif key in required:
            raise ValueError(f"{place}: {key!r} is missing" if place else f"{key!r} is missing")


@cache
def _keys(form: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """The forms of the keys of a TypedDict, and the keys that must be there."""
    hints = typing.get_type_hints(form, include_extras=True)
    required, plain = set(), {}
    for key, hint in hints.items():
        optional = typing.get_origin(hint) is typing.NotRequired
        plain[key] = typing.get_args(hint)[0] if optional else hint
        if not optional:
            required.add(key)
    return plain, frozenset(required)


def _check_union(value: object, form: Any, place: str) -> None:
    """The mistake inside a container of the union is told, as it says more than the union does."""
    inner = None
    for one in typing.get_args(form):
        try:
            return check(value, one, place)
        except ValueError as error:
            container = isinstance(value, (dict, list)) and _kind(one) is type(value)
            inner = error if container else inner
    raise inner or _wrong(value, form, place)


def _kind(form: Any) -> Any:
    return dict if typing.is_typeddict(form) else typing.get_origin(form) or form


def _inside(place: str, key: object) -> str:
    return f"{place}.{key:.40}" if place else f"{key:.40}"


def _wrong(value: object, form: Any, place: str) -> ValueError:
    shown = repr(value)
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
    return ValueError(f"{place or 'content'}: {shown} is not {_words(form)}")


def _words(form: Any) -> str:
    origin = typing.get_origin(form)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_words, typing.get_args(form)))
    if origin is Literal:
        return f"one of {', '.join(map(str, typing.get_args(form)))}"
    if origin is list:
        return "a list"
    return "an object" if origin is dict or typing.is_typeddict(form) else WORDS[form]
