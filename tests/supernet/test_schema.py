"""What a JSON file must hold is checked once, with the place of the first mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

import pytest

from supernet.files import check, read_object


class Inner(TypedDict):
    size: int
    share: NotRequired[float | None]


class Form(TypedDict):
    name: str
    kind: Literal["a", "b"]
    parts: NotRequired[list[Inner]]
    by_name: NotRequired[dict[str, float]]
    free: NotRequired[Any]


RIGHT: dict[str, Any] = {"name": "x", "kind": "a", "parts": [{"size": 1, "share": None}], "by_name": {"y": 2}}


def test_what_has_the_form_passes_with_keys_of_its_own() -> None:
    check(RIGHT | {"free": [{}, None], "more": 1}, Form)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": None}, "name: None is not a text"),
        ({"kind": "c"}, "kind: 'c' is not one of a, b"),
        ({"parts": {}}, "parts: {} is not a list"),
        ({"parts": [{"size": 1}, {}]}, r"parts\[1\]: 'size' is missing"),
        ({"parts": [{"size": True}]}, r"parts\[0\].size: True is not a whole number"),
        ({"parts": [{"size": 2**63}]}, r"parts\[0\].size: \d+ is not a whole number"),
        ({"parts": [{"size": 1, "share": "y"}]}, r"parts\[0\].share: 'y' is not a number or null"),
        ({"by_name": {"y": float("nan")}}, "by_name.y: nan is not a number"),
        ({"by_name": {"y": 10**400}}, r"by_name.y: 1000+\.\.\. is not a number"),
        ({"by_name": "y" * 1000}, r"by_name: 'y{59}\.\.\. is not an object"),
    ],
)
def test_the_first_mistake_is_named_with_its_place(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        check(RIGHT | change, Form)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"{", "not readable as JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"a": "\xff"}', "not readable as JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"free":' + b"[" * 400 + b"]" * 400 + b"}", "'name' is missing"),
        (b'{"name": ' + b"9" * 5000 + b"}", "not readable as JSON|not a text"),
    ],
)
def test_a_file_that_is_no_such_object_is_named(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "content.json"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=rf"content\.json: .*({message})"):
        read_object(path, Form)
