"""Figures and the page: files, captions, escaping, nothing from the network, the same bytes twice."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from analysis.__main__ import main
from analysis.figures import scatter, style, topn, variants
from analysis.measures.collect import collect
from analysis.report.page import page as page_of
from analysis.report.study_page import write_report
from analysis.tables.html import element

pytestmark = pytest.mark.xdist_group("page")  # the page is made once

FIGURES = ("confusion", "residuals", "scatter", "topn", "variants")
SUFFIXES = ("png", "pdf", "svg", "csv")


class Checker(HTMLParser):
    """Tags that are opened and closed in order; every address that the page names."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.addresses = []
        self.text = []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_page_is_whole_and_self_contained(page):
    checker = Checker()
    checker.feed(page)
    assert not checker.open
    pictures = [address for address in checker.addresses if not address.startswith("#")]
    assert len(pictures) == len(FIGURES)
    assert all(address.startswith("data:image/png;base64,") for address in pictures)
    styles = page[: page.index("</style>")]
    assert "prefers-color-scheme: dark" in styles
    assert "@media print" in styles
    assert "url(" not in styles
    assert "<script src" not in page


def test_page_says_what_it_must(page, found):
    checker = Checker()
    checker.feed(page)
    text = " ".join(checker.text)
    for part in (
        "An invented study & its report",
        "Does strict fairness rank better than uniform sampling?",
        "Invented numbers for a test: no network was trained.",
        "loss is nan at update 17",
        "scores.parquet & more were <lost>",
        "not run yet",
        "params as a ranking",
        "ceiling: seed against seed",
        "digits_test of nasbench201.parquet",
        "file order",
        "3 of 18 runs",
        "Left out, larger than the truth: top 250.",
    ):
        assert part in text
    assert "warm-up <b>" in text
    assert "<b>" not in page.replace("<tbody>", "")
    assert not re.search(r"\bnan\b", text.replace("loss is nan", ""))
    tau = found.primary.iloc[0]["tau_b"]
    assert f"{tau:.3f}" in text


def test_figures_are_saved_with_their_data(page, study):
    for name in FIGURES:
        for suffix in SUFFIXES:
            assert (study / "figures" / f"{name}.{suffix}").stat().st_size > 500
    assert len(pd.read_csv(study / "figures" / "topn.csv")) > 10
    assert sorted(path.name for path in (study / "figures").iterdir()) == sorted(
        f"{name}.{suffix}" for name in FIGURES for suffix in SUFFIXES
    )


def test_twice_the_same_bytes(page, study):
    before = {path: path.read_bytes() for path in (study / "figures").iterdir()}
    assert write_report(collect(study)).read_text() == page
    assert {path: path.read_bytes() for path in (study / "figures").iterdir()} == before


def test_the_note_is_on_every_figure(found, dot, monkeypatch):
    figures = []
    monkeypatch.setattr(style, "save", lambda figure, *rest: figures.append(figure) or [dot])
    write_report(found)
    assert len(figures) == len(FIGURES)
    for figure in figures:
        assert any("no network was trained" in text.get_text() for text in figure.texts)


def test_nothing_is_cut_off_or_overlaps_the_note(found):
    """Every label lies inside its figure, and the note below all panels."""
    primary = found.primary[found.primary["tau_b"].notna()]
    series = topn.series_of(found.top[found.top["primary"].astype(bool)])
    taus = primary.rename(columns={"tau_b": "x", "seedmean_tau_b": "tau_b"})
    note = "A note that is long enough for more than one line. " * 5
    for figure in (
        variants.variants(primary, found.runs, found.references, note=note),
        topn.topn(series, found.top_references, note=note),
        scatter.scatter(found.points, taus, top=50, truth="truth (%)", note=note),
    ):
        with style.look():  # as when it is saved: ticks depend on it
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            renderer = canvas.get_renderer()
            whole = figure.bbox
            (small_print,) = figure.texts
            floor = small_print.get_window_extent(renderer).y1
            assert small_print.get_window_extent(renderer).x1 <= whole.x1
            for axes in figure.axes:
                if axes.axison:
                    box = axes.get_tightbbox(renderer)
                    assert box.x0 >= whole.x0 - 1
                    assert box.x1 <= whole.x1 + 1
                    assert box.y1 <= whole.y1 + 1
                    assert box.y0 >= floor - 1


def test_points_off_scale_are_counted():
    truth = np.r_[np.full(4, 10.0), np.linspace(90, 94, 196)]
    points = pd.DataFrame({"space": "s", "mask": "m", "variant": "v", "truth": truth, "score": truth})
    points = points.assign(seeds=1, sampled=True, place=np.arange(200, 0, -1))
    taus = pd.DataFrame({"space": ["s"], "mask": ["m"], "variant": ["v"], "tau_b": [1.0]})
    (axes,) = scatter.scatter(points, taus, top=10, truth="truth").axes
    hidden = int((truth < axes.get_xlim()[0]).sum())
    assert 4 <= hidden <= 10
    assert f"{hidden} lower off scale" in axes.texts[0].get_text()
    constant = points.assign(score=5.0)
    (axes,) = scatter.scatter(constant, taus.assign(tau_b=None), top=10, truth="truth").axes
    assert axes.texts[0].get_text() == "tau-b undefined\nn = 200"
    some = points.assign(sampled=points["place"] > 30)
    (axes,) = scatter.scatter(some, taus, top=10, truth="truth").axes
    assert "n = 170 + 30 of the top" in axes.texts[0].get_text()


def test_colours_stay_apart_for_many_variants():
    look = style.colours(f"variant {i}" for i in range(14))
    assert len(set(look.values())) == 14


def test_series_has_no_mean_where_a_seed_has_no_value():
    rows = pd.DataFrame(
        {"space": "s", "mask": "m", "variant": "v", "top": [10, 10, 25, 25], "tau_b": [0.5, None, 0.5, 0.7]}
    ).assign(mean_score=1.0, expected_points=0.1, expected_places=0.2)
    series = topn.series_of(rows)
    assert series["mean"].isna().tolist() == [True, False]
    assert series["seeds"].tolist() == [2, 2]
    assert topn.series_of(rows[:1])["std"].isna().all()


def test_report_before_anything_has_run(copy):
    for path in copy.glob("../trainings/*/result.json"):
        path.unlink()
    text = write_report(collect(copy)).read_text()
    assert "no variant has a value yet" in text


def test_markup_in_a_title_is_text():
    text = page_of("</title><script>alert(1)</script>", "<i>", element("p", "a & b", title='"'))
    assert "alert(1)</script>" not in text
    assert "&lt;i&gt;" in text
    assert '<p title="&quot;">a &amp; b</p>' in text


def test_commands(study, found, dot, capsys, monkeypatch):
    for command in ("report", "table"):
        monkeypatch.setattr(f"analysis.commands.{command}.collect", lambda folder, **_: found)
    monkeypatch.setattr(style, "save", lambda *_: [dot])  # drawn and written above
    assert main(["report", "invented", "--runs", str(study.parent)]) == 0
    assert capsys.readouterr().out.strip() == str(study / "report.html")
    assert main(["table", "invented", "--runs", str(study.parent), "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("| space | mask | name |")
    assert main(["report", "nothing", "--runs", str(study.parent)]) == 2
    assert "studies there: invented" in capsys.readouterr().err
