"""Data inside a page: compressed, as text, with zlib and base64. unpack.js is the way back."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.report.page.markup import Html


def pack(data: bytes) -> str:
    """The bytes, compressed, as ASCII that needs no escaping in markup or JSON."""
    return base64.b64encode(zlib.compress(data, 9)).decode()


def pack_numbers(values: npt.ArrayLike, kind: str) -> str:
    """A row of numbers; kind: 'f8', 'f4', 'u4' or 'u1', lowest byte first."""
    return pack(np.asarray(values).astype(f"<{kind}").tobytes())


def pack_texts(texts: Sequence[str]) -> str:
    """A row of texts."""
    return pack(json.dumps(list(texts), ensure_ascii=False, separators=(",", ":")).encode())


def json_block(name: str, content: Any) -> Html:
    """JSON that a script of the page finds by this class name. It cannot end the element that it is in."""
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return Html(
        f'<script type="application/json" class="{name}">{text.replace("<", chr(92) + "u003c")}</script>'
    )
