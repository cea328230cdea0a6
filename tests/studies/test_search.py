"""Searches over a table: curves known exactly, costs by hand, gradients by differences, sums by brute force."""

from __future__ import annotations

import itertools
from collections import deque
from contextlib import suppress

import numpy as np
import pytest

from analysis.statistics.best_of import expected_best
from studies.search.bench import FREE, Bench, Over
from studies.search.look_up import generator
from studies.search.methods import METHODS, with_settings
from studies.search.methods.evolution import Evolution
from studies.search.methods.hyperband import Hyperband
from studies.search.methods.integer_program import best_sums, separate
from studies.search.methods.q_learning import Agent, QLearning
from studies.search.methods.ranking import SumRanking
from studies.search.methods.reinforce import Controller, Reinforce
from studies.search.pool import INVALID, Pool, Worth, alphabets_of, make_pool
from supernet.spaces import get_space

MASK = ("bconv", "mbconv", "ST2", "ST3", "ST4")  # leaves three blocks: ST1, ST5 and ST6 of conv


@pytest.fixture(scope="module")
def blox() -> tuple[Pool, Pool]:
    """27 models of Blox with raw and with unique encodings."""
    space = get_space("blox", MASK)
    models = list(space.unique())
    return make_pool(space, models, unique=False), make_pool(space, models, unique=True)


def worth(n: int, seed: int = 0, epochs: int | None = None) -> Worth:
    rng = np.random.default_rng(seed)
    values = rng.permutation(n).astype(float) * 100 / n
    curves = None if epochs is None else values[:, None] * np.linspace(0.5, 1, epochs)
    return Worth(objective=values, epochs=epochs, macs=np.arange(1.0, n + 1), curves=curves)


def searched(
    search: object, pool: Pool, value: Worth, budget: float, run: int = 0, unit: str = "trainings"
) -> Bench:
    bench = Bench(pool, value, budget=budget, unit=unit, number=run)
    with suppress(Over):
        search.run(bench, generator(run))  # type: ignore[attr-defined]
    return bench


# Random search in expectation


@pytest.mark.parametrize("weights", [None, [1, 1, 2, 3, 1, 1]])
def test_the_expected_best_is_that_of_all_draws(weights: list[int] | None) -> None:
    """Ties among the values; the mean over every ordered draw, each with its probability."""
    values, also = np.array([1.0, 3, 3, 2, 5, 0]), np.array([10.0, 20, 40, 5, 7, 0])
    best, other = expected_best(values, 3, also=also, weights=weights)
    for m in (1, 2, 3):
        draws = (
            itertools.permutations(range(6), m) if weights is None else itertools.product(range(6), repeat=m)
        )
        total, sums = 0.0, np.zeros(2)
        for draw in draws:
            p = 1.0 if weights is None else float(np.prod([weights[one] for one in draw]))
            chosen = max(draw, key=lambda one: values[one])  # the first of equals
            total, sums = total + p, sums + p * np.array([values[chosen], also[chosen]])
        assert (best[m - 1], other[m - 1]) == pytest.approx(sums / total)
    with pytest.raises(ValueError, match="draws: 0"):
        expected_best(values, 0)


def test_searches_without_learning_are_random_search(blox: tuple[Pool, Pool]) -> None:
    """Random draws, also among invalid and duplicate encodings, and a REINFORCE that does not learn lie on the exact
    curve within four standard errors; so does the beginning of evolution, which later lies above it."""
    value = worth(27)
    raw, _ = expected_best(value.objective, 8, weights=blox[0].weights)
    unique, _ = expected_best(value.objective, 8)
    assert_lies_on(raw[-1], METHODS["random"](), blox[0], value, 8, 400)
    assert_lies_on(unique[-1], METHODS["random"](), blox[1], value, 8, 400)
    space = get_space("macro")
    pool = make_pool(space, list(space.enumerate()), unique=False)
    values = np.array([sum(one) for one in pool.architectures]) * 6.0
    structured = Worth(objective=values, epochs=None, macs=values)
    exact, _ = expected_best(values, 200, weights=np.ones(len(values)))
    assert_lies_on(exact[7], Reinforce(width=2, rate=0, scale=0), pool, structured, 8, 150)
    assert_lies_on(exact[15], Evolution(pool=16, sample=4), pool, structured, 16, 150)
    found = [
        searched(Evolution(pool=16, sample=4), pool, structured, 200, run).ledger.score for run in range(10)
    ]
    assert min(score for score in found if score is not None) > exact[-1]


