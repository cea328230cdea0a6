"""What predictors see of architectures, and the models that learn from it."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from studies.estimators.compute.predictors.brp_nas import BrpNas as BrpNasModel
from studies.estimators.compute.predictors.features import encoded, graph_features, graphs
from studies.estimators.compute.predictors.gcn import Gcn as GcnModel
from studies.estimators.compute.predictors.inputs import Graphs, Inputs, transformed
from studies.estimators.compute.predictors.models import MODELS, make
from studies.estimators.predictor_models import (
    FEATURES,
    SETTINGS,
    Average,
    BrpNas,
    Forest,
    Gcn,
    GraphModel,
    Ridge,
)
from supernet.spaces import SPACES, Space, get_space
from supernet.spaces.nasbench201.graph import EDGES, OPERATIONS
from tests.supernet.layers.space import Layers


def columns_of(space: Space, architectures: list[tuple[int, ...]], *groups: str) -> list[dict[str, float]]:
    names, values = graph_features(space, architectures, groups or FEATURES)
    assert len(set(names)) == len(names)
    assert values.shape == (len(architectures), len(names))
    return [dict(zip(names, row, strict=True)) for row in values.tolist()]


def raw_encodings(space: Space, count: int, seed: int) -> list[tuple[int, ...]]:
    """Valid encodings, canonical or not."""
    rng = random.Random(seed)
    numbers = 3 if space.name != "nasbench201" else 5
    found: list[tuple[int, ...]] = []
    while len(found) < count:
        architecture = tuple(
            rng.randrange(2 if space.name == "blox" and i % 5 > 1 else numbers)
            for i in range(space.parts * space.cell_length)
        )
        if space.is_valid(architecture):
            found.append(architecture)
    return found


# Features


@pytest.mark.parametrize("name", SPACES)
def test_equal_functions_have_equal_features(name: str) -> None:
    space = get_space(name)
    raw = raw_encodings(space, 60, 1)
    canonical = [space.canonical(architecture) for architecture in raw]
    assert raw != canonical
    groups = [group for group in FEATURES if group != "costs"]
    assert columns_of(space, raw, *groups) == columns_of(space, canonical, *groups)
    given, same = graphs(space, raw), graphs(space, canonical)
    assert (given.adjacency == same.adjacency).all()
    assert (given.operations == same.operations).all()


@pytest.mark.parametrize("name", SPACES)
def test_distinct_models_differ_and_rows_do_not_depend_on_each_other(name: str) -> None:
    space = get_space(name)
    architectures = list({space.stand_alone_form(a): a for a in space.sample(40, 3)}.values())
    whole = columns_of(space, architectures)
    assert whole[7:9] == columns_of(space, architectures[7:9])
    assert len({tuple(row.values()) for row in whole}) == len(architectures) > 30


def test_paths_of_a_cell_are_those_of_its_multigraph() -> None:
    """Against networkx, on the cell as it is published: nodes are sums, edges operations."""
    space = get_space("nasbench201")
    cells = [space.stand_alone_form(space.canonical(cell)) for cell in raw_encodings(space, 40, 2)]
    allowed = OPERATIONS[1:]
    for cell, found in zip(cells, columns_of(space, cells, "counts", "paths"), strict=True):
        operation = {edge: OPERATIONS[number] for edge, number in zip(EDGES, cell, strict=True)}
        graph = nx.DiGraph([edge for edge in EDGES if operation[edge] != "none"])
        graph.add_nodes_from(range(4))
        paths = [
            [operation[edge] for edge in itertools.pairwise(nodes)]
            for nodes in nx.all_simple_paths(graph, 0, 3)
        ]
        on_paths = {edge for nodes in nx.all_simple_paths(graph, 0, 3) for edge in itertools.pairwise(nodes)}
        for size in range(1, 5):
            for subset in itertools.combinations(allowed, size):
                name = "+".join(subset)
                inside = [len(path) for path in paths if set(path) <= set(subset)]
                uses = [len([step for step in path if step in subset]) for path in paths]
                assert found[f"cell: paths of {name}"] == len(inside)
                assert found[f"cell: shortest path of {name}"] == (min(inside) if inside else 7)
                assert found[f"cell: longest path of {name}"] == max(inside, default=0)
                assert found[f"cell: most {name} on a path"] == max(uses)
                assert found[f"cell: mean {name} on a path"] == pytest.approx(sum(uses) / len(uses))
                first = [edge for edge in on_paths if edge[0] == 0 and operation[edge] in subset]
                last = [edge for edge in on_paths if edge[1] == 3 and operation[edge] in subset]
                assert (found[f"cell: {name} first"], found[f"cell: {name} last"]) == (len(first), len(last))
        for kind in allowed:
            assert found[f"cell: {kind}"] == sum(operation[edge] == kind for edge in on_paths)


def test_features_of_a_blox_model_by_hand() -> None:
    """conv(x) | bconv(mbconv(x) + x) + mbconv(x) | conv(x) + bconv(x)."""
    space = get_space("blox")
    (found,) = columns_of(space, [(0, 0, 0, 1, 0, 1, 2, 1, 1, 1, 2, 0, 0, 1, 1)])
    shape = ("paths of {}", "shortest path of {}", "longest path of {}", "{} first", "{} last")
    every = "conv+mbconv+bconv"
    by_stage = [[found[f"stage {stage}: {name.format(every)}"] for name in shape] for stage in (1, 2, 3)]
    assert by_stage == [[1, 1, 1, 1, 1], [3, 1, 2, 2, 2], [2, 1, 1, 2, 2]]
    assert found["stage 2: paths of mbconv"] == found["stage 2: paths of bconv"] == 1
    assert [found[f"stage 1: {name}"] for name in ("conv", "mbconv", "bconv")] == [1, 0, 0]
    assert found["ln_params"] == pytest.approx(
        np.log(space.cost((0, 0, 0, 1, 0, 1, 2, 1, 1, 1, 2, 0, 0, 1, 1)).params)
    )


def test_a_space_that_says_nothing_of_its_graph_is_a_chain() -> None:
    space = Layers()
    (found,) = columns_of(space, [(0, 1, 2, 2, 0)])
    every = "identity+conv_1x1+conv_3x3"
    assert [found[f"stage {stage}: longest path of {every}"] for stage in (1, 2)] == [2, 3]
    assert [found[f"stage 2: {name} first"] for name in ("identity", "conv_1x1", "conv_3x3")] == [0, 0, 1]
    assert found["stage 2: longest path of conv_3x3"] == 0
    assert (
        graphs(space, [(0, 1, 2, 2, 0)]).adjacency.sum() == 8 + 7 + 6
    )  # global; global aside, itself; successors


def test_a_cell_without_a_path_has_no_live_operation() -> None:
    space = get_space("nasbench201")
    (found,) = columns_of(space, [(3, 0, 0, 0, 0, 0)], "counts", "paths", "places", "adjacency")
    assert {value for name, value in found.items() if "shortest" not in name} == {0}
    assert not encoded(space, [space.graph((3, 0, 0, 0, 0, 0))]).live[0, 2:-1].any()


def test_unknown_features_are_refused() -> None:
    with pytest.raises(ValueError, match="features: 'colour' is not one of counts, paths"):
        graph_features(get_space("macro"), [(0,) * 8], ["colour"])


def test_inputs_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="table: column 'b' has values that are not finite"):
        Inputs(np.array([[1.0, np.nan]]), ("a", "b"))


# Every model


def test_every_setting_has_its_model() -> None:
    assert SETTINGS.keys() == MODELS.keys()
    assert all(settings().kind == kind for kind, settings in SETTINGS.items())


@pytest.fixture(scope="module")
def macro() -> tuple[Inputs, np.ndarray]:
    """Forty networks and labels that rise with their blocks."""
    space = get_space("macro")
    architectures = space.sample(40, 5)
    names, table = graph_features(space, architectures)
    labels = np.array([60 + 2 * sum(architecture) + architecture[0] for architecture in architectures], float)
    return Inputs(table, names, graphs(space, architectures)), labels


@pytest.mark.parametrize("kind", SETTINGS)
def test_models_are_deterministic_and_leave_the_global_state(
    kind: str, macro: tuple[Inputs, np.ndarray]
) -> None:
    x, labels = macro
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first, second = (make(SETTINGS[kind]().small()) for _ in range(2))
    first.fit(x[:20], labels[:20], 1)
    second.fit(x[20:], labels[20:], 7)
    second.fit(x[:20], labels[:20], 1)  # what was learned before is forgotten
    assert first.predict(x).tobytes() == second.predict(x).tobytes()
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_an_average_is_of_standardised_predictions(macro: tuple[Inputs, np.ndarray]) -> None:
    x, labels = macro
    model = make(Average(members=("ridge", "forest"), target="accuracy"))
    model.fit(x[:20], labels[:20], 3)
    parts = []
    for settings in (Ridge(), Forest(target="accuracy")):
        member = make(settings)
        member.fit(x[:20], labels[:20], 3)
        fitted = member.predict(x[:20])
        parts.append((member.predict(x) - fitted.mean()) / fitted.std())
    np.testing.assert_allclose(model.predict(x), np.mean(parts, axis=0), rtol=1e-12)


def test_second_order_recovers_any_quadratic() -> None:
    rng = np.random.default_rng(0)
    x, names = rng.normal(3, 2, (200, 3)), ("a", "b", "c")
    weights = rng.normal(size=(3, 3))
    labels = np.einsum("ni,ij,nj->n", x, weights, x) + x @ rng.normal(size=3) + 2
    model = make(Ridge(alphas=()))
    model.fit(Inputs(x[:30], names), labels[:30], 0)
    assert np.abs(model.predict(Inputs(x, names)) - labels).max() < 1e-10 * np.abs(labels).max()


def test_least_squares_does_not_depend_on_units() -> None:
    rng = np.random.default_rng(1)
    x, names, labels = rng.normal(size=(60, 3)), ("a", "b", "c"), rng.normal(size=40)
    moved = Inputs(x * [2, 1e3, 1e-3] + [5, -7, 11], names)
    predictions = []
    for inputs in (Inputs(x, names), moved):
        model = make(Ridge(alphas=()))
        model.fit(inputs[:40], labels, 0)
        predictions.append(model.predict(inputs))
    np.testing.assert_allclose(*predictions, atol=1e-9)


# Graph networks


def of_graphs(raw: Graphs) -> Inputs:
    return Inputs(graphs=raw)


@pytest.fixture(scope="module")
def blox() -> tuple[Inputs, np.ndarray]:
    """Ten models of Blox with labels in no order."""
    space = get_space("blox")
    return of_graphs(graphs(space, space.sample(10, 4))), np.random.default_rng(2).permutation(10) + 60.0


QUICK = {"epochs": 3, "width": 16}
GRAPH_MODELS = (Gcn(**QUICK), BrpNas(**QUICK), BrpNas(head="concat", **QUICK))


@pytest.mark.parametrize("settings", GRAPH_MODELS, ids=["gcn", "naive", "concat"])
def test_the_order_of_nodes_and_dead_slots_do_not_matter(
    settings: GraphModel, blox: tuple[Inputs, np.ndarray]
) -> None:
    model = make(settings)
    model.fit(*blox, 3)
    space = get_space("blox")
    # Twelve encodings of a model: ST1 has six, ST6 two, ST4 one.
    st1 = [(o, 0, 0, 1, 0) for o in range(3)] + [(0, o, 0, 0, 1) for o in range(3)]
    st6 = [(0, 2, 0, 1, 1), (2, 0, 0, 1, 1)]
    raw = [a + b + c for a in st1 for b in st6 for c in [(2, 1, 1, 0, 1)]]
    assert len({space.canonical(architecture) for architecture in raw}) == 1
    spelled = encoded(space, [space.graph(architecture) for architecture in raw])
    assert not (spelled.adjacency == spelled.adjacency[0]).all()
    found = model.predict(of_graphs(spelled))
    np.testing.assert_allclose(found, found[0], rtol=0, atol=1e-5)
    assert model.predict(blox[0]).std() > 1e-3  # of different models it is not the same

    order = np.array([0, *np.random.default_rng(0).permutation(np.arange(1, spelled.live.shape[1]))])
    graph = spelled[:1]
    moved = Graphs(graph.operations[:, order], graph.adjacency[:, order][:, :, order], graph.live[:, order])
    np.testing.assert_allclose(model.predict(of_graphs(moved)), found[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_prediction_depends_on_its_own_row_alone(kind: str, macro: tuple[Inputs, np.ndarray]) -> None:
    x, labels = macro
    model = make(SETTINGS[kind]().small())
    model.fit(x[:20], labels[:20], 1)
    alone = np.concatenate([model.predict(x[[row]]) for row in range(20, 40)])
    np.testing.assert_allclose(alone, model.predict(x[20:]), rtol=1e-5, atol=1e-5)


def test_dead_slots_change_the_score_only_if_the_global_node_reads_them(
    blox: tuple[Inputs, np.ndarray],
) -> None:
    space = get_space("blox")
    whole = encoded(space, [space.graph((0, 1, 0, 1, 0) + (1, 1, 1, 0, 0) * 2)])
    live = whole.live[0]
    assert list(live).count(False) == 1
    cut = Graphs(whole.operations[:, live], whole.adjacency[:, live][:, :, live], whole.live[:, live])
    for reads in (False, True):
        model = make(Gcn(global_reads_dead=reads, **QUICK))
        model.fit(*blox, 3)
        difference = abs(model.predict(of_graphs(whole)) - model.predict(of_graphs(cut)))[0]
        assert (difference > 1e-3) == reads


def test_relations_of_one_score_are_bradley_terry(blox: tuple[Inputs, np.ndarray]) -> None:
    x, labels = blox
    model = BrpNasModel(BrpNas(**QUICK))
    model.fit(x, labels, 5)
    better = model.probabilities(x, x).astype(float)
    np.testing.assert_allclose(better + better.T, 1, atol=1e-6)
    np.testing.assert_allclose(np.diag(better), 0.5, atol=1e-6)
    odds = np.log(better / (1 - better))
    np.testing.assert_allclose(odds[:, :, None] + odds[None], odds[:, None, :].repeat(10, 1), atol=1e-4)
    order = model.predict(x).argsort()
    assert (better[np.ix_(order, order)][np.triu_indices(10, 1)] <= 0.5).all()


def test_the_concatenating_head_is_made_antisymmetric(blox: tuple[Inputs, np.ndarray]) -> None:
    x, labels = blox
    model = BrpNasModel(BrpNas(head="concat", **QUICK))
    model.fit(x, labels, 5)
    better = model.probabilities(x, x[:4])
    np.testing.assert_allclose(better, 1 - model.probabilities(x[:4], x).T, atol=1e-6)
    # The head in parts is the head on both embeddings together.
    a, b = model.embedded(x), model.embedded(x[:4])
    together = torch.cat([a[:, None].expand(10, 4, -1), b[None].expand(10, 4, -1)], dim=2)
    whole = model.network.head(together).softmax(dim=2)[..., 0]
    np.testing.assert_allclose(whole.detach(), torch.sigmoid(model.logits(a, b)).detach(), atol=1e-6)


@pytest.mark.parametrize("settings", [Gcn(), BrpNas(), BrpNas(head="concat")])
def test_ten_models_are_learned_by_heart(settings: GraphModel, blox: tuple[Inputs, np.ndarray]) -> None:
    x, labels = blox
    model = make(replace(settings, width=32, dropout=0.0, lr=3e-3, patience=250))
    model.fit(x, labels, 0)
    assert kendalltau(model.predict(x), labels).statistic == pytest.approx(1)


def test_the_best_weights_are_kept_unless_they_alias_the_last(blox: tuple[Inputs, np.ndarray]) -> None:
    """With a learning rate that makes it worse, the last weights are not the best."""
    losses = {}
    for aliased in (False, True):
        model = GcnModel(
            Gcn(width=16, dropout=0, epochs=30, lr=0.5, patience=3, batch=10, aliased_best=aliased)
        )
        model.fit(*blox, 1)
        targets = torch.from_numpy(model.targets(blox[1])).float()
        losses[aliased] = float(model.loss(model.embedded(blox[0]), targets).mean().detach())
    assert losses[False] < losses[True]


def test_a_model_of_several_rounds_begins_with_its_weights(blox: tuple[Inputs, np.ndarray]) -> None:
    x, labels = blox
    settings = BrpNas(carried_rounds=3, epochs=3, width=16)
    model = BrpNasModel(settings)
    model.fit(x[:5], labels[:5], 1)
    once = model.predict(x)
    model.fit(x, labels, 2)
    twice = model.predict(x)
    afresh = BrpNasModel(settings)
    afresh.fit(x, labels, 2)
    assert model.round == 2
    assert np.abs(twice - once).max() < np.abs(afresh.predict(x) - once).max()


# Targets and settings


def test_targets_increase_with_the_labels() -> None:
    labels = np.array([10.0, 90.0, 95.0, 95.0])
    assert transformed(labels, "log-error").tolist() == pytest.approx((-np.log(100 - labels)).tolist())
    assert transformed(labels, "rank").argsort(kind="stable").tolist() == [0, 1, 2, 3]
    assert np.isfinite(transformed(np.array([100.0, 5.0]), "log-error")).all()
    with pytest.raises(ValueError, match="'log-error' is of accuracies in percent, but a label is 101"):
        transformed(np.array([101.0, 3.0]), "log-error")
    with pytest.raises(ValueError, match="labels: 1 are too few"):
        transformed(np.array([3.0]), "rank")
    with pytest.raises(ValueError, match="labels: 1 of 2 are not finite"):
        transformed(np.array([np.nan, 3.0]), "rank")


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="target: 'loss' is not one of accuracy, log-error, rank"):
        Ridge(target="loss")
    with pytest.raises(ValueError, match="trees: 0 is not an integer of 1 or more"):
        Forest(trees=0)
    with pytest.raises(ValueError, match="members: 'average' is not one of ridge, forest"):
        Average(members=("average", "forest"))
    with pytest.raises(ValueError, match="members: 'forest' are not two or more different models"):
        Average(members=("forest",))
    with pytest.raises(ValueError, match=r"alphas: \(0\.0,\) are not positive numbers"):
        Ridge(alphas=(0.0,))
    with pytest.raises(ValueError, match="head: 'oneway' is not one of naive, concat"):
        BrpNas(head="oneway")
    with pytest.raises(ValueError, match="batch: 1 is not an integer of 2 or more"):
        Gcn(batch=1)


def test_which_models_need_what() -> None:
    assert [kind for kind, settings in SETTINGS.items() if not settings().uses_table] == ["gcn", "brp-nas"]
    assert [kind for kind, settings in SETTINGS.items() if settings().uses_graphs] == ["gcn", "brp-nas"]
    both = Average(members=("forest", "gcn"))
    assert both.uses_table
    assert both.uses_graphs
