"""The page as a file: nothing from outside, names once, the table's numbers, data that decode to the points."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analysis.figures import scatter as figure
from analysis.figures import style
from analysis.report.page import figures as live
from analysis.report.page import page as page_of
from analysis.report.page import picture, scatter_data
from analysis.report.page.document import SCRIPTS, STYLES
from analysis.report.sections.figures import draw_figures
from analysis.report.tables.study import print_table
from analysis.tables.cells import DASH, MINUS, Cell, interval, number, with_std
from analysis.tables.html import element, html_table
from analysis.tables.table import Column, Table

pytestmark = pytest.mark.xdist_group("page")  # the page is made once


class Reader(HTMLParser):
    """Ids, addresses, and the rows of each table: titles and cells as (text, attributes)."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.addresses, self.tables, self.buttons = [], [], [], []
        self.cell = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.ids += [named["id"]] if "id" in named else []
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag == "table":
            self.tables.append((named.get("class"), []))
        if tag == "tr":
            self.tables[-1][1].append([])
        if tag in ("td", "th"):
            self.cell = ["", named]
            self.tables[-1][1][-1].append(self.cell)
        if tag == "button":
            self.buttons.append(named)

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell[0] += data


def unpacked(text, kind=None):
    data = zlib.decompress(base64.b64decode(text))
    return data if kind is None else np.frombuffer(data, f"<{kind}")


def points_of(block):
    """The frame of points that the page's script reads."""
    content = json.loads(re.search(r'class="scatter-data">(.*?)</script>', block, re.S)[1])
    frames = []
    for variant in content["variants"]:
        space, rows = content["spaces"][variant["space"]], content["rows"][variant["rows"]]
        which = unpacked(rows["architecture"], "u4")
        frames.append(
            pd.DataFrame(
                {
                    "variant": variant["name"],
                    "mask": variant["mask"],
                    "arch": np.array(json.loads(unpacked(space["texts"])))[which],
                    "truth": unpacked(space["truth"], "f8")[which],
                    "score": unpacked(variant["score"], "f4"),
                    "seeds": variant["seeds"],
                    "place": unpacked(rows["place"], "u4"),
                    "sampled": unpacked(rows["sampled"], "u1").astype(bool),
                }
            )
        )
    return content, pd.concat(frames, ignore_index=True)


def test_nothing_comes_from_outside(page):
    reader = Reader(page)
    assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttp", re.sub(r"base64,[^\"]*", "", page))
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in reader.addresses)
    assert "default-src 'none'" in page
    assert len(reader.ids) == len(set(reader.ids)) > 3
    assert {address[1:] for address in reader.addresses if address[0] == "#"} <= set(reader.ids)


def test_every_number_is_the_tables(page, found, capsys):
    """Each cell of the main tables that names a column has its value in `analysis table --format csv`, in full."""
    print_table(found, "csv")
    csv = pd.read_csv(io.StringIO(capsys.readouterr().out), float_precision="round_trip")
    main = [rows for kind, rows in Reader(page).tables if kind == "main"]
    assert len(main) == csv["space"].nunique() == 2
    compared = 0
    for (_, expected), (head, *rows) in zip(csv.groupby("space", sort=False), main, strict=True):
        assert len(rows) == len(expected)
        for row, (_, numbers) in zip(rows, expected.iterrows(), strict=True):
            for (_, title), (text, cell) in zip(head[1:], row[1:], strict=True):
                value = numbers[title["data-column"]]
                if isinstance(value, str):
                    assert text == value
                    continue
                if pd.isna(value) or "data-value" not in cell:
                    assert pd.isna(value)
                    assert "data-value" not in cell
                    assert text == DASH
                    continue
                assert float(cell["data-value"]) == value
                shown = re.search(rf"[{MINUS}\d.]+", text)[0].replace(MINUS, "-")
                digits = len(shown.partition(".")[2])
                assert shown == f"{value:.{digits}f}"
                compared += 1
    assert compared > 60


