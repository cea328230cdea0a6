"""Pictures of architectures: everything inside the figure, no label on another, the dead parts pale."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from analysis.figures.architecture import draw_architecture, save_figure
from supernet.spaces import Space, get_space

EXAMPLES = [
    ("nasbench201", "3 3 3 3 3 3"),
    ("nasbench201", "4 4 4 4 4 4"),
    ("nasbench201", "0 3 4 0 2 1"),
    ("nasbench201", "0 0 0 0 0 0"),
    ("blox", "0 1 1 1 1 1 1 1 1 0 0 0 1 1 0"),
    ("blox", "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
    ("blox", "0 2 0 1 0 2 1 0 1 1 1 2 0 0 1"),
    ("blox", "0 0 0 0 0 0 0 1 0 0 0 0 1 0 0"),
]


def _draw(name: str, text: str) -> Figure:
    space = get_space(name)
    return draw_architecture(space, space.parse(text))


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_texts_are_inside_and_apart(name: str, text: str) -> None:
    figure = _draw(name, text)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [(t.get_text(), t.get_window_extent(canvas.get_renderer())) for t in figure.axes[0].texts]
    for label, box in boxes:
        assert box.x0 >= 0, label
        assert box.y0 >= 0, label
        assert box.x1 <= figure.bbox.width, label
        assert box.y1 <= figure.bbox.height, label
    for (first, a), (second, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), (first, second)


def test_cell_shows_every_edge_and_fades_the_dead_ones() -> None:
    figure = _draw("nasbench201", "0 3 4 0 2 1")
    fills = {
        t.get_text(): t.get_bbox_patch().get_facecolor() for t in figure.axes[0].texts if t.get_bbox_patch()
    }
    shown = sorted(label.split("\N{MULTIPLICATION SIGN}")[-1] for label in fills)
    assert shown == ["1 conv", "3 avg pool", "3 conv", "none", "skip"]
    lightness = {label: sum(to_rgb(fill)) for label, fill in fills.items()}
    live, dead = ("3\N{MULTIPLICATION SIGN}3 conv", "1\N{MULTIPLICATION SIGN}1 conv")
    assert lightness[live] < 1.5 < 2.5 < lightness[dead]


def test_model_shows_types_and_formulas() -> None:
    shown = [t.get_text() for t in _draw("blox", "0 1 1 1 1 1 1 1 1 0 0 0 1 1 0").axes[0].texts]
    size = "64 channels, 16\N{MULTIPLICATION SIGN}16"
    for expected in ("stage 0: ST5", "mbconv(conv(x) + x) + conv(x)", "stage 1: ST3", size):
        assert expected in shown


def test_invalid_model_says_so() -> None:
    shown = [t.get_text() for t in _draw("blox", EXAMPLES[-1][1]).axes[0].texts]
    assert "invalid: the output does not depend on the input" in shown
    assert "stage 0: invalid" in shown


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".SVG", b"<?xml")])
def test_formats(suffix: str, start: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"cell{suffix}"
    save_figure(_draw(*EXAMPLES[0]), path)
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_other_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not one of png, pdf, svg"):
        save_figure(_draw(*EXAMPLES[0]), tmp_path / "cell.gif")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "text"), [EXAMPLES[2], EXAMPLES[4]])
def test_a_space_of_another_kind_is_drawn_as_its_choices(monkeypatch, name: str, text: str) -> None:
    """What a space without a drawing of its own gets: every choice with its place, all texts apart."""
    space = get_space(name)
    monkeypatch.setattr(type(space), "drawn_as", Space.drawn_as)
    shown = [t.get_text() for t in _draw(name, text).axes[0].texts]
    choices = space.choices_by_place(space.parse(text))
    assert shown[: 2 * len(choices)] == [word for place, name in choices for word in (name, place)]
    test_texts_are_inside_and_apart(name, text)
    figure = _draw(name, text)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [
        patch.get_window_extent() for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)
    ]
    for box, label in zip(boxes, figure.axes[0].texts[::2], strict=False):
        inside = label.get_window_extent(canvas.get_renderer())
        assert box.x0 < inside.x0 < inside.x1 < box.x1, label
