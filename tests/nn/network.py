"""Whole networks side by side with PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.nn import Dense, MeanSquaredError, Network, Tanh
from tests.nn.reference import assert_close, tensor, torch

Array = NDArray[Any]


def draw(*shape: int, seed: int = 0) -> Array:
    """Normally distributed numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


def small(**options: Any) -> Network:
    """A perceptron of one hidden layer."""
    return Network([Dense(3, 4, rng=0), Tanh(), Dense(4, 2, rng=1)], MeanSquaredError(), **options)


def assert_network_agrees(network: Network, function: Callable[..., Any], X: Array, y: Any, weight: Any = None) -> None:
    """Loss and gradients against `function(X, params)` of tensors, at random parameters."""
    for seed, array in enumerate(network.params.values()):
        array[...] = draw(*array.shape, seed=seed)
    params = {name: tensor(value, grad=True) for name, value in network.params.items()}
    theirs = function(tensor(X), params)
    theirs.backward()
    value, grads = network.loss(X, y, weight)
    assert isinstance(value, float)
    assert_close(value, theirs, "loss")
    assert set(grads) == set(params)
    for name, param in params.items():
        assert_close(grads[name], param.grad, name)


def perceptron(X: Any, p: Any) -> Any:
    """Output of `small` by PyTorch."""
    return torch.tanh(X @ p["layers.0.W"] + p["layers.0.b"]) @ p["layers.2.W"] + p["layers.2.b"]
