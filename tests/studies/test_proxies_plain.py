"""The estimator against the benchmark's reference: every proxy by itself, written independently."""

from __future__ import annotations

import pytest

from benchmarks.proxies import ARCHITECTURES, check, ours, plain, random_task
from studies.estimators.zero_cost import PROXIES


@pytest.mark.parametrize("space", sorted(ARCHITECTURES))
def test_scores_are_those_of_plain_code(space: str) -> None:
    task, architecture = random_task(space, quick=True), ARCHITECTURES[space]
    found = ours(task, architecture, PROXIES, 8)
    for name in PROXIES:
        check({name: found[name]}, plain(task, architecture, name, 8))


def test_a_difference_is_seen() -> None:
    with pytest.raises(AssertionError, match=r"snip: 1\.1 is not 1\.0"):
        check({"snip": 1.1}, {"snip": 1.0})
