"""What predictors see of an architecture: numbers of its graph, its costs, or the graph itself.

Everything follows from `Space.graph`, so a new space has it at once. Encodings of one function, as the benchmark counts
(`Space.canonical`), look the same: the graph is that of one of them. Subsets of operations: Kadlecová et al.,
"Surprisingly strong performance prediction with neural graph features" (ICML 2024), section 3.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.measures.blocks import blocks_of
from studies.estimators.compute.predictors.inputs import Graphs
from studies.estimators.predictor_models import FEATURES
from supernet.spaces import Architecture, Space
from supernet.spaces.graph import SINK, SOURCE, Graph

Path = tuple[int, ...]  # slots
GLOBAL = "global"


def graph_features(
    space: Space, architectures: Sequence[Architecture], groups: Sequence[str] = ("counts", "paths", "places")
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """The features of each architecture; those of two groups that have one name are given once.

    Args:
        groups: of FEATURES. 'counts': live operations of each kind, by part of the network. 'paths': for each subset of
            operations, of the paths through a part that use no others: the shortest and the longest (operations; slots
            + 1 and 0 without a path), their number, and the subset's operations that come first and last; of all paths:
            the fewest, the most and the mean number of the subset's operations. 'places': one-hot, the live operation
            in each slot. 'costs': ln params and ln macs of what is live, at the published size. 'adjacency':
            one-hot edges between slots, and 'places'. 'blocks': one-hot, the block of each stage of a network of the
            published size: a linear model on them is a sum of free values of blocks.

    Returns:
        names: of the d columns. values: (n, d) float64, finite.

    Raises:
        ValueError: for an unknown group, and for the costs of an architecture that is no network.
    """
    unknown = [group for group in groups if group not in FEATURES]
    if unknown:
        raise ValueError(f"features: {unknown[0]!r} is not one of {', '.join(FEATURES)}")
    features = _Features(space)
    row_of: dict[Architecture, int] = {}
    rows: list[int] = []
    values: list[NDArray[np.float64]] = []
    names: tuple[str, ...] = ()
    for architecture in architectures:
        form = _form(space, architecture)
        if form not in row_of:
            row_of[form] = len(values)
            row = dict(itertools.chain.from_iterable(features.of(group, form) for group in groups))
            names = names or tuple(row)
            values.append(np.array([row[name] for name in names], float))
        rows.append(row_of[form])
    return names, np.array(values, float).reshape(len(values), len(names))[rows]


def graphs(space: Space, architectures: Sequence[Architecture]) -> Graphs:
    """The architectures as graphs with a global node. Labels: global, input, output, then the operations of each part,
    each part's its own."""
    return encoded(space, [space.graph(_form(space, architecture)) for architecture in architectures])


def encoded(space: Space, raw: Sequence[Graph]) -> Graphs:
    """Graphs of a space as arrays."""
    labels = [(GLOBAL, 0), SOURCE[:2], SINK[:2], *space.graph_labels]
    label = {pair: number for number, pair in enumerate(labels)}
    slots = 1 + (len(raw[0].nodes) if raw else 0)
    found = Graphs(
        np.zeros((len(raw), slots, len(label)), bool),
        np.zeros((len(raw), slots, slots), bool),
        np.zeros((len(raw), slots), bool),
    )
    for number, graph in enumerate(raw):
        live = [0, *(slot for slot, node in enumerate(graph.nodes, 1) if node.live)]
        found.live[number, live] = True
        found.adjacency[number, 0, live] = True
        found.adjacency[number, live, live] = True
        for source, target in graph.edges:
            found.adjacency[number, source + 1, target + 1] = True
        found.operations[number, 0, 0] = True
        for slot in live[1:]:
            found.operations[number, slot, label[graph.nodes[slot - 1][:2]]] = True
    return found


def _form(space: Space, architecture: Architecture) -> Architecture:
    """One encoding for all of a function, without what the output does not depend on."""
    return space.stand_alone_form(space.canonical(architecture))


@lru_cache(maxsize=8)
def blocks(space: Space) -> tuple[tuple[int, str], ...]:
    """Every block of every stage that the mask allows, of networks of the published size."""
    found: dict[tuple[int, str], None] = {}
    for architecture in space.enumerate():
        found |= dict.fromkeys(enumerate(blocks_of(space, architecture, space.published)))
    return tuple(sorted(found))


