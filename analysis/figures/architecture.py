"""Pictures of one architecture, as its space says: a cell with operations on its edges, a model of three blocks, or a
sequence of layers.

What the output does not depend on is faded. Colours: Okabe & Ito's palette for all kinds of colour vision.
"""

from __future__ import annotations

from pathlib import Path
from typing import overload

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Outline

from analysis.figures.style import Canvas
from supernet.files import write_atomic
from supernet.spaces import Architecture, Cell, Size, Space

INK, GREY, PAPER = "#222222", "#767676", "#ffffff"
BLUE, SKY, GREEN, ORANGE, VERMILION = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00"
TIMES = "\N{MULTIPLICATION SIGN}"
SUFFIXES = ("png", "pdf", "svg")

EDGE_STYLE = {  # operation: label, fill, text, line
    "none": ("none", PAPER, GREY, GREY),
    "skip_connect": ("skip", "#e4e4e4", INK, INK),
    "nor_conv_1x1": (f"1{TIMES}1 conv", SKY, INK, SKY),
    "nor_conv_3x3": (f"3{TIMES}3 conv", BLUE, PAPER, BLUE),
    "avg_pool_3x3": (f"3{TIMES}3 avg pool", ORANGE, INK, ORANGE),
}
FILLS = (
    BLUE,
    VERMILION,
    GREEN,
    ORANGE,
    SKY,
)  # of a space's operations in their order, where boxes are operations


@overload
def draw_architecture(space: Space, architecture: Architecture) -> Figure: ...
@overload
def draw_architecture(space: Space, architecture: Architecture, ax: Canvas | None) -> Canvas: ...
def draw_architecture(space: Space, architecture: Architecture, ax: Canvas | None = None) -> Canvas:
    """A figure of the architecture: its official text, its graph, its cost at the published size.

    Args:
        ax: what to draw on (style.py). Texts keep their size, which fits a cell of 9.2 inches, a Blox model of 15.5.
            None: a figure of its own.
    """
    draw = {"cell": _draw_cell, "blocks": _draw_model, "layers": _draw_layers}[space.drawn_as]
    return draw(space, architecture, ax)


