"""The report's section on the same compute: its table, what it says is missing, its figures."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from estimators_study import write_estimators_study

from analysis.measures.collect import Collected, collect
from analysis.measures.front import against_front
from analysis.measures.yardstick import yardstick
from analysis.report.sections.estimators import estimators_section
from analysis.tables.html import Html

pytestmark = pytest.mark.xdist_group("estimators section")  # it is made once


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Collected:
    return collect(write_estimators_study(tmp_path_factory.mktemp("runs")), with_points=False)


@pytest.fixture(scope="module")
def section(own: Collected) -> str:
    return Html("\n".join(estimators_section(own, own.study.folder / "figures")))


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", markup))


def cells_of(section: str, ranking: str) -> list[str]:
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", section)]
    (cells,) = [row for row in rows if row and row[0] == ranking]
    return cells


def test_a_row_has_quality_cost_and_failures(own: Collected, section: str) -> None:
    found = yardstick(own.study, percents=[30])
    bins = found.bins.set_index(["variant", "percent"])
    cells = cells_of(section, "FEAR")
    assert cells[1] == "FEAR"
    assert cells[2] == f"{bins.loc[('FEAR', 100), 'spearman']:.3f}"
    inside = bins.loc[("FEAR", 30)]
    assert cells[5] == f"{inside['spearman']:.3f} ({inside['spearman_reference']:.2f})"
    assert cells[8] == f"{inside['common']:.3f} ({inside['corrected']:.2f})"
    each = bins.loc[("FEAR", 100), "seconds"]
    assert cells[10].startswith(f"{each:.3g} ± ")
    assert cells[11] == "8"
    each = found.rankings.set_index("variant").loc["FEAR", "each_seconds"]
    assert float(cells[12].replace(",", "")) == pytest.approx(8 + 1000 * each, rel=1e-3)
    assert cells[13] == "disconnected 5, not_reached 3"


def test_it_says_who_is_compared_on_what(section: str) -> None:
    text = text_of(section)
    assert "All rankings on the 47 of 60 architectures that each of them has a score for." in text
    assert "later (seed 0: not run yet)" in text
    assert "proxies: plain (seed 0: " in text


def test_fear_against_the_front_in_words(own: Collected, section: str) -> None:
    rows = against_front(yardstick(own.study, percents=[100]).bins)
    chosen = (rows["variant"] == "FEAR") & (rows["metric"] == "spearman") & (rows["percent"] == 100)
    (difference,) = rows.loc[chosen, "difference"]
    shown = f"{difference:+.2f}".replace("-", "\N{MINUS SIGN}")
    assert f"{shown} over all." in text_of(section)


def test_the_key_figures_are_beside_the_page(own: Collected, section: str) -> None:
    assert section.count("<figure>") == 2
    for name in ("yardstick", "amortised"):
        for kind in ("png", "pdf", "svg", "csv"):
            assert (own.study.folder / "figures" / f"{name}.{kind}").is_file()


def test_a_study_of_one_kind_has_no_such_section(found: Collected, tmp_path: Path) -> None:
    assert estimators_section(found, tmp_path) == []
    assert not list(tmp_path.iterdir())