def assert_lies_on(exact: float, search: object, pool: Pool, value: Worth, budget: int, runs: int) -> None:
    found = np.array(
        [searched(search, pool, value, budget, run).ledger.score for run in range(runs)], dtype=float
    )
    assert abs(found.mean() - exact) < 4 * found.std(ddof=1) / np.sqrt(runs)


# Encodings


def test_raw_encodings_are_the_papers() -> None:
    """Blox: 3 operations twice and three flags a stage. Without bconv, ST2 and ST4 20 of 32 encodings of a block are
    valid, 8 of them of ST1, which are 2 blocks."""
    assert [len(one) for one in alphabets_of(get_space("blox"))] == [3, 3, 2, 2, 2] * 3
    space = get_space("blox", ["bconv", "ST2", "ST4"])
    pool = make_pool(space, list(space.unique()), unique=False)
    assert (len(pool.rows), len(pool.valid), pool.missing) == (32**3, 20**3, 0)
    assert pool.weights.sum() == 20**3
    st1 = pool.architectures.index((0, 0, 0, 1, 0) * 3)
    assert pool.weights[st1] == 4**3
    for code in pool.valid[::997]:
        encoding = tuple(a[v] for a, v in zip(pool.alphabets, pool.values(int(code)), strict=True))
        assert pool.code(pool.values(int(code))) == code
        assert space.canonical(encoding) == pool.architectures[pool.rows[code]]


def test_invalid_and_known_encodings_cost_nothing(blox: tuple[Pool, Pool]) -> None:
    raw, unique = blox
    invalid, valid = int(np.flatnonzero(raw.rows == INVALID)[0]), int(raw.valid[0])
    bench = Bench(raw, worth(27), budget=2)
    assert bench.train(invalid) is None
    assert bench.train(valid) is not None
    assert bench.ledger.spent["trainings"] == 1
    with pytest.raises(Over):
        bench.train(valid)  # raw: a duplicate is trained again, and that was the budget
    known = Bench(unique, worth(27), budget=2)
    first = known.train(valid)
    assert [known.train(valid) for _ in range(FREE - 1)] == [first] * (FREE - 1)
    with pytest.raises(Over):
        known.train(valid)
    assert known.ledger.spent["trainings"] == 1


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_finds_the_best_of_unique_networks_and_ends(name: str, blox: tuple[Pool, Pool]) -> None:
    """No budget ends the search of 27 networks: it ends of itself, and has trained none twice."""
    value = worth(27, epochs=4)
    small = {"model": "ridge", "features": "counts"} if name == "brp-nas" else {}
    ledger = searched(with_settings(name, small), blox[1], value, 1e6).ledger
    events = ledger.frame()
    trained = events[(events["kind"] == "trained")]["subject"]
    if name != "hyperband":  # a bracket needs more than there are, so it ends at once
        assert trained.is_unique
    if name in ("random", "evolution", "local-search", "brp-nas", "predictor-evolution"):
        assert ledger.score == value.objective.max()
    assert ledger.spent["trainings"] == pytest.approx(events["trainings"].sum())


# Evolution


class Recorded(Evolution):
    """Keeps the children, and the pool when each was made."""

    def child(self, bench: Bench, members: deque[tuple[float, int]], rng: np.random.Generator) -> int:
        code = super().child(bench, members, rng)
        history.append((code, list(members)))
        return code


history: list[tuple[int, list[tuple[float, int]]]] = []


def test_a_member_leaves_after_as_many_births_as_the_pool_has_members() -> None:
    space = get_space("macro")
    pool = make_pool(space, list(space.enumerate()), unique=False)
    history.clear()
    bench = searched(Recorded(), pool, worth(6561), 300)
    codes = [int(row) for row in bench.ledger.frame().query("kind == 'trained'")["subject"]]
    assert [int(pool.rows[code]) for code, _ in history] == codes[64:]
    for birth, (_, members) in enumerate(history):
        assert [int(pool.rows[code]) for _, code in members] == codes[birth : birth + 64]


def test_a_sample_of_the_whole_pool_has_its_best_as_parent() -> None:
    rng = np.random.default_rng(0)
    members = deque((float(value), code) for code, value in enumerate(rng.permutation(10)))
    parent = Evolution(pool=10, sample=10).parent(members, rng)
    assert members[parent][0] == 9


