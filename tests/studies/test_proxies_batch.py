"""jacob_cov, naswot and zen by what they must equal, and all proxies together against each alone."""

from __future__ import annotations

import math
from contextlib import ExitStack

import numpy as np
import pytest
import torch
from small_networks import BLOX, CONV, MIXED, NETWORKS, small_batch, small_network
from torch import Tensor, nn

from studies.estimators.proxies import fixed_batch, proxies_of
from studies.estimators.proxies.data_free import PERTURBATION, features, zen
from studies.estimators.proxies.forward import Kernel, forward, naswot
from studies.estimators.proxies.gradients import jacob_cov, score_of_rows
from studies.estimators.zero_cost import PROXIES
from supernet.data import DataConfig
from supernet.data.loading import load_data
from supernet.network import StandAlone
from supernet.operations import batch_norms

each = pytest.mark.parametrize(("space", "architecture"), NETWORKS)


# jacob_cov


@each
def test_jacob_cov_is_the_published_formula(space: str, architecture: tuple[int, ...]) -> None:
    network, batch = small_network(space, architecture), small_batch()
    images = batch.images.clone().requires_grad_()
    network(images).sum().backward()
    assert images.grad is not None
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(images.grad.flatten(1).numpy())) + 1e-5
    found = forward(network, batch.images, batch.labels)
    score = jacob_cov(found.logits, found.images)
    assert score == pytest.approx(-float(np.sum(np.log(eigenvalues) + 1 / eigenvalues)), rel=1e-6)
    assert score <= -len(batch.labels)


@pytest.mark.parametrize("rows", [2, 5, 20])
def test_jacob_cov_is_at_most_minus_the_batch_size(rows: int) -> None:
    stream = torch.Generator().manual_seed(rows)
    for columns in (2, 30, 3000):
        assert score_of_rows(torch.randn(rows, columns, generator=stream)) <= -rows
    # Uncorrelated rows reach it, equal rows are the worst.
    balanced = torch.linalg.qr(torch.randn(64, rows, generator=stream, dtype=torch.float64) - 0.5).Q.T
    balanced = torch.cat([balanced, -balanced], 1)  # of mean zero
    assert score_of_rows(balanced) == pytest.approx(-rows, rel=1e-6)
    same = torch.randn(1, 50, generator=stream).expand(rows, 50)
    # Eigenvalues: the number of rows once, else zero, each of which costs 1 / k.
    assert score_of_rows(same) == pytest.approx(-(rows - 1) * (1e5 + math.log(1e-5)), rel=1e-3)


def test_jacob_cov_of_a_constant_row_is_not_a_number() -> None:
    rows = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    rows[1] = 2.0
    assert math.isnan(score_of_rows(rows))
    rows[1] = math.inf
    assert math.isnan(score_of_rows(rows))


# naswot


def kernel_of(network: StandAlone, images: Tensor) -> Tensor:
    kernel = Kernel()
    with ExitStack() as hooks, torch.no_grad():
        kernel.watch(network, hooks)
        network(images)
    return kernel.matrix()


@pytest.mark.parametrize(
    ("space", "architecture", "units"),
    [
        # Two cells of six convolutions, each with its ReLU; the reduction's two; the head's.
        ("nasbench201", CONV, 6 * 4 * 64 + 6 * 8 * 16 + (4 * 64 + 8 * 16) + 8 * 16),
        ("nasbench201", MIXED, 4 * 4 * 64 + 4 * 8 * 16 + (4 * 64 + 8 * 16) + 8 * 16),
        ("nasbench201", (2, 0, 0, 0, 2, 0), 2 * 4 * 64 + 2 * 8 * 16 + (4 * 64 + 8 * 16) + 8 * 16),
    ],
)
def test_the_kernels_diagonal_counts_the_relus(space: str, architecture: tuple[int, ...], units: int) -> None:
    kernel = kernel_of(small_network(space, architecture), small_batch().images)
    assert kernel.diagonal().tolist() == [units] * len(kernel)