def save_figure(figure: Figure, path: Path) -> None:
    """Write the figure whole or not at all; the suffix says the format: .png, .pdf or .svg."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in SUFFIXES:
        raise ValueError(f"file: the suffix of {str(path)!r} is not one of {', '.join(SUFFIXES)}")
    write_atomic(path, lambda file: figure.savefig(file, format=kind, dpi=160))


def _canvas(
    width: float, x: tuple[float, float], y: tuple[float, float], ax: Canvas | None
) -> tuple[Canvas, Axes]:
    """A figure `width` inches wide, or `ax`, whose one axes fills it, with equal units in x and y and no frame."""
    figure = ax
    if figure is None:
        figure = Figure(figsize=(width, width * (y[1] - y[0]) / (x[1] - x[0])), facecolor=PAPER)
    axes = figure if isinstance(figure, Axes) else figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=x, ylim=y)
    if ax is not None:
        axes.set_aspect("equal")
    axes.axis("off")
    return figure, axes


def _shade(color: str, live: bool) -> str:
    """The colour, or if not live a pale one. Not by transparency: lines would show through."""
    red, green, blue = (0.22 * part + 0.78 for part in to_rgb(color))
    return color if live else to_hex((red, green, blue))


def _write(
    axes: Axes, x: float, y: float, text: str, size: float, color: str = INK, **kwargs: object
) -> None:
    """Text centred on (x, y)."""
    axes.text(x, y, text, ha="center", va="center", fontsize=size, color=color, **kwargs)  # type: ignore[arg-type]


# A cell: the nodes in a row, the longer edges as arcs above and below

_NODE_PITCH = 3.0
_ARC_HEIGHT = {1: 0.0, 2: 1.3, 3: 2.5}  # of the middle of an edge, by how many nodes further it leads


def _draw_cell(space: Space, architecture: Architecture, ax: Canvas | None) -> Canvas:
    figure, axes = _canvas(9.2, (-0.8, 9.8), (-2.5, 3.9), ax)
    edges = space.edges(architecture)
    output = max(edge.target for edge in edges)
    circles = []
    for node in range(output + 1):
        shown = node in (0, output) or any(edge.live and node in edge[:2] for edge in edges)
        x, line, name = node * _NODE_PITCH, _shade(INK, shown), {0: "in", output: "out"}.get(node, str(node))
        circle = Circle((x, 0), 0.42, facecolor=PAPER, edgecolor=line, linewidth=1.8, zorder=3)
        circles.append(axes.add_patch(circle))
        _write(axes, x, 0, name, 13, line, zorder=4)
    for source, target, operation, live in edges:
        label, fill, text, line = EDGE_STYLE[operation]
        none = operation == "none"
        if not none:
            fill, text, line = _shade(fill, live), text if live else GREY, _shade(line, live)
        start, end, height = source * _NODE_PITCH, target * _NODE_PITCH, _ARC_HEIGHT[target - source]
        if target - source == 2 and source % 2:  # arcs that would cross lie on both sides
            height = -height
        axes.add_patch(
            FancyArrowPatch(
                (start, 0), (end, 0), connectionstyle=f"arc3,rad={-2 * height / (end - start)}",
                patchA=circles[source], patchB=circles[target], shrinkA=0, shrinkB=1,
                arrowstyle="-" if none else "-|>", mutation_scale=16, color=line,
                linewidth=1.0 if none else 2.2, linestyle=(0, (2, 3)) if none else "-",
            )
        )  # fmt: skip
        box = {"boxstyle": "round,pad=0.35", "facecolor": fill, "edgecolor": PAPER, "linewidth": 2}
        _write(axes, (start + end) / 2, height, label, 10.5, text, zorder=5, bbox=box)
    _write(axes, 4.5, 3.5, space.text(architecture), 9, family="monospace")
    _write(axes, 4.5, -2.15, _note(space, architecture), 10, GREY)
    return figure


def _note(space: Space, architecture: Architecture) -> str:
    """Cost and whether the architecture is valid."""
    if space.index(architecture) is None:
        return "invalid: the output does not depend on the input"
    cost = space.cost(architecture)
    note = f"{cost.params / 1e6:.3f} M parameters   ·   {cost.macs / 1e6:.2f} M MACs"
    return note if space.is_valid(architecture) else f"{note}   ·   the output does not depend on the input"


# Blox's blocks in a row, in each O0 and O1 in a row with the input edge above and the skip edge below

_PITCH = 9.4  # from one block to the next
_FORK_IN, _O0, _FORK, _SUM0, _O1, _SUM1, _END = 0.5, 2.0, 3.15, 3.9, 5.45, 6.95, 7.6  # x in a block
_RAIL = 1.15  # height of the input edge above, depth of the skip edge below
_HALF, _RADIUS = 0.88, 0.27  # half the width of an operation's box, radius of a sum


MODEL_X, MODEL_Y = (-2.9, 3 * _PITCH + 1.5), (-4.1, 4.1)  # limits of its axes


def _draw_model(space: Space, architecture: Architecture, ax: Canvas | None) -> Canvas:
    figure, axes = _canvas(15.5, MODEL_X, MODEL_Y, ax)
    draw_model(axes, space, architecture, space.text(architecture), _note(space, architecture), mono=True)
    return figure


def draw_model(
    axes: Axes,
    space: Space,
    architecture: Architecture,
    above: str,
    below: str,
    *,
    size: Size | None = None,
    mono: bool = False,
) -> None:
    """A Blox model on axes that are about 15.5 inches wide, a line of text above (mono: in a fixed width) and below it.

    size: of its networks, for the channels and sides of the images; None is the benchmark's own."""
    axes.set(xlim=MODEL_X, ylim=MODEL_Y)
    axes.axis("off")
    formulas = space.formula(architecture).split(" | ")
    size = size or space.published
    for stage, block in enumerate(space.cells_of(architecture)):
        left = stage * _PITCH
        _panel(axes, left - 0.1, left + _END + 0.1)
        kind, _, formula = formulas[stage].partition(" ")
        _write(axes, left + _END / 2, 2.4, f"stage {stage}: {kind}", 13)
        side = size.image_size >> stage
        _write(axes, left + _END / 2, -2.25, formula or "no edges", 12)
        _write(
            axes, left + _END / 2, -2.8, f"{size.channels << stage} channels, {side}{TIMES}{side}", 10, GREY
        )
        _draw_block(axes, left, block, space.operations)
        _line(axes, [(left + _END, 0), (left + _PITCH, 0)], True, True)
        _write(axes, left + (_END + _PITCH) / 2, 0.4, "reduction", 8.5, GREY)
    _line(axes, [(-1.6, 0), (0, 0)], True, True)
    for x, name in ((-2.2, "stem"), (3 * _PITCH + 0.55, "head")):
        _write(axes, x, 0, name, 11, GREY)
    middle = (3 * _PITCH - 1.4) / 2
    _write(axes, middle, 3.6, above, 11, **({"family": "monospace"} if mono else {"weight": "bold"}))
    _write(axes, middle, -3.65, below, 11, GREY)