def test_children_of_random_parents_are_uniform() -> None:
    """The mutation is doubly stochastic: with samples of one every child is uniform over the encodings. Chi-squared of
    the first and of the tenth child of 1,000 searches over 3^3 encodings."""
    space = get_space("macro", [f"{op}@{layer}" for op in ("mb3_k3", "mb6_k5") for layer in range(4, 9)])
    pool = make_pool(space, list(space.enumerate()), unique=False)
    assert len(pool.rows) == 27
    value = worth(27)
    counts = np.zeros((2, 27))
    for run in range(1000):
        events = searched(Evolution(pool=3, sample=1), pool, value, 13, run).ledger.frame()
        rows = events[events["kind"] == "trained"]["subject"].to_numpy()
        counts[0, rows[3]] += 1
        counts[1, rows[12]] += 1
    expected = 1000 / 27
    chi = ((counts - expected) ** 2 / expected).sum(1)
    assert (abs(chi - 26) < 4 * np.sqrt(2 * 26)).all()


# Hyperband


def test_brackets_and_costs_are_the_specified_ones() -> None:
    """R = 100 and eta = 3: 81, 34, 15, 8 and 5 models, 143 in all, 23.48 whole trainings, 19.5 where they are
    resumed. With 81 epochs no rung is rounded."""
    brackets = Hyperband().brackets()
    assert [bracket[0].models for bracket in brackets] == [81, 34, 15, 8, 5]
    assert [rung.models for rung in brackets[1]] == [34, 11, 3, 1]
    assert [Hyperband().epochs(rung, 200) for rung in brackets[0]] == [2, 7, 22, 67, 200]
    assert [Hyperband().epochs(rung, 8) for rung in brackets[0]] == [1, 1, 1, 3, 8]
    assert len(Hyperband(R=243).brackets()) == 6  # log(243) / log(3) is below 5 in floating point
    space = get_space("macro")
    pool = make_pool(space, list(space.enumerate()), unique=True)
    value = worth(6561, epochs=81)
    for resumed, cost in ((False, 23.48), (True, 19.5)):
        search = Hyperband(resumed=resumed)
        whole = sum(
            rung.models * (search.epochs(rung, 81) - (search.epochs(before, 81) if resumed and before else 0))
            for bracket in search.brackets()
            for before, rung in zip([None, *bracket], bracket, strict=False)
        )
        ledger = searched(search, pool, value, whole, unit="epochs").ledger
        events = ledger.frame()
        assert round(ledger.spent["trainings"], 2 - resumed) == cost
        assert ledger.count("drawn") == (143 if resumed else ledger.count("trained"))
        assert events["subject"].nunique() == 143
        # The last event is the fifth whole training of the last bracket.
        assert (events["subject"].tail(1) == events[events["epochs"] == 81]["subject"].tail(1)).all()


# Learning


def test_the_gradient_of_one_position_is_its_closed_form() -> None:
    """A bandit of five arms: sum over a of pi(a) r(a) grad log pi(a), whatever the baseline, is the derivative of the
    expected reward, here by differences. And of an encoding of three positions, that of log pi and the entropy."""
    rng = np.random.default_rng(0)
    rewards = rng.random(5)
    settings = Reinforce(width=3, entropy=0, rate=0)
    bandit = Controller((5,), settings, rng, np.float64)

    def expected() -> float:
        return float(bandit.draw(rng, [0]).probabilities[0] @ rewards)

    for baseline in (0.0, 7.0):
        total = np.zeros_like(bandit.parameters.vector)
        for arm in range(5):
            drawn = bandit.draw(rng, [arm])
            bandit.differentiate(drawn, rewards[arm] - baseline)
            total += drawn.probabilities[0][arm] * bandit.gradient.vector
        np.testing.assert_allclose(total, differences(bandit, expected), atol=1e-9)

    longer = Controller((2, 3, 2), Reinforce(width=3, entropy=0.3), rng, np.float64)

    def objective() -> float:
        drawn = longer.draw(rng, [1, 2, 0])
        log = sum(float(np.log(p[v])) for p, v in zip(drawn.probabilities, drawn.values, strict=True))
        return 1.7 * log + 0.3 * sum(float(-p @ np.log(p)) for p in drawn.probabilities)

    longer.differentiate(longer.draw(rng, [1, 2, 0]), 1.7)
    np.testing.assert_allclose(longer.gradient.vector, differences(longer, objective), atol=1e-9)


def differences(controller: Controller, value: object, step: float = 1e-5) -> np.ndarray:
    vector = controller.parameters.vector
    found = np.empty_like(vector)
    for place in range(len(vector)):
        kept = vector[place]
        sides = []
        for sign in (1, -1):
            vector[place] = kept + sign * step
            sides.append(value())  # type: ignore[operator]
        vector[place] = kept
        found[place] = (sides[0] - sides[1]) / (2 * step)
    return found


