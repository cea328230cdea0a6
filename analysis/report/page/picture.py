"""Figures of a page: a picture, its caption, and its data and vector file to download."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from analysis.report.page.markup import Html, element
from analysis.report.page.packed import pack

KINDS = {"csv": ("data as CSV", "text/csv"), "svg": ("vector file, SVG", "image/svg+xml")}
COLOURS = 128  # of a picture in the page; text and lines on white need fewer
WIDTH = (
    840 / 7.2 / 200
)  # of a pixel of the file, in pixels of the page: a figure of full width has 7.2 inches of 200
LARGEST = 200_000  # characters of a packed file; what is larger stays beside the page


def picture(
    path: Path, caption: object, alternative: str, downloads: Sequence[str] = tuple(KINDS), more: object = ""
) -> Html:
    """A PNG inside the page, with its caption and the files of the same name to download, those that are there and not
    too large. more: what stands between picture and caption."""
    image = _smaller(path)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    data, width = base64.b64encode(file.getvalue()).decode(), round(WIDTH * image.width)
    shown = Html(f'<img alt="{html.escape(alternative)}" width="{width}" src="data:image/png;base64,{data}">')
    files = [_download(path.with_suffix(f".{kind}"), kind) for kind in downloads]
    links = element("p", *files, class_="downloads") if any(files) else ""
    return element("figure", shown, more, element("figcaption", caption), links)


def _smaller(path: Path) -> Image.Image:
    """The same picture with a palette: a third of the bytes, nothing that an eye would see."""
    try:
        image = Image.open(io.BytesIO(path.read_bytes()))
    except OSError as error:
        raise ValueError(f"{path}: not a PNG that can be read") from error
    return image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)


def _download(path: Path, kind: str) -> Html:
    """A button that stays hidden until the page's script has made it work; none for what is not there or too large."""
    if not path.is_file() or len(packed := pack(path.read_bytes())) > LARGEST:
        return Html("")
    label, mime = KINDS[kind]
    attributes = {
        "data_file": path.name,
        "data_mime": mime,
        "data_packed": packed,
        "type": "button",
        "hidden": "",
    }
    return element("button", label, **attributes)
