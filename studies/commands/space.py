"""A search space under a mask: how many architectures, what they cost, what one looks like, what the best are made of.

python -m studies space nasbench201 --mask none,skip_connect
python -m studies space blox --mask bconv,ST6 --seed 3 --draw example.png
python -m studies space nasbench201 --truth nasbench201 --column cifar10_test --figures FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

from studies.commands.describe import draw
from supernet.spaces import SPACES, Cost, Space, get_space

HELP = (
    "counts, range of costs and an example of a search space under a mask; operations of the best by a table"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m studies space`."""
    parser.add_argument("space", choices=SPACES, help="search space")
    parser.add_argument(
        "--mask",
        default="",
        metavar="NAME,NAME",
        help="operations that no architecture may use (NAS-Bench-201: also on one edge, as none@0-3; Blox: also "
        "connectivity types ST1..ST6)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the example (default 0)")
    parser.add_argument("--draw", type=Path, metavar="FILE", help="save a drawing of the example")
    parser.add_argument(
        "--truth", metavar="TABLE", help="tell what its true top-N use, and whether its data sets rank alike"
    )
    parser.add_argument("--column", help="of the table (default: test accuracy on its first data set)")
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="draw that: PNG, PDF, SVG and CSV")


def main(args: argparse.Namespace) -> int:
    """Print what the space holds. Raises ValueError for an unknown mask."""
    for flag in ("column", "figures"):
        if getattr(args, flag) is not None and args.truth is None:
            raise ValueError(f"--{flag}: is of a table; give its name with --truth")
    space = get_space(args.space, [name.strip() for name in args.mask.split(",") if name.strip()])
    told = _truth(space, args) if args.truth is not None else ""  # first: it may be refused
    counts = space.counts()
    print(f"{space.title}, mask: {', '.join(space.mask) or 'none'}")
    width = max(map(len, counts))
    for name, count in counts.items():
        print(f"  {name:<{width}} {count:>12,}")
    if not counts["unique"]:
        print("no architecture under this mask lets its output depend on its input")
        return 0
    size = space.published
    print(
        f"at the published size ({size.channels} channels, {size.stages} stages of {size.cells_per_stage}, "
        f"{size.image_channels}x{size.image_size}x{size.image_size}, {size.classes} classes):"
    )
    lowest, highest = cost_range(space)
    for name, low, high in zip(Cost._fields, lowest, highest, strict=True):
        print(f"  {name:<{width}} {low:>12,} .. {high:,}")
    (example,) = space.sample(1, args.seed)
    print(f"example (seed {args.seed}):\n  {space.text(example)}\n  {space.formula(example)}")
    if args.draw is not None:
        draw(space, example, args.draw)
    if told:
        print(f"\n{told}")
    return 0


def _truth(space: Space, args: argparse.Namespace) -> str:
    from studies.truth import pictures, table  # pandas is slow to import

    return pictures.describe(table.load(table.resolve(args.truth)), space, args.column, args.figures)


def cost_range(space: Space) -> tuple[Cost, Cost]:
    """Lowest and highest of each cost by itself over the valid allowed architectures, published size."""
    columns = zip(*(space.cost(a) for a in space.enumerate() if space.is_valid(a)), strict=True)
    ranges = [(min(column), max(column)) for column in columns]
    return Cost(*(low for low, _ in ranges)), Cost(*(high for _, high in ranges))