def test_one_name_has_one_number(page, found):
    """Whatever says tau-b of a variant, and not of a single seed or another BatchNorm mode, has the mean over seeds."""
    known = found.primary.dropna(subset=["tau_b"]).groupby("variant")["tau_b"].apply(set)
    seen = dict.fromkeys(known.index, 0)
    for _, (head, *rows) in Reader(page).tables:
        titles = [text for text, _ in head]
        if {"Seed", "BatchNorm when scoring"} & set(titles):
            continue
        for place, title in enumerate(titles):
            for row in rows if title in ("tau-b", "tau-b [95 %]") else ():
                if row[0][0] in known.index and "data-value" in row[place][1]:
                    assert float(row[place][1]["data-value"]) in known[row[0][0]]
                    seen[row[0][0]] += 1
    assert min(seen.values()) >= 1  # a name that is shown with its set is not found under it
    assert sum(seen.values()) >= 2 * len(known)
    drawn = {variant["name"]: variant["tau_b"] for variant in points_of(page)[0]["variants"]}
    assert all(value in known[name] for name, value in drawn.items() if value is not None)


def test_the_first_screen_is_the_answer_a_picture_and_six_columns(page, found):
    first, rest = page.split('<details class="section"', 1)
    reader = Reader(first)
    assert first.index('class="answer"') < first.index("<img") < first.index("<table")
    assert len(reader.tables) == 2 * found.primary["space"].nunique()
    half = len(reader.tables) // 2
    for (_, (head, *rows)), (_, (few, *others)) in zip(
        reader.tables[:half], reader.tables[half:], strict=True
    ):
        titles = [text for text, _ in head]
        assert titles[0] == "Variant"
        assert len(titles) <= 1 + 6
        assert [text for text, _ in few][1:] == titles[1:-2]
        assert {re.sub(r" \((random|all).*", "", row[0][0]) for row in rows} <= set(found.primary["variant"])
        assert any(row[0][0].startswith("ceiling") for row in others)
        assert any(row[0][0].startswith("params") for row in others)
    assert "<h2" not in first
    assert rest.count("<summary><h2") >= 6


def test_scatter_decodes_to_the_points(page, found, study):
    content, read = points_of(page)
    saved = pd.read_csv(study / "figures" / "scatter.csv")
    order = ["mask", "variant", "arch"]
    for frame in (found.points, saved):
        frame = frame.sort_values(order, ignore_index=True)
        same = read.sort_values(order, ignore_index=True)
        for name in ("variant", "mask", "arch", "seeds", "place", "sampled"):
            assert same[name].tolist() == frame[name].tolist()
        np.testing.assert_allclose(same["truth"], frame["truth"], rtol=1e-6)
        np.testing.assert_allclose(same["score"], frame["score"], rtol=1e-6)
    assert len(content["spaces"]) == 2


def test_downloads_are_the_files_beside_the_page(page, study):
    buttons = [button for button in Reader(page).buttons if "data-packed" in button]
    assert {"variants.csv", "variants.svg", "topn.csv"} <= {button["data-file"] for button in buttons}
    for button in buttons:
        assert "hidden" in button  # until the script has made it work
        assert unpacked(button["data-packed"]) == (study / "figures" / button["data-file"]).read_bytes()


def many_points(variants, architectures):
    rng = np.random.default_rng(0)
    frames = []
    for i in range(variants):
        mask = f"mask {i % 4}"
        chosen = np.random.default_rng(i % 4).permutation(15_625)[:architectures]
        frame = pd.DataFrame({"arch": [f"architecture {k}" for k in chosen], "truth": 90 + chosen / 5000})
        frame["score"] = 100 * rng.integers(100, 350, architectures) / 397
        frame["place"] = frame["truth"].rank(ascending=False).astype(int)
        frames.append(frame.assign(space="nasbench201", mask=mask, variant=f"v{i}", seeds=5, sampled=True))
    return pd.concat(frames, ignore_index=True)


def test_a_hundred_variants_are_small():
    """The part of a page that grows with the study: 1,500 architectures of each of 120 variants."""
    points = many_points(120, 1500)
    taus = points.drop_duplicates(["space", "mask", "variant"]).assign(tau_b=0.5)
    block = scatter_data(points, taus, top=50, truth="truth (%)", titles={})
    assert len(block) < 1_300_000
    content, read = points_of(block)
    assert len(read) == len(points)
    assert len(content["rows"]) == 4  # what variants of one mask share is there once
    pages = figure.pages(points)
    assert len(pages) == 10
    assert max(page["variant"].nunique() for page in pages) == 12
    assert pd.concat(pages)["variant"].tolist() == points["variant"].tolist()


