"""Figures of a page: a picture with its caption and its files to download, and a scatter to look into.

Files and numbers are in the page compressed, with zlib and base64; unpack.js is the way back. The page's script draws
the scatter in place of the still picture, which is what there is in print and without a script: the points, a variant
at a time, and the architecture of each. Architectures and their truth are there once for each space, the rows that a
variant has once for each set of rows.
"""

from __future__ import annotations

import base64
import html
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from analysis.tables.html import Html, element

KINDS = {"csv": ("data as CSV", "text/csv"), "svg": ("vector file, SVG", "image/svg+xml")}
COLOURS = 128  # of a picture in the page; text and lines on white need fewer
WIDTH = (
    840 / 7.2 / 200
)  # pixels of the page for one of the file: a figure of full width has 7.2 inches of 200
LARGEST = 200_000  # characters of a packed file; what is larger stays beside the page
GROUP = ["space", "mask", "variant"]
MOST = 400_000  # points in a page, about 2 MB


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


def scatter_data(
    points: pd.DataFrame,
    taus: pd.DataFrame,
    *,
    top: int,
    truth: str | Mapping[str, str],
    titles: Mapping[str, str],
    score: str = "score (%)",
) -> Html:
    """The points as a block for the page's script.

    points: space, mask, variant, arch, truth, score (mean over seeds), seeds, place and sampled, as `scatter` has them.
    taus: space, mask, variant and tau_b. top: as many of the best by truth are marked. truth: what it is, for the
    axis, of all spaces or by space. titles: of spaces. score: what it is. Truth has all its digits, scores have
    seven. Of more than MOST points, those of every k-th place by truth are there and the page says so.
    """
    step = max(1, -(-len(points) // MOST))
    known = {tuple(row[:3]): row[3] for row in taus[[*GROUP, "tau_b"]].itertuples(index=False)}
    spaces: list[dict[str, Any]] = []
    sets: dict[tuple[str, ...], int] = {}  # rows that a variant has, packed, and their number
    variants: list[dict[str, Any]] = []
    for number, (space, here) in enumerate(points.groupby("space", sort=False)):
        architectures = here.drop_duplicates("arch")
        places = pd.Series(np.arange(len(architectures)), index=architectures["arch"].to_numpy())
        spaces.append(
            {
                "name": str(space),
                "axis": truth if isinstance(truth, str) else truth[str(space)],
                "title": titles.get(str(space), str(space)),
                "texts": pack_texts(architectures["arch"].tolist()),
                "truth": pack_numbers(architectures["truth"], "f8"),
            }
        )
        for key, group in here.groupby(GROUP, sort=False):
            shown = group[(group["place"].to_numpy() - 1) % step == 0]
            columns = [(places[shown["arch"]], "u4"), (shown["place"], "u4"), (shown["sampled"], "u1")]
            packed = tuple(pack_numbers(values, kind) for values, kind in columns)
            tau = known.get(key)
            variants.append(
                {
                    "space": number,
                    "mask": str(key[1]),
                    "name": str(key[2]),
                    "seeds": int(group["seeds"].iloc[0]),
                    "points": len(group),
                    "tau_b": None if tau is None or not np.isfinite(tau) else float(tau),
                    "rows": sets.setdefault(packed, len(sets)),
                    "score": pack_numbers(shown["score"], "f4"),
                }
            )
    rows = [dict(zip(("architecture", "place", "sampled"), packed, strict=True)) for packed in sets]
    content = {"top": top, "score": score, "spaces": spaces, "rows": rows, "variants": variants}
    return json_block("scatter-data", content)


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