def _panel(axes: Axes, left: float, right: float) -> None:
    box = FancyBboxPatch((left, -1.7), right - left, 3.4, boxstyle="round,pad=0,rounding_size=0.3")
    box.set(facecolor="#f4f4f4", edgecolor="#d8d8d8", linewidth=1.0, zorder=0)
    axes.add_patch(box)


def _draw_block(axes: Axes, left: float, block: Cell, names: tuple[str, ...]) -> None:
    """One block whose input is at (left, 0); what is off or dead is pale and dotted."""
    o0, o1, previous, input_, skip = block
    first, second = bool(previous or skip), bool(previous or input_)  # O0 is used, O1 has an input
    sum0, sum1 = bool(previous and input_), bool(second and skip)
    gap0, gap1 = _RADIUS * sum0, _RADIUS * sum1  # lines end at the circle of a sum, else run on
    lines: list[tuple[bool, bool, list[tuple[float, float]]]] = [  # live, arrow, points
        (first or second, False, [(0, 0), (_FORK_IN, 0)]),
        (first, True, [(_FORK_IN, 0), (_O0 - _HALF, 0)]),
        (first, False, [(_O0 + _HALF, 0), (_FORK, 0)]),
        (bool(previous), sum0, [(_FORK, 0), (_SUM0 - gap0, 0)]),
        (second, True, [(_SUM0 + gap0, 0), (_O1 - _HALF, 0)]),
        (second, sum1, [(_O1 + _HALF, 0), (_SUM1 - gap1, 0)]),
        (first or second, False, [(_SUM1 + gap1, 0), (_END, 0)]),
        (bool(input_), sum0, [(_FORK_IN, 0), (_FORK_IN, _RAIL), (_SUM0, _RAIL), (_SUM0, gap0)]),
        (bool(skip), sum1, [(_FORK, 0), (_FORK, -_RAIL), (_SUM1, -_RAIL), (_SUM1, -gap1)]),
    ]
    for live, arrow, points in lines:
        _line(axes, [(left + x, y) for x, y in points], live, arrow)
    for x, shown in ((_SUM0, sum0), (_SUM1, sum1)):
        if shown:
            circle = Circle((left + x, 0), _RADIUS, facecolor=PAPER, edgecolor=INK, linewidth=1.6, zorder=4)
            axes.add_patch(circle)
            _write(axes, left + x, 0, "+", 12, zorder=5)
    for x, operation, used in ((_O0, o0, first), (_O1, o1, second)):
        _operation(axes, left + x, names[operation], FILLS[operation], used)


def _operation(axes: Axes, x: float, name: str, color: str, live: bool = True, half: float = _HALF) -> None:
    """A box with the operation's name, centred on (x, 0). half: of its width."""
    box = FancyBboxPatch((x - half, -0.5), 2 * half, 1.0, boxstyle="round,pad=0,rounding_size=0.2")
    box.set(facecolor=_shade(color, live), edgecolor="none", zorder=4)
    axes.add_patch(box)
    _write(axes, x, 0, name, 11.5, PAPER if live else GREY, zorder=5)


def _line(axes: Axes, points: list[tuple[float, float]], live: bool, arrow: bool) -> None:
    axes.add_patch(
        FancyArrowPatch(
            path=Outline(points), arrowstyle="-|>" if arrow and live else "-", mutation_scale=13,
            linewidth=1.8 if live else 1.0, linestyle="-" if live else (0, (1, 2.5)), joinstyle="round",
            color=INK if live else "#a8a8a8", zorder=3 if live else 2,
        )
    )  # fmt: skip


# A sequence of choices: a box for each choice point, its place above

_INCH = 0.44  # inches of a unit
_LETTER = 0.115  # half the width of a letter in a box, in units


def _draw_layers(space: Space, architecture: Architecture, ax: Canvas | None) -> Canvas:
    choices = space.choices_by_place(architecture)
    half = max(_HALF, 0.25 + _LETTER * max(len(name) for _, name in choices))
    step = 2 * half + 0.9  # from one box to the next
    end = (len(choices) - 1) * step
    figure, axes = _canvas(_INCH * (end + 2 * step), (-step, end + step), (-2.2, 2.2), ax)
    fills = {name: FILLS[i % len(FILLS)] for i, name in enumerate(space.operations)}
    for number, (place, name) in enumerate(choices):
        x = number * step
        _operation(axes, x, name, fills.get(name, GREY), half=half)
        _write(axes, x, 0.85, place, 9, GREY)
        if number:
            _line(axes, [(x - step + half, 0), (x - half, 0)], True, True)
    _write(axes, end / 2, 1.7, space.text(architecture), 9, family="monospace")
    _write(axes, end / 2, -1.5, _note(space, architecture), 10, GREY)
    return figure