@each
def test_the_kernel_is_the_number_of_equal_codes(space: str, architecture: tuple[int, ...]) -> None:
    """Units less the Hamming distance, from every ReLU's own input, as published networks have them."""
    network, batch = small_network(space, architecture), small_batch()
    codes: list[Tensor] = []

    def keep(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        codes.append((inputs[0] > 0).flatten(1))

    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_pre_hook(keep)
    if space == "nasbench201":
        for cell in network.cells:
            for edge in cell.edges:
                for name, operation in edge.items():
                    if name.startswith("nor_conv"):  # its input is rectified: the code is the same
                        operation.register_forward_pre_hook(keep)
    network(batch.images)
    code = torch.cat(codes, 1)
    expected = [[float((a == b).sum()) for b in code] for a in code]
    found = forward(network, batch.images, batch.labels).kernel
    assert found is not None
    assert found.tolist() == expected
    assert naswot(found) == pytest.approx(np.linalg.slogdet(np.array(expected))[1], rel=1e-9)


@each
def test_naswot_does_not_know_the_order_of_the_batch(space: str, architecture: tuple[int, ...]) -> None:
    network, images = small_network(space, architecture), small_batch().images
    order = [3, 1, 5, 0, 2, 4]
    kernel = kernel_of(network, images)
    assert torch.equal(kernel_of(network, images[order]), kernel[order][:, order])
    assert naswot(kernel[order][:, order]) == pytest.approx(naswot(kernel), rel=1e-12)


def test_naswot_of_equal_codes_is_minus_infinity() -> None:
    kernel = Kernel()
    kernel.add(torch.tensor([[1.0, -1.0], [2.0, -3.0], [1.0, 1.0]]))
    assert kernel.matrix().tolist() == [[2, 2, 1], [2, 2, 1], [1, 1, 2]]
    assert naswot(kernel.matrix()) == -math.inf


# zen


@each
def test_zen_is_the_published_formula(space: str, architecture: tuple[int, ...]) -> None:
    network = small_network(space, architecture, image_size=16).float()
    stream = torch.Generator().manual_seed(7)
    own = small_network(space, architecture, seed=1, image_size=16).float()
    with torch.no_grad():
        for module in own.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.copy_(torch.randn(module.weight.shape, generator=stream))
                if module.bias is not None:
                    module.bias.zero_()
    x, change = (torch.randn(5, 3, 16, 16, generator=stream) for _ in range(2))
    logs = []

    def variance(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        logs.append(0.5 * math.log(float(inputs[0].detach().double().var((0, 2, 3)).mean())))

    with torch.no_grad():
        moved = features(own, x + PERTURBATION * change)
        for norm in batch_norms(own):
            norm.register_forward_pre_hook(variance)
        distance = (features(own, x) - moved).abs().sum((1, 2, 3)).mean()
    expected = math.log(float(distance)) + sum(logs)
    assert len(logs) == len(batch_norms(own))
    assert zen(network, 5, 7) == pytest.approx(expected, rel=1e-4)
    assert zen(network, 5, 8) != zen(network, 5, 7)


def test_zen_does_not_depend_on_the_networks_weights_and_leaves_them() -> None:
    one, two = (small_network("blox", BLOX, seed=seed, image_size=16).float() for seed in (0, 1))
    before = {name: value.clone() for name, value in one.state_dict().items()}
    assert zen(one, 4, 0) == zen(two, 4, 0)
    assert all(torch.equal(value, before[name]) for name, value in one.state_dict().items())


# Together


@each
def test_each_alone_is_what_it_is_together(space: str, architecture: tuple[int, ...]) -> None:
    """To the last bit, in single precision: which others are asked for changes nothing."""
    network = small_network(space, architecture, image_size=16).float()
    batch = small_batch(side=16)
    batch = batch._replace(images=batch.images.float())
    settings = {"zen_images": 3, "seed": 5}
    before = {name: value.clone() for name, value in network.state_dict().items()}
    whole = proxies_of(network, batch, PROXIES, **settings)  # type: ignore[arg-type]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(math.isfinite(found.value) for found in whole.values())
    for name in PROXIES:
        (alone,) = proxies_of(network, batch, [name], **settings).values()  # type: ignore[arg-type]
        assert alone.value == whole[name].value, name
        assert alone.passes >= whole[name].passes
    # One forward and one backward pass of the batch are shared; two more backward, of which one is of a backward.
    n = len(batch.labels)
    expected = (1 + 2 + 2 + 4) * n + 2 * 3 + 2 * 3
    assert sum(found.passes for found in whole.values()) == pytest.approx(expected)


def test_the_batch_is_fixed_by_its_seed() -> None:
    data = load_data(DataConfig(name="digits", subset=100))
    batch = fixed_batch(data, 20, 3)
    assert len(set(batch.positions.tolist())) == 20 == len(batch.images)
    for place, position in enumerate(batch.positions.tolist()):
        assert torch.equal(batch.images[place : place + 1], data.normalise(data.train.images[[position]]))
        assert batch.labels[place] == data.train.labels[position]
    assert fixed_batch(data, 20, 3).digest() == batch.digest() != fixed_batch(data, 20, 4).digest()
    with pytest.raises(ValueError, match=r"batch_size: 101 is more than the 100 training images of digits"):
        fixed_batch(data, 101, 3)
