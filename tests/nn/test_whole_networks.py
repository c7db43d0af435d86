from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.nn import (
    L1,
    L2,
    Adam,
    BatchNorm,
    Conv2D,
    CrossEntropyWithLogits,
    Dense,
    Elastic,
    Flatten,
    MaxPool2D,
    MeanSquaredError,
    Network,
    ReLU,
    Tanh,
)
from tests.nn.network import assert_network_agrees, draw, perceptron, small
from tests.nn.reference import tensor, torch


@pytest.mark.parametrize(
    ("regulariser", "penalty"),
    [
        (None, lambda W: 0.0),
        (L1(0.1), lambda W: 0.1 * W.abs().sum()),
        (L2(0.3), lambda W: 0.15 * (W**2).sum()),
        (Elastic(0.1, 0.3), lambda W: 0.1 * W.abs().sum() + 0.15 * (W**2).sum()),
    ],
)
@pytest.mark.parametrize("samples", [1, 5])
def test_a_perceptron_agrees_with_torch(regulariser: Any, penalty: Callable[[Any], Any], samples: int) -> None:
    X, y = draw(samples, 3), draw(samples, 2, seed=1)

    def function(X: Any, p: Any) -> Any:
        data = torch.nn.functional.mse_loss(perceptron(X, p), tensor(y))
        return data + penalty(p["layers.0.W"]) + penalty(p["layers.2.W"])

    assert_network_agrees(small(regulariser=regulariser), function, X, y)


def test_a_convolutional_network_agrees_with_torch() -> None:
    layers = [Conv2D(2, 3, 3, padding=1), ReLU(), MaxPool2D(2), Flatten(), Dense(12, 4)]
    X, y = draw(3, 2, 4, 4), np.array([0, 3, 1])

    def function(X: Any, p: Any) -> Any:
        h = torch.conv2d(X, p["layers.0.W"], p["layers.0.b"], padding=1)
        h = torch.max_pool2d(torch.relu(h), 2).flatten(1)
        return torch.nn.functional.cross_entropy(h @ p["layers.4.W"] + p["layers.4.b"], tensor(y))

    assert_network_agrees(Network(layers, CrossEntropyWithLogits()), function, X, y)


def test_a_regulariser_is_not_added_twice() -> None:
    network = small(regulariser=L2(1.0))
    X, y = draw(4, 3), draw(4, 2)
    first, second = network.loss(X, y), network.loss(X, y)
    assert first[0] == second[0]
    for name, value in first[1].items():
        np.testing.assert_array_equal(value, second[1][name])


def test_it_learns_xor() -> None:
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    network = Network([Dense(2, 8, rng=0), Tanh(), Dense(8, 1, rng=1)], MeanSquaredError())
    losses = network.fit(X, y, Adam(0.05), 300)
    assert losses[-1] < 1e-3 < losses[0]
    np.testing.assert_allclose(network.predict(X), y, atol=0.1)


def test_a_checker_passes_a_regulariser() -> None:
    network = small(regulariser=Elastic(0.05, 0.1))
    assert gradcheck.check_gradients(network, batch=(draw(6, 3), draw(6, 2, seed=1)), rng=0)


def test_a_regulariser_leaves_float32_alone() -> None:
    network = small(regulariser=Elastic(0.1, 0.1)).astype(np.float32)
    assert {grad.dtype.name for grad in network.loss(draw(4, 3), draw(4, 2))[1].values()} == {"float32"}


def test_astype_reaches_running_averages() -> None:
    network = Network([Dense(3, 2, rng=0), BatchNorm(2)], MeanSquaredError()).astype(np.float32)
    X = draw(4, 3)
    assert network.forward(X).dtype == network.predict(X).dtype == np.float32
    network.training = False
    assert {grad.dtype.name for grad in network.loss(X, draw(4, 2))[1].values()} == {"float32"}


def test_predicting_uses_running_averages_and_leaves_them() -> None:
    network = Network([BatchNorm(2)], MeanSquaredError())
    X = draw(4, 2)
    batch_norm = network.layers[0]
    assert isinstance(batch_norm, BatchNorm)
    np.testing.assert_allclose(network.predict(X), X / np.sqrt(1 + 1e-5))
    assert (batch_norm.running_mean == 0).all()
    network.forward(X)
    assert (batch_norm.running_mean != 0).all()
