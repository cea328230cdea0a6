"""Which images train, which validate: positions by fixed rules, the same on every machine with every release.

Random orders come from SHA-256 of the position, or from NumPy's legacy generator, which is frozen.

study      valid: a tenth of the training images, of each class alike (CIFAR: 45,000 / 5,000)
half       the images that NAS-Bench-201 halves, halved by our own rule, of each class alike
benchmark  the same with NAS-Bench-201's own halves, from its authors' files: see published_splits.py
blox       Blox's: the last 5,000 of a permutation of 50,000
own        the data set's own parts
"""

from __future__ import annotations

import hashlib

import numpy as np

Index = np.ndarray[tuple[int], np.dtype[np.int64]]


def hashed_order(count: int, key: str) -> Index:
    """The positions 0..count - 1 in an order that looks random and depends on `key` alone."""
    digests = [hashlib.sha256(f"{key}:{position}".encode()).digest()[:8] for position in range(count)]
    return np.argsort(np.array(digests, dtype="S8"), kind="stable")


def _ranks(labels: Index, key: str) -> Index:
    """Of every image, its place (from 0) among the images of its class, in hashed order."""
    order = hashed_order(len(labels), key)
    by_class = order[np.argsort(labels[order], kind="stable")]
    sizes = np.bincount(labels)
    ranks = np.empty(len(labels), np.int64)
    ranks[by_class] = np.concatenate([np.arange(size) for size in sizes])
    return ranks


def proportional(labels: Index, count: int, key: str) -> Index:
    """`count` positions, ascending: of each class as large a part as of the others, as nearly as whole images allow
    (the method of Sainte-Laguë)."""
    place = (_ranks(labels, key) + 0.5) / np.bincount(labels)[labels]
    return np.sort(np.lexsort((labels, place))[:count])


def balanced(labels: Index, count: int, key: str) -> Index:
    """`count` positions, ascending: of each class as many images as of the others, to within one, while it has them.
    Fewer are always a part of more."""
    return np.sort(np.lexsort((labels, _ranks(labels, key)))[:count])


def rest(count: int, taken: Index) -> Index:
    """The positions 0..count - 1 that were not taken, ascending."""
    left = np.ones(count, bool)
    left[taken] = False
    return np.flatnonzero(left)


def study(labels: Index) -> tuple[Index, Index]:
    """(train, valid)."""
    valid = proportional(labels, len(labels) // 10, "study")
    return rest(len(labels), valid), valid


def half(labels: Index) -> tuple[Index, Index]:
    """(first half, second half); of an odd number the second has one more."""
    first = proportional(labels, len(labels) // 2, "half")
    return first, rest(len(labels), first)


def blox(labels: Index) -> tuple[Index, Index]:
    """(train, valid), in the order of the permutation. Source: Chau et al. (NeurIPS 2022), the released training code.

    ValueError for other than 50,000 images."""
    if len(labels) != 50_000:
        raise ValueError(f"split: 'blox' is of 50,000 training images; there are {len(labels)}")
    order = np.random.RandomState(0).permutation(50_000)
    return order[:45_000], order[45_000:]
