"""Blox's hash against the values that the benchmark publishes."""

from __future__ import annotations

import hashlib
import itertools

import pytest

from supernet.spaces.blox.hash import model_hash
from supernet.spaces.blox.space import Blox

SPACE = Blox()


def test_example_of_the_benchmarks_guide() -> None:
    architecture = SPACE.parse("[[0],[1,1,1,1]],[[1],[1,1,0,0]],[[0],[0,1,1,0]]")
    assert model_hash(architecture) == "c3bc16e69893c8ea08f1e89e61f4caa5"


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (0, "39554afd1b33a44663e653ad10137b9a"),
        (45, "4f75e0ee8dddc632bec18fd53664767f"),
        (91124, "8727035c55e96f431cf0268cb2bb878c"),
    ],
)
def test_known_positions(index: int, expected: str) -> None:
    assert model_hash(next(itertools.islice(SPACE.enumerate(), index, None))) == expected


def test_every_encoding_of_a_model_has_its_hash() -> None:
    st1 = [(a, 1, 0, 1, 0) for a in range(3)] + [(1, a, 0, 0, 1) for a in range(3)]
    st6 = [(2, 0, 0, 1, 1), (0, 2, 0, 1, 1)]
    for first, second in itertools.product(st1, st6):
        architecture = first + second + first
        assert model_hash(architecture) == model_hash(SPACE.canonical(architecture))


@pytest.mark.parametrize("stage", range(3))
def test_invalid_has_none(stage: int) -> None:
    blocks = [(0, 1, 1, 0, 0)] * 3
    blocks[stage] = (2, 2, 0, 0, 0)
    assert model_hash(sum(blocks, ())) is None


def test_all_91125_hashes() -> None:
    """Checksum of the official list; about 20 s, the one slow test of the spaces."""
    hashes = [str(model_hash(architecture)) for architecture in SPACE.enumerate()]
    assert len(set(hashes)) == 91125
    joined = "\n".join(hashes).encode()
    assert (
        hashlib.sha256(joined).hexdigest()
        == "be9fa16a9030029ae85e25703e91b8b3df4eb895d1c09a2a51395b251f86b512"
    )
