"""`studies space`: a search space under a mask: how many architectures, what they cost, an example, the operations
of the best. `studies describe`: everything that is known about an architecture without training it.

python -m studies space nasbench201 --mask none,skip_connect
python -m studies space blox --mask bconv,ST6 --seed 3 --draw example.png
python -m studies space nasbench201 --truth nasbench201 --column cifar10_test --figures FOLDER
python -m studies describe nasbench201 '|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|'
python -m studies describe blox --json - < architectures.txt
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis.tables import Column, Table, fixed, write
from supernet.spaces import Architecture, Cost, Space, get_space

COUNT = fixed(0, sign=",")


def space(args: argparse.Namespace) -> int:
    """Print what the space holds. Raises ValueError for an unknown mask."""
    for flag in ("column", "figures"):
        if getattr(args, flag) is not None and args.truth is None:
            raise ValueError(f"--{flag}: is of a table; give its name with --truth")
    masked = get_space(args.space, [name.strip() for name in args.mask.split(",") if name.strip()])
    of_truth, drawn = (
        _of_truth(masked, args) if args.truth is not None else ([], "")
    )  # first: it may be refused
    counts = masked.counts()
    tables = [_counts(counts)]
    facts: dict[str, Any] = {"space": masked.name, "mask": list(masked.mask)}
    if not counts["unique"]:
        after = "no architecture under this mask lets its output depend on its input"
    else:
        (example,) = masked.sample(1, args.seed)
        facts["example"] = masked.text(example)
        tables += [_costs(masked), *of_truth]
        after = f"example (seed {args.seed}):\n  {masked.text(example)}\n  {masked.formula(example)}"
        if args.draw is not None:
            draw(masked, example, args.draw)
    title = f"{masked.title}, mask: {', '.join(masked.mask) or 'none'}"
    print(
        write(tables, args.format, facts=facts, before=title, after="\n\n".join(filter(None, (after, drawn))))
    )
    return 0


def _counts(counts: dict[str, int]) -> Table:
    columns = [Column("architectures", words=True), Column("count", format=COUNT)]
    rows = [{"architectures": name, "count": count} for name, count in counts.items()]
    return Table(columns, rows, name="counts")


def _costs(space: Space) -> Table:
    """The range of each cost at the published size."""
    size = space.published
    title = (
        f"at the published size ({size.channels} channels, {size.stages} stages of {space.cells_a_stage(size)}, "
        f"{size.image_channels}x{size.image_size}x{size.image_size}, {size.classes} classes):"
    )
    columns = [Column("cost", words=True), Column("lowest", format=COUNT), Column("highest", format=COUNT)]
    rows = [
        {"cost": name, "lowest": low, "highest": high}
        for name, low, high in zip(Cost._fields, *cost_range(space), strict=True)
    ]
    return Table(columns, rows, name="costs", title=title)


def _of_truth(space: Space, args: argparse.Namespace) -> tuple[list[Table], str]:
    """What a table of ground truth says of the space, and where it was drawn."""
    from studies.truth import pictures, table  # pandas is slow to import

    return pictures.describe(table.load(table.resolve(args.truth)), space, args.column, args.figures)


def cost_range(space: Space) -> tuple[Cost, Cost]:
    """Lowest and highest of each cost by itself over the valid allowed architectures, published size."""
    columns = zip(*(space.cost(a) for a in space.enumerate() if space.is_valid(a)), strict=True)
    ranges = [(min(column), max(column)) for column in columns]
    return Cost(*(low for low, _ in ranges)), Cost(*(high for _, high in ranges))


def describe(args: argparse.Namespace) -> int:
    """Print one record an architecture. Raises ValueError for a text that names none."""
    searched = get_space(args.space)
    architectures = list(read(searched, args.architectures))
    if args.draw is not None:
        if len(architectures) != 1:
            raise ValueError(f"--draw: draws one architecture, not {len(architectures)}")
        draw(searched, architectures[0], args.draw)
    for i, architecture in enumerate(architectures):
        described = record(searched, architecture)
        if args.json:
            print(json.dumps(described))
        else:
            print("\n" * (i > 0) + readable(described | {"formula": searched.formula(architecture)}))
    return 0


def read(space: Space, texts: list[str]) -> Iterator[Architecture]:
    """The architectures that the texts name, '-' standing for the lines of standard input."""
    for text in texts:
        if text != "-":
            yield space.parse(text)
            continue
        for number, line in enumerate(sys.stdin, start=1):
            if not line.strip():
                continue
            try:
                yield space.parse(line.strip())
            except ValueError as error:
                raise ValueError(f"standard input, line {number}: {error}") from None


def record(space: Space, architecture: Architecture) -> dict[str, Any]:
    """arch, valid, canonical, index, hash (None if the benchmark has none), params, macs and flops at the
    published size. What the benchmark does not have (an invalid Blox model) is None."""
    index = space.index(architecture)
    cost = space.cost(architecture)._asdict() if index is not None else {}
    return {
        "arch": space.text(architecture),
        "valid": space.is_valid(architecture),
        "canonical": space.text(space.canonical(architecture)) if index is not None else None,
        "index": index,
        "hash": space.digest(architecture),
        **{name: cost.get(name) for name in ("params", "macs", "flops")},
    }


def readable(described: dict[str, Any]) -> str:
    """A record as aligned lines; '-' for what only valid architectures have."""
    lines = []
    for name, value in described.items():
        if value is None:
            if described["index"] is not None:  # a benchmark without hashes
                continue
            value = "-"
        elif isinstance(value, bool):
            value = "yes" if value else "no: the output does not depend on the input"
        elif name in ("params", "macs", "flops"):
            value = f"{value:,}"
        lines.append(f"{name:<10} {value}")
    return "\n".join(lines)


def draw(space: Space, architecture: Architecture, path: Path) -> None:
    """Save a drawing of the architecture and say so on standard error."""
    from analysis.figures.architecture import draw_architecture, save_figure  # Matplotlib is slow to import

    save_figure(draw_architecture(space, architecture), path)
    print(f"drawn: {path}", file=sys.stderr)