def test_too_many_points_are_thinned_evenly(monkeypatch):
    monkeypatch.setattr(live, "MOST", 1000)
    points = many_points(3, 1500)
    block = scatter_data(points, points[:1].assign(tau_b=np.nan), top=5, truth="t", titles={})
    content, read = points_of(block)
    assert 900 <= len(read) <= 1000
    assert (read["place"] % 5 == 1).all()
    assert [variant["points"] for variant in content["variants"]] == [1500] * 3
    assert {variant["tau_b"] for variant in content["variants"]} == {None}


def test_names_cannot_end_the_block():
    points = many_points(1, 20).assign(variant="</script><b>")
    block = scatter_data(points, points[:1].assign(tau_b=0.1), top=5, truth="<!--", titles={})
    assert block.count("<") == 2
    assert points_of(block)[0]["variants"][0]["name"] == "</script><b>"


def test_no_points_have_a_block_and_a_page():
    none = many_points(1, 5)[:0]
    block = scatter_data(none, none.assign(tau_b=0.1), top=5, truth="t", titles={})
    assert json.loads(block[block.index("{") : block.rindex("}") + 1])["variants"] == []
    assert len(figure.pages(none)) == 1


def test_cells():
    assert number(None) == number(float("nan")) == Cell(DASH)
    assert number(-0.12345) == Cell(f"{MINUS}0.123", -0.12345)
    assert number(0.5, 1, "+") == Cell("+0.5", 0.5)
    assert with_std({"x": 1.0, "x_std": 0.25}, "x", 2) == Cell("1.00 ± 0.25", 1.0)
    assert with_std({"x": 1.0, "x_std": None}, "x", 2) == Cell("1.00", 1.0)
    assert interval(-0.1, 0.2) == Cell(f"[{MINUS}0.100, 0.200]", -0.1)
    assert interval(None, 0.2) == Cell(DASH)


def test_table_says_what_its_columns_are():
    columns = [Column("name", words=True), Column("tau_b", "tau <b>", hint="rank")]
    text = html_table(Table(columns, [{"name": "a", "tau_b": 1 / 3}]), weak=[0], main=True, named=True)
    assert '<table class="main">' in text
    assert '<th class="number" scope="col" data-column="tau_b" title="rank">tau &lt;b&gt;</th>' in text
    assert '<td class="number" data-value="0.3333333333333333">0.333</td>' in text
    assert '<tr class="weak">' in text
    assert html_table(Table(columns, [])) == ""


def test_contents_name_every_heading_once():
    headings = element("h2", "One & one"), element("h2", "One & one"), element("h2", "Named", id="named")
    text = page_of("t", element("p", "before"), *headings)
    assert text.index("before") < text.index("<nav") < text.index("<h2 id=")
    assert text.count("One &amp; one") == 4
    assert re.findall(r'<h2 id="(.*?)"', text) == ["section-1", "section-2", "named"]
    assert re.findall(r'<a href="#(.*?)"', text) == ["section-1", "section-2", "named"]
    assert "<nav" not in page_of("t", element("p", "no heading"))


def test_styles_and_scripts_are_in_the_package():
    """They are found from any folder, by an interpreter that starts anew."""
    code = "from analysis.report.page import page; print(page('t'))"
    folder = Path(live.__file__).parent
    text = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder.parents[2])!r}); {code}"],
        cwd="/", capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in (*STYLES, *SCRIPTS):
        assert (folder / name).read_text().strip() in text


def test_picture_is_smaller_and_the_same(tmp_path):
    path = tmp_path / "a.png"
    pixels = np.full((40, 60, 3), 255, dtype=np.uint8)
    pixels[10:20, 10:20] = (0, 114, 178)
    Image.fromarray(pixels).save(path)
    (tmp_path / "a.csv").write_text("x\n1\n")
    text = picture(path, "caption", "what it shows")
    image = Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", text)[1])))
    assert image.convert("RGB").tobytes() == pixels.tobytes()
    assert text.count("data-packed") == 1  # there is no a.svg
    path.write_text("no picture")
    with pytest.raises(ValueError, match=r"a\.png: not a PNG"):
        picture(path, "caption", "what it shows")


def test_pages_of_another_number_of_variants_are_gone(found, dot, tmp_path, monkeypatch):
    """A study that has grown, or shrunk, has no pictures from before beside the new ones."""
    for name in ("scatter-1.png", "scatter-2.csv", "paper-2.png"):
        (tmp_path / name).write_text("from before")
    monkeypatch.setattr(style, "save", lambda *_: [dot])
    draw_figures(found, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"paper-2.png", "dot.png"}
