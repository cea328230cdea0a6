"""The hash by which Blox names a model: the same for all encodings of it, different for different models.

Weisfeiler-Lehman colouring of the network's graph with MD5: every vertex starts with a text of its degrees
and label and repeatedly takes in its neighbours; the hash is that of the sorted colours.
Source: the definition in Blox's public repository; none of its code is used.
"""

from __future__ import annotations

import functools
from hashlib import md5

from supernet.spaces.space import Architecture

INPUT, OUTPUT = -1, -2  # labels; operation o of stage s is o + 4s, the reduction of stage s is 3 + 4s

Neighbours = tuple[tuple[int, ...], ...]


@functools.cache
def _start(out_degree: int, in_degree: int, label: int) -> str:
    """First colour of a vertex. The official text has the degrees as floats."""
    return _digest(str((float(out_degree), float(in_degree), label)))


def _digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _joined(colours: list[str], neighbours: tuple[int, ...]) -> str:
    if len(neighbours) == 1:  # by far the most common
        return colours[neighbours[0]]
    return "".join(sorted([colours[i] for i in neighbours]))


@functools.cache
def _graph(flags: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], Neighbours, Neighbours] | None:
    """The graph for the (previous, input, skip) of each stage, without vertices off every input-output path.

    Vertex 0 is the input, 1 + 3s and 2 + 3s the operations of stage s, 3 + 3s its reduction, the last the
    output. Returns the vertices that remain and, in positions among these, their predecessors and successors;
    None if nothing remains.
    """
    output = 3 * len(flags) + 1
    edges = [(output - 1, output)]
    for stage, (previous, input_, skip) in enumerate(flags):
        source = 3 * stage
        o0, o1, reduction = source + 1, source + 2, source + 3
        edges += [(source, o0), (o1, reduction)]
        edges += [(o0, o1)] * previous + [(source, o1)] * input_ + [(o0, reduction)] * skip
    edges.sort()  # sources rise along every path, so that one sweep reaches everything
    from_input, to_output = {0}, {output}
    for a, b in edges:
        if a in from_input:
            from_input.add(b)
    for a, b in reversed(edges):
        if b in to_output:
            to_output.add(a)
    kept = tuple(sorted(from_input & to_output))
    if not kept:
        return None
    place = {vertex: i for i, vertex in enumerate(kept)}
    inner = [(place[a], place[b]) for a, b in edges if a in place and b in place]
    predecessors = tuple(tuple(a for a, b in inner if b == v) for v in range(len(kept)))
    successors = tuple(tuple(b for a, b in inner if a == v) for v in range(len(kept)))
    return kept, predecessors, successors


def model_hash(architecture: Architecture) -> str | None:
    """32 hex digits for a Blox architecture of 5 ints a stage; None if it is invalid. About 0.2 ms."""
    stages = [architecture[i : i + 5] for i in range(0, len(architecture), 5)]
    graph = _graph(tuple(stage[2:] for stage in stages))
    if graph is None:
        return None
    kept, predecessors, successors = graph
    labels = [INPUT]
    for s, (o0, o1, *_) in enumerate(stages):
        labels += [o0 + 4 * s, o1 + 4 * s, 3 + 4 * s]
    labels.append(OUTPUT)
    colours = [
        _start(len(after), len(before), labels[vertex])
        for vertex, before, after in zip(kept, predecessors, successors, strict=True)
    ]
    for _ in kept:
        colours = [
            _digest(f"{_joined(colours, before)}|{_joined(colours, after)}|{colour}")
            for colour, before, after in zip(colours, predecessors, successors, strict=True)
        ]
    return _digest(str(sorted(colours)))
