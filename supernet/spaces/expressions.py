"""What a cell computes, as a symbolic sum: equal expressions are one function of the same shared weights.

An expression is a sum of terms, each an *atom* times a coefficient; the empty sum is zero. An atom is the cell's
input or an operation applied to an expression. A skip connection is the identity and sums are commutative, so
both disappear; operations are opaque (that pooling is linear is not used). Nothing here depends on numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

# A term is (atom, coefficient), an atom (name, Expression); written as Any because the type is recursive.
Atom = tuple[str, Any]
Expression = tuple[tuple[Atom, int | Fraction], ...]

ZERO: Expression = ()
INPUT: Expression = ((("", ()), 1),)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What decides, apart from the cells themselves, whether two cells are the same function.

    keeps_zero: whether a convolution with its BN maps zero to zero: only where BN is not affine and uses the
    statistics of the batch, or statistics that were made anew by batches through the same path.
    linear_transformers: see NetworkConfig; they make skip connections weights of their own.
    mean: whether nodes average their inputs.
    """

    keeps_zero: bool = True
    linear_transformers: str = "none"
    mean: bool = False


def applied(name: str, argument: Expression, keeps_zero: bool = True) -> Expression:
    """The operation `name` of an expression. With keeps_zero the operation of zero is zero, else a constant."""
    return ZERO if not argument and keeps_zero else (((name, argument), 1),)


def combined(parts: Iterable[Expression], divisor: int = 1) -> Expression:
    """The sum of expressions over a divisor, its terms in an order that depends on the terms alone."""
    totals: dict[Atom, int | Fraction] = {}
    for part in parts:
        for atom, coefficient in part:
            totals[atom] = totals.get(atom, 0) + coefficient
    scale = 1 if divisor == 1 else Fraction(1, divisor)
    return tuple(sorted((atom, coefficient * scale) for atom, coefficient in totals.items()))


def atoms(expression: Expression) -> set[Atom]:
    """All atoms that an expression is made of, at any depth."""
    found: set[Atom] = set()
    for atom, _ in expression:
        found |= {atom} | atoms(atom[1])
    return found
