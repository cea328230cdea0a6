"""Everything that is known about an architecture without training it.

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

from supernet.spaces import SPACES, Architecture, Space, get_space

HELP = "validity, canonical form, index, hash, parameters, MACs and FLOPs of architectures; a drawing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m studies describe`."""
    parser.add_argument("space", choices=SPACES, help="search space")
    parser.add_argument(
        "architectures",
        nargs="+",
        metavar="ARCH",
        help="official text or plain integers; '-' reads one architecture a line from standard input",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--draw", type=Path, metavar="FILE", help="save a drawing (.png, .pdf or .svg)")


def main(args: argparse.Namespace) -> int:
    """Print one record an architecture. Raises ValueError for a text that names none."""
    space = get_space(args.space)
    architectures = list(read(space, args.architectures))
    if args.draw is not None:
        if len(architectures) != 1:
            raise ValueError(f"--draw: draws one architecture, not {len(architectures)}")
        draw(space, architectures[0], args.draw)
    for i, architecture in enumerate(architectures):
        found = record(space, architecture)
        if args.json:
            print(json.dumps(found))
        else:
            print("\n" * (i > 0) + readable(found | {"formula": space.formula(architecture)}))
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


def readable(found: dict[str, Any]) -> str:
    """A record as aligned lines; '-' for what only valid architectures have."""
    lines = []
    for name, value in found.items():
        if value is None:
            if found["index"] is not None:  # a benchmark without hashes
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