def test_reinforce_learns_what_is_best() -> None:
    space = get_space("macro")
    pool = make_pool(space, list(space.enumerate()), unique=False)
    values = (
        np.array([sum(architecture) for architecture in pool.architectures]) * 6.0
    )  # the last operation is best
    value = Worth(objective=values, epochs=None, macs=values)
    events = (
        searched(Reinforce(width=16, rate=0.02), pool, value, 600).ledger.frame().query("kind == 'trained'")
    )
    assert events["value"].tail(50).mean() > events["value"].head(50).mean() + 15


def test_the_agent_learns_returns_and_returns_to_no_encoding(blox: tuple[Pool, Pool]) -> None:
    pool, rng = blox[0], np.random.default_rng(0)
    agent = Agent(pool, QLearning(rate=1e-2), rng)
    states = [int(pool.valid[0])]
    moves = agent.moves(states)
    assert len(moves) == sum(pool.arity) - len(pool.arity)
    assert all(
        pool.changed(states[0], place, step) in dict(map(reversed, moves)) for place, step in pool.choices
    )
    assert states[0] not in [state for _, state in agent.moves([states[0], moves[0][1]])]
    steps = [(states[0], action, place / len(moves)) for place, (action, _) in enumerate(moves)]
    for _ in range(400):
        agent.learn(steps)
    predicted = agent.forward(states[:1])[-1][0]
    assert max(abs(predicted[action] - target) for _, action, target in steps) < 0.02
    assert agent.act(states, np.random.default_rng(1))[0] == moves[-1][0]


# The integer program


@pytest.mark.parametrize("limit", [1e9, 9.0, 4.0])
def test_the_integer_program_is_brute_force(limit: float) -> None:
    rng = np.random.default_rng(0)
    values, costs = [rng.normal(size=n) for n in (4, 3, 5)], [rng.random(n) * 5 for n in (4, 3, 5)]
    every = [
        choice
        for choice in itertools.product(*map(range, (4, 3, 5)))
        if sum(c[i] for c, i in zip(costs, choice, strict=True)) <= limit
    ]
    every.sort(key=lambda choice: -sum(v[i] for v, i in zip(values, choice, strict=True)))
    found = list(itertools.islice(best_sums(values, costs, limit), 12))
    assert found == every[:12]
    if len(every) < 12:
        assert len(found) == len(every)


def test_a_search_by_sums_is_the_sorted_table_within_the_limit() -> None:
    """Of NAS-Bench-201 by MACs at most of the cells' median: as the sorted list, up to ties."""
    space = get_space("nasbench201", ["none", "avg_pool_3x3"])
    cells = list(space.enumerate())
    costs = np.array([space.cost(cell).macs for cell in cells], dtype=float)
    rng = np.random.default_rng(0)
    table = rng.normal(size=(6, 5))
    score = np.array([sum(table[edge, op] for edge, op in enumerate(cell)) for cell in cells])
    limit = float(np.median(costs))
    search = SumRanking(
        score=separate(space, cells, score, "score"), cost=separate(space, cells, costs, "macs"), limit=limit
    )
    pool = make_pool(space, cells, unique=False).without(costs > limit)
    trained = searched(search, pool, Worth(objective=score, epochs=None, macs=costs), 15).ledger.frame()
    rows = trained.query("kind == 'trained'")["subject"].tolist()
    assert rows == sorted(np.flatnonzero(costs <= limit), key=lambda row: -score[row])[:15]
    # Where networks are unique, a cell that is the network of an earlier one costs nothing.
    networks = make_pool(space, cells, unique=True).without(costs > limit)
    value = Worth(objective=score, epochs=None, macs=costs)
    once = searched(search, networks, value, 15).ledger.frame().query("kind == 'trained'")["subject"].tolist()
    order = sorted(np.flatnonzero(costs <= limit), key=lambda row: -score[row])
    forms = [int(networks.rows[networks.code_of(cells[row])]) for row in order]
    assert once == [row for row in dict.fromkeys(forms) if row >= 0][:15]
    with pytest.raises(ValueError, match="macs is not a sum over places: the nearest one misses it by up to"):
        separate(space, cells, costs**2, "macs")


def test_settings_are_read_by_their_types() -> None:
    assert with_settings("hyperband", {"eta": "4", "resumed": "false"}) == Hyperband(eta=4, resumed=False)
    with pytest.raises(ValueError, match="'yes' is not true or false"):
        with_settings("hyperband", {"resumed": "yes"})
