"""Figures of a page."""

from __future__ import annotations

import base64
import html
from pathlib import Path

from analysis.page.markup import Html, element


def picture(path: Path, caption: object, alternative: str) -> Html:
    """A PNG inside the page, with its caption."""
    data = base64.b64encode(path.read_bytes()).decode()
    image = Html(f'<img alt="{html.escape(alternative)}" src="data:image/png;base64,{data}">')
    return element("figure", image, element("figcaption", caption))
