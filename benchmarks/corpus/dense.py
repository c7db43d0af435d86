"""A chain of dense layers, its loss and its backward pass."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.corpus.pieces import logsumexp, positive, relu, scalar, sigmoid, softmax, softplus
from benchmarks.corpus.problem import Array

Blocks = dict[str, Array]
Activation = tuple[Callable[[Array], Array], Callable[[Array], Array]]
"""A function and its derivative, both of the input."""

Loss = tuple[Callable[[Array, Array], Any], Callable[[Array, Array], Array]]
"""A mean loss of outputs and targets, and its gradient by the outputs."""


def _sigmoid_slope(z: Array) -> Array:
    s = sigmoid(z)
    result: Array = s * (1 - s)
    return result


SIGMOID: Activation = (sigmoid, _sigmoid_slope)
TANH: Activation = (np.tanh, lambda z: 1 / np.cosh(z) ** 2)
RELU: Activation = (relu, positive)
SINE: Activation = (np.sin, np.cos)


def _squared(outputs: Array, targets: Array) -> Any:
    return np.mean((outputs - targets) ** 2)


def _squared_slope(outputs: Array, targets: Array) -> Array:
    result: Array = 2 * (outputs - targets) / outputs.size
    return result


def _logistic(logits: Array, targets: Array) -> Any:
    return np.mean(softplus(logits) - targets * logits)


def _logistic_slope(logits: Array, targets: Array) -> Array:
    result: Array = (sigmoid(logits) - targets) / logits.size
    return result


def _categorical(logits: Array, targets: Array) -> Any:
    return np.mean(logsumexp(logits) - np.sum(targets * logits, axis=1))


def _categorical_slope(logits: Array, targets: Array) -> Array:
    result: Array = (softmax(logits) - targets) / len(logits)
    return result


SQUARED: Loss = (_squared, _squared_slope)
LOGISTIC: Loss = (_logistic, _logistic_slope)
CATEGORICAL: Loss = (_categorical, _categorical_slope)


def forward(p: Blocks, inputs: Array, activation: Activation) -> tuple[list[Array], list[Array], Array]:
    """Return the input of every layer, the values before every activation, and the output."""
    depth = len(p) // 2
    layers, before = [inputs], []
    for k in range(1, depth):
        before.append(layers[-1] @ p[f"w{k}"] + p[f"b{k}"])
        layers.append(activation[0](before[-1]))
    return layers, before, layers[-1] @ p[f"w{depth}"] + p[f"b{depth}"]


def backward(p: Blocks, layers: list[Array], before: list[Array], out: Array, activation: Activation) -> Blocks:
    """Return the gradient by every block, given that by the output."""
    result: Blocks = {}
    for k in range(len(layers), 0, -1):
        result[f"w{k}"] = layers[k - 1].T @ out
        result[f"b{k}"] = out.sum(axis=0)
        if k > 1:
            out = (out @ p[f"w{k}"].T) * activation[1](before[k - 2])
    return {key: result[key] for key in p}


def functions(
    inputs: Array, targets: Array, activation: Activation, loss: Loss
) -> tuple[Callable[[Blocks], float], Callable[[Blocks], Blocks]]:
    """Return the loss of a chain on given data, and its gradient."""

    def fun(p: Blocks) -> float:
        return scalar(loss[0](forward(p, inputs, activation)[2], targets))

    def grad(p: Blocks) -> Blocks:
        layers, before, out = forward(p, inputs, activation)
        return backward(p, layers, before, loss[1](out, targets), activation)

    return fun, grad


def weights(rng: np.random.Generator, sizes: tuple[int, ...], scale: float | None = None) -> Blocks:
    """Return random blocks: scaled by the fan-in, or by `scale` and then with biases of zero."""
    result: Blocks = {}
    for k, (fan_in, fan_out) in enumerate(pairwise(sizes), start=1):
        factor = np.sqrt(2 / fan_in) if scale is None else scale
        result[f"w{k}"] = factor * rng.normal(size=(fan_in, fan_out))
        result[f"b{k}"] = 0.1 * rng.normal(size=fan_out) if scale is None else np.zeros(fan_out)
    return result
