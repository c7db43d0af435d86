"""Everything there is passes the checker in a network, at parameters that are nothing special."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck
import gradcheck.nn as nn
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, LOSSES, REGULARISERS, find

Array = NDArray[Any]

#: How each kind of layer is made, and the shape of its input.
MADE: dict[str, tuple[Callable[[], nn.Layer], tuple[int, ...]]] = {
    "Dense": (lambda: nn.Dense(3, 4), (5, 3)),
    "Conv1D": (lambda: nn.Conv1D(2, 3, 3, stride=2, padding=1), (3, 2, 7)),
    "Conv2D": (lambda: nn.Conv2D(2, 4, 3, padding=1, groups=2), (3, 2, 5, 4)),
    "ConvTranspose1D": (lambda: nn.ConvTranspose1D(2, 3, 3, stride=2), (3, 2, 4)),
    "ConvTranspose2D": (lambda: nn.ConvTranspose2D(2, 3, 2, stride=2), (2, 2, 3, 3)),
    "MaxPool1D": (lambda: nn.MaxPool1D(2), (3, 2, 6)),
    "MaxPool2D": (lambda: nn.MaxPool2D(2, stride=1), (3, 2, 4, 4)),
    "AveragePool1D": (lambda: nn.AveragePool1D(3, stride=2, padding=1), (3, 2, 6)),
    "AveragePool2D": (lambda: nn.AveragePool2D(2), (3, 2, 4, 4)),
    "BatchNorm": (lambda: nn.BatchNorm(2), (4, 2, 3)),
    "LayerNorm": (lambda: nn.LayerNorm(3), (4, 3)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (3, 4, 5)),
    "RMSNorm": (lambda: nn.RMSNorm(3), (4, 3)),
    "Dropout": (lambda: nn.Dropout(0.4, seed=1), (5, 6)),
    "Flatten": (nn.Flatten, (3, 2, 4)),
    "Reshape": (lambda: nn.Reshape((2, -1)), (3, 6)),
    "Concatenate": (lambda: nn.Concatenate([nn.Dense(3, 2), [nn.Dense(3, 2), nn.Tanh()]]), (5, 3)),
    "Residual": (lambda: nn.Residual(nn.Dense(3, 4), nn.Tanh(), shortcut=nn.Dense(3, 4)), (5, 3)),
    "Sequential": (lambda: nn.Sequential(nn.Dense(3, 4), nn.Tanh()), (5, 3)),
    "SimpleRNN": (lambda: nn.SimpleRNN(3, 4), (2, 5, 3)),
    "LSTM": (lambda: nn.LSTM(3, 4, last=True), (2, 5, 3)),
    "GRU": (lambda: nn.GRU(3, 4, reverse=True), (2, 5, 3)),
    "MultiHeadAttention": (lambda: nn.MultiHeadAttention(4, 2, causal=True), (2, 3, 4)),
}


def draw(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


def assert_passes(network: nn.Network, X: Array, y: Any) -> None:
    for seed, value in enumerate(network.params.values()):
        value[...] = 0.7 * draw(*value.shape, seed=seed)
    report = gradcheck.check_gradients(network, batch=(X, y), rng=0)
    assert report, str(report)


def assert_layer_passes(layer: nn.Layer, *shape: int) -> None:
    """Between a layer that gives it something to pass on and a loss that weighs its outputs differently."""
    first, X = nn.Dense(int(np.prod(shape[1:])), int(np.prod(shape[1:]))), draw(shape[0], int(np.prod(shape[1:])))
    layers = [first, nn.Reshape(shape[1:]), layer]
    y = draw(*nn.Network(layers, nn.MeanSquaredError()).forward(X).shape, seed=1)
    assert_passes(nn.Network(layers, nn.MeanSquaredError()), X, y)


@pytest.mark.parametrize("kind", sorted(set(LAYERS) - {"Embedding"}))
def test_layers(kind: str) -> None:
    make, shape = MADE[kind]
    layer = make()
    assert type(layer).__name__ == kind
    assert_layer_passes(layer, *shape)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_activations(kind: str) -> None:
    assert_layer_passes(find(kind, ACTIVATIONS[kind])(), 5, 4)


def test_a_table_of_vectors() -> None:
    layers = [nn.Embedding(4, 3), nn.Flatten(), nn.Dense(6, 2)]
    assert_passes(nn.Network(layers, nn.MeanSquaredError()), np.array([[0, 1], [1, 3], [2, 2]]), draw(3, 2))


#: What the predictions go through before each loss, and targets that it takes.
TARGETS: dict[str, tuple[list[Callable[[], nn.Layer]], Any]] = {
    "BinaryCrossEntropy": ([nn.Sigmoid], draw(5, 4) > 0),
    "BinaryCrossEntropyWithLogits": ([], draw(5, 4) > 0),
    "CrossEntropy": ([nn.Softmax], np.arange(5) % 4),
    "CrossEntropyWithLogits": ([], np.arange(5) % 4),
    "NegativeLogLikelihood": ([nn.LogSoftmax], np.arange(5) % 4),
    "Hinge": ([], np.sign(draw(5, 4))),
    "SquaredHinge": ([], np.sign(draw(5, 4))),
    "KullbackLeibler": ([nn.LogSoftmax], np.random.default_rng(0).dirichlet(np.ones(4), 5)),
    "Poisson": ([], np.abs(draw(5, 4)).round()),
    "Triplet": ([lambda: nn.Dense(4, 12), lambda: nn.Reshape((3, 4))], None),
}


@pytest.mark.parametrize("kind", LOSSES)
def test_losses(kind: str) -> None:
    before, y = TARGETS.get(kind, ([], draw(5, 4, seed=1)))
    options = {"margin": 10.0} if kind == "Triplet" else {}  # a small margin is kept everywhere, and the loss is 0
    layers = [nn.Dense(3, 4), *(make() for make in before)]
    assert_passes(nn.Network(layers, find(kind, LOSSES[kind])(**options)), draw(5, 3), y)


@pytest.mark.parametrize("regulariser", [nn.L1(0.1), nn.L2(0.1), nn.Elastic(0.1, 0.2)], ids=repr)
def test_regularisers(regulariser: nn.L1 | nn.L2 | nn.Elastic) -> None:
    assert type(regulariser).__name__ in REGULARISERS
    layers = [nn.Dense(3, 4), nn.Tanh(), nn.Dense(4, 2)]
    assert_passes(nn.Network(layers, nn.MeanSquaredError(), regulariser=regulariser), draw(5, 3), draw(5, 2))