class _Features:
    """The features of a space's graphs, by group: (name, value) pairs, the same names in the same order for each."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.choices = space.operations
        labels = [(name, part) for name, part in space.graph_labels if name in self.choices]
        self.operations = tuple(dict.fromkeys(name for name, _ in labels))
        self.parts = tuple(dict.fromkeys(part for _, part in labels))
        self.titles = [f"stage {part + 1}" if len(self.parts) > 1 else "cell" for part in self.parts]
        self.subsets = [
            subset
            for size in range(1, len(self.operations) + 1)
            for subset in itertools.combinations(self.operations, size)
        ]
        self.groups: dict[str, Callable[[Graph], Iterator[tuple[str, float]]]] = {
            "counts": self.counts,
            "paths": self.paths,
            "places": self.places,
            "adjacency": self.adjacency,
        }
        self._seen: dict[Part, list[tuple[str, float]]] = {}

    def of(self, group: str, form: Architecture) -> Iterator[tuple[str, float]]:
        """Of one group. form: as of `_form`."""
        if group == "blocks":
            own = set(enumerate(blocks_of(self.space, form, self.space.published)))
            return iter(
                [(f"stage {stage}: {block}", (stage, block) in own) for stage, block in blocks(self.space)]
            )
        if group != "costs":
            return self.groups[group](self.space.graph(form))
        cost = self.space.cost(form)
        return iter([("ln_params", math.log(cost.params)), ("ln_macs", math.log(cost.macs))])

    def counts(self, graph: Graph) -> Iterator[tuple[str, float]]:
        for part, title in zip(self.parts, self.titles, strict=True):
            live = [node.operation for node in graph.nodes if node.live and node.part == part]
            for operation in self.operations:
                yield f"{title}: {operation}", live.count(operation)

    def places(self, graph: Graph) -> Iterator[tuple[str, float]]:
        for slot, node in enumerate(graph.nodes):
            for operation in self.operations if node.operation in self.choices else ():
                yield f"slot {slot}: {operation}", node.live and node.operation == operation

    def adjacency(self, graph: Graph) -> Iterator[tuple[str, float]]:
        for edge in itertools.combinations(range(len(graph.nodes)), 2):
            yield f"edge {edge[0]}-{edge[1]}", edge in graph.edges
        yield from self.places(graph)

    def paths(self, graph: Graph) -> Iterator[tuple[str, float]]:
        for number, title in zip(self.parts, self.titles, strict=True):
            part = part_of(graph, number, self.choices)
            if part not in self._seen:
                self._seen[part] = list(self._of_part(part))
            for name, value in self._seen[part]:
                yield f"{title}: {name}", value

    def _of_part(self, part: Part) -> Iterator[tuple[str, float]]:
        paths = [[part.operations[slot] for slot in path] for path in paths_through(part)]
        for subset in self.subsets:
            inside = [len(path) for path in paths if set(path) <= set(subset)]
            uses = [sum(operation in subset for operation in path) for path in paths] or [0]
            name = "+".join(subset)
            yield f"shortest path of {name}", min(inside, default=len(part.operations) + 1)
            yield f"longest path of {name}", max(inside, default=0)
            yield f"paths of {name}", len(inside)
            yield f"{name} first", sum(part.operations[slot] in subset for slot in part.first)
            yield f"{name} last", sum(part.operations[slot] in subset for slot in part.last)
            yield f"fewest {name} on a path", min(uses)
            yield f"most {name} on a path", max(uses)
            yield f"mean {name} on a path", sum(uses) / len(uses)


class Part(NamedTuple):
    """A part of a graph. operations: of its slots. edges: between them. first, last: the live slots that the part's
    input enters and its output leaves."""

    operations: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    first: tuple[int, ...]
    last: tuple[int, ...]


def part_of(graph: Graph, part: int, choices: Sequence[str]) -> Part:
    """The slots of a part that hold a choice, and what is between them."""
    slots = [i for i, node in enumerate(graph.nodes) if node.part == part and node.operation in choices]
    place = {slot: i for i, slot in enumerate(slots)}
    return Part(
        tuple(graph.nodes[slot].operation for slot in slots),
        tuple((place[a], place[b]) for a, b in graph.edges if a in place and b in place),
        tuple(sorted({place[b] for a, b in graph.edges if a not in place and b in place})),
        tuple(sorted({place[a] for a, b in graph.edges if a in place and b not in place})),
    )


def paths_through(part: Part) -> list[Path]:
    """All paths from a first slot to a last one."""
    after: dict[int, list[int]] = {}
    for source, target in part.edges:
        after.setdefault(source, []).append(target)
    found: list[Path] = []
    open_paths: list[Path] = [(slot,) for slot in part.first]
    while open_paths:
        path = open_paths.pop()
        if path[-1] in part.last:
            found.append(path)
        open_paths += [(*path, target) for target in after.get(path[-1], ())]
    return found
