"""Dialects: every cell and model in every spelling is the same, and what may be meant twice is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.user_tables.cells import spelling
from analysis.user_tables.pair import Asked, read_table
from supernet.spaces import get_space

NB, BLOX = get_space("nasbench201"), get_space("blox")
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


def incoming(cell):
    """For nodes 1, 2, 3 the (operation, source) pairs: an independent reading of the official string."""
    return [
        tuple(
            (name, int(source)) for name, source in (word.split("~") for word in node.strip("|").split("|"))
        )
        for node in NB.text(cell).split("+")
    ]


def naslib(cell):
    """NASLib's ints, from its documented order: edges by source, its own list of operations."""
    names = ["skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3"]
    nodes = incoming(cell)
    by_edge = {(source, target): name for target, node in enumerate(nodes, 1) for name, source in node}
    return tuple(names.index(by_edge[edge]) for edge in sorted(by_edge))


def edge_names(cell, form):
    return {
        form(source, target): name for target, node in enumerate(incoming(cell), 1) for name, source in node
    }


SPELLINGS = {
    "string": NB.text,
    "index": lambda cell: NB.index(cell),
    "ints": lambda cell: list(cell),
    "naslib": naslib,
    "nested": incoming,
    "nested tuples": lambda cell: tuple(incoming(cell)),
    "nested lists": lambda cell: [[list(pair) for pair in node] for node in incoming(cell)],
    "edges": lambda cell: edge_names(cell, lambda a, b: f"{a}-{b}"),
    "edges of tuples": lambda cell: edge_names(cell, lambda a, b: (a, b)),
    "edges backwards": lambda cell: edge_names(cell, lambda a, b: f"{b}<-{a}"),
}
CELLS = NB.sample(60, seed=0)


def write(path: Path, names: list) -> str:
    rows = [{"arch": spelling(name), "score": i} for i, name in enumerate(names)]
    path.write_text(json.dumps(rows))
    return f"{path}:score"


@pytest.mark.parametrize("kind", SPELLINGS)
def test_every_spelling_of_a_cell(tmp_path: Path, kind: str) -> None:
    spec = write(tmp_path / "t.json", [SPELLINGS[kind](cell) for cell in CELLS])
    dialect = kind.split()[0]
    found = read_table(Asked(spec=spec, dialect=dialect), space="nasbench201")
    assert found.texts == [NB.text(cell) for cell in CELLS]
    if dialect in ("ints", "naslib"):
        with pytest.raises(ValueError, match=r"several dialects; choose one with --dialect \(ints: .*;"):
            read_table(spec)
    elif dialect != "index":  # recognised where the space is not said either
        assert read_table(spec).texts == found.texts


def test_all_cells_have_one_spelling_a_dialect() -> None:
    """15,625 cells, three readers, none of which returns another cell."""
    readers = {one.name: one.read for one in NB.dialects}
    for cell in NB.enumerate():
        assert readers["string"](NB.text(cell)) == cell
        assert readers["naslib"](str(naslib(cell))) == cell
    assert readers["nested"](str(incoming(CELLS[0]))) == CELLS[0]


@pytest.mark.parametrize(
    ("name", "spell"),
    [
        ("string", BLOX.text),
        ("string", lambda model: BLOX.text(model)[1:-1]),
        ("string", lambda model: BLOX.text(model).replace("[", "(").replace("]", ",)")),
        ("ints", lambda model: " ".join(map(str, model))),
        ("index", lambda model: str(BLOX.index(model))),
    ],
)
def test_every_spelling_of_a_model(tmp_path: Path, name: str, spell) -> None:
    models = BLOX.sample(30, seed=0)
    spec = write(tmp_path / "t.json", [spell(model) for model in models])
    found = read_table(Asked(spec=spec, dialect=name), space="blox")
    assert found.texts == [BLOX.text(model) for model in models]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("|none~0|+|none~0|none~1|+|none~0|none~1|conv~2|", "line 3 .*: no architecture"),
        ("mean", r"line 3 \('mean'\): no architecture"),
        ("3 1 0 3 1 3", r"line 3 \('3 1 0 3 1 3'\): not of the dialect of the others"),
        ("[(('none', 0),), (('none', 0), ('none', 1))]", "line 3 .*: no architecture"),
        ("[(('none', 0),), (('none', 0), ('none', 0)), (('none', 0), ('none', 1), ('none', 2))]", "line 3"),
        ("{'0-1': 'none'}", "line 3 .*: no architecture"),
        ("{'0-4': 'none'}", "line 3 .*: no architecture"),
        ("[" * 1000, "line 3"),
        ("(1, 2", "line 3"),
    ],
)
def test_a_row_of_no_dialect_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'arch,score\n{NB.text(CELLS[0])},1\n"{text}",2\n{NB.text(CELLS[1])},1\n')
    with pytest.raises(ValueError, match=message):
        read_table(f"{path}:score")


@pytest.mark.parametrize("text", ["007", "-1", "15625", "1.0", "99999999999"])
def test_what_is_no_index(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"index,score\n0,1\n{text},2\n")
    with pytest.raises(ValueError, match=f"line 3 .'{text}'.: no architecture of NAS-Bench-201; index reads"):
        read_table(f"{path}:score", space="nasbench201")


def test_numbers_of_rows_are_not_taken_for_an_index(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",score\n0,5\n1,6\n2,7\n")
    with pytest.raises(ValueError, match="only counts the rows; if that is NAS-Bench-201's index, say"):
        read_table(f"{path}:score", space="nasbench201")
    found = read_table(Asked(spec=f"{path}:score", arch_column="unnamed"), space="nasbench201")
    assert found.keys == [0, 1, 2]


def test_a_value_that_holds_itself_is_refused() -> None:
    endless: list = []
    endless.append(endless)
    shared: tuple = ()
    for _ in range(60):
        shared = (shared, shared)
    for value in (endless, shared):
        with pytest.raises(ValueError, match="more than 200 values"):
            spelling(value)
