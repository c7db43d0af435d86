"""Feed-forward networks, as functions of their weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.corpus import dense
from benchmarks.corpus.dense import Activation, Blocks, Loss
from benchmarks.corpus.pieces import logsumexp, one_hot, positive, put, relu, scalar, softmax
from benchmarks.corpus.problem import Array, Params, Problem, rng_for

FAMILY = "networks"
XOR_INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR_LABELS = np.array([[0.0], [1.0], [1.0], [0.0]])


def _chain(
    name: str,
    x0: Blocks,
    data: tuple[Array, Array],
    activation: Activation,
    loss: Loss,
    special: Mapping[str, Params] | None = None,
) -> Problem:
    fun, grad = dense.functions(*data, activation, loss)
    return Problem(name, FAMILY, x0, fun, grad, kinks=activation is dense.RELU, special=special or {})


def _xor(name: str, hidden: int, activation: Activation, loss: Loss, scale: float | None) -> Problem:
    """Return a small network on the four inputs of XOR.

    With biases of zero the input (0, 0) puts every hidden unit at exactly 0.
    """
    x0 = dense.weights(rng_for(name), (2, hidden, 1), scale)
    special: dict[str, Params] = {}
    if activation is dense.RELU:
        special = {
            "on-kink": {**x0, "b1": put(x0["b1"] + (x0["b1"] == 0) * 0.3, 0, 0.0)},
            "near-kink": {**x0, "b1": put(x0["b1"] + (x0["b1"] == 0) * 0.3, 0, 1e-4)},
            "on-many-kinks": {**x0, "b1": np.zeros(hidden)},
        }
    return _chain(name, x0, (XOR_INPUTS, XOR_LABELS), activation, loss, special)


def _classes(rng: np.random.Generator, samples: int, features: int, classes: int) -> tuple[Array, Array]:
    return rng.normal(size=(samples, features)), one_hot(rng.integers(0, classes, samples), classes)


def _regression(rng: np.random.Generator, samples: int, features: int, outputs: int) -> tuple[Array, Array]:
    return rng.normal(size=(samples, features)), rng.normal(size=(samples, outputs))


def _tanh_regression() -> Problem:
    rng = rng_for("mlp-tanh")
    data = _regression(rng, 20, 3, 2)
    return _chain("mlp-tanh", dense.weights(rng, (3, 8, 6, 2)), data, dense.TANH, dense.SQUARED)


def _sine_regression() -> Problem:
    rng = rng_for("mlp-sine")
    data = _regression(rng, 15, 2, 1)
    return _chain("mlp-sine", dense.weights(rng, (2, 10, 10, 1), 2.0), data, dense.SINE, dense.SQUARED)


def _relu_classifier() -> Problem:
    rng = rng_for("mlp-relu")
    data = _classes(rng, 24, 5, 3)
    return _chain("mlp-relu", dense.weights(rng, (5, 12, 8, 3)), data, dense.RELU, dense.CATEGORICAL)


def _deep_rectifiers() -> Problem:
    """Scaled so that the signal keeps its size over six layers, with biases that start at zero."""
    rng = rng_for("deep-relu")
    data = _classes(rng, 16, 6, 3)
    x0 = dense.weights(rng, (6, 10, 10, 10, 10, 10, 3))
    x0 = {key: block if key.startswith("w") else np.zeros_like(block) for key, block in x0.items()}
    return _chain("deep-relu", x0, data, dense.RELU, dense.CATEGORICAL)


def _softmax_classifier() -> Problem:
    rng = rng_for("softmax-classifier")
    data = _classes(rng, 30, 6, 4)
    return _chain("softmax-classifier", dense.weights(rng, (6, 4)), data, dense.TANH, dense.CATEGORICAL)


def _large(name: str, sizes: tuple[int, ...], activation: Activation) -> Problem:
    rng = rng_for(name)
    data = _classes(rng, 32, sizes[0], sizes[-1])
    return _chain(name, dense.weights(rng, sizes), data, activation, dense.CATEGORICAL)


def _autoencoder() -> Problem:
    rng = rng_for("autoencoder")
    inputs = rng.normal(size=(16, 6))
    x0 = dense.weights(rng, (6, 3, 6))
    return _chain("autoencoder", x0, (inputs, inputs), dense.SIGMOID, dense.SQUARED)


def _tied_autoencoder() -> Problem:
    """One matrix, used twice."""
    rng = rng_for("tied-autoencoder")
    inputs = rng.normal(size=(14, 5))

    def fun(w: Array) -> float:
        return scalar(np.mean((np.tanh(inputs @ w) @ w.T - inputs) ** 2))

    def grad(w: Array) -> Array:
        code = np.tanh(inputs @ w)
        out = 2 * (code @ w.T - inputs) / inputs.size
        result: Array = out.T @ code + inputs.T @ ((out @ w) * (1 - code**2))
        return result

    return Problem("tied-autoencoder", FAMILY, 0.6 * rng.normal(size=(5, 3)), fun, grad)


def _residual(name: str, depth: int, width: int, kinked: bool) -> Problem:
    """Return a network of layers h + act(h W)."""
    rng = rng_for(name)
    inputs, targets = rng.normal(size=(9, width)), rng.normal(size=(9, width))
    act, slope = dense.RELU if kinked else dense.TANH
    x0 = {f"w{k}": 0.5 * rng.normal(size=(width, width)) for k in range(depth)}

    def states(p: Blocks) -> list[Array]:
        result = [inputs]
        for w in p.values():
            result.append(result[-1] + act(result[-1] @ w))
        return result

    def fun(p: Blocks) -> float:
        return scalar(np.mean((states(p)[-1] - targets) ** 2))

    def grad(p: Blocks) -> Blocks:
        h = states(p)
        out = 2 * (h[-1] - targets) / targets.size
        result: Blocks = {}
        for k in reversed(range(depth)):
            w = p[f"w{k}"]
            inner = out * slope(h[k] @ w)
            result[f"w{k}"] = h[k].T @ inner
            out = out + inner @ w.T
        return {key: result[key] for key in p}

    special: dict[str, Params] = {}
    if kinked:
        special["on-many-kinks"] = {**x0, "w1": np.zeros((width, width))}
    return Problem(name, FAMILY, x0, fun, grad, kinks=kinked, special=special)


def _embedding() -> Problem:
    """Mean of the rows of a table that a sentence uses; most rows are not used."""
    rng = rng_for("embedding-bag")
    words, targets = rng.integers(0, 12, (7, 4)), rng.normal(size=(7, 3))
    x0 = {"table": rng.normal(size=(30, 5)), "w": rng.normal(size=(5, 3))}

    def fun(p: Blocks) -> float:
        bags = p["table"][words].mean(axis=1)
        return scalar(np.mean((bags @ p["w"] - targets) ** 2))

    def grad(p: Blocks) -> Blocks:
        bags = p["table"][words].mean(axis=1)
        out = 2 * (bags @ p["w"] - targets) / targets.size
        table = np.zeros_like(p["table"])
        np.add.at(table, words, (out @ p["w"].T)[:, None, :] / 4)
        return {"table": table, "w": bags.T @ out}

    return Problem("embedding-bag", FAMILY, x0, fun, grad)


def _maxout() -> Problem:
    """Each hidden unit is the larger of two linear functions."""
    rng = rng_for("maxout")
    inputs, targets = rng.normal(size=(10, 3)), rng.normal(size=10)
    x0 = {"left": rng.normal(size=(3, 4)), "right": rng.normal(size=(3, 4)), "v": rng.normal(size=4)}

    def parts(p: Blocks) -> tuple[Array, Array]:
        left, right = inputs @ p["left"], inputs @ p["right"]
        return left - right, right

    def fun(p: Blocks) -> float:
        gap, right = parts(p)
        return scalar(np.mean(((right + relu(gap)) @ p["v"] - targets) ** 2))

    def grad(p: Blocks) -> Blocks:
        gap, right = parts(p)
        hidden, on = right + relu(gap), positive(gap)
        out = 2 * (hidden @ p["v"] - targets) / 10
        inner = np.outer(out, p["v"])
        return {"left": inputs.T @ (inner * on), "right": inputs.T @ (inner * (1 - on)), "v": hidden.T @ out}

    special: dict[str, Params] = {
        "on-many-kinks": {**x0, "right": x0["left"].copy()},
    }
    return Problem("maxout", FAMILY, x0, fun, grad, kinks=True, special=special)


def _relu_layer() -> Problem:
    """One ReLU layer without biases; an input of zeros and weights of zero are kinks."""
    rng = rng_for("relu-layer")
    inputs, labels = np.eye(4), rng.integers(0, 3, 4)
    x0 = rng.normal(size=(4, 3))

    def fun(w: Array) -> float:
        h = relu(inputs @ w)
        return scalar(np.mean(logsumexp(h) - h[np.arange(4), labels]))

    def grad(w: Array) -> Array:
        z = inputs @ w
        out = (softmax(relu(z)) - one_hot(labels, 3)) / 4
        result: Array = inputs.T @ (out * positive(z))
        return result

    special = {
        "on-kink": put(x0, (1, 1), 0.0),
        "near-kink": put(x0, (1, 1), -1e-4),
        "on-many-kinks": np.zeros((4, 3)),
    }
    return Problem("relu-layer-4x3", FAMILY, x0, fun, grad, kinks=True, special=special)


def problems() -> tuple[Problem, ...]:
    """Return the problems of this family."""
    return (
        _xor("xor-sigmoid", 5, dense.SIGMOID, dense.LOGISTIC, None),
        _xor("xor-sigmoid-small-start", 5, dense.SIGMOID, dense.LOGISTIC, 0.01),
        _xor("xor-tanh-squared", 3, dense.TANH, dense.SQUARED, None),
        _xor("xor-relu", 8, dense.RELU, dense.LOGISTIC, None),
        _xor("xor-relu-zero-biases", 5, dense.RELU, dense.SQUARED, 0.5),
        _xor("xor-relu-small-start", 5, dense.RELU, dense.LOGISTIC, 0.01),
        _tanh_regression(),
        _sine_regression(),
        _relu_classifier(),
        _deep_rectifiers(),
        _softmax_classifier(),
        _large("mlp-tanh-100000", (256, 256, 128, 16), dense.TANH),
        _large("mlp-relu-100000", (256, 256, 128, 16), dense.RELU),
        _autoencoder(),
        _tied_autoencoder(),
        _residual("residual-tanh", 4, 4, False),
        _residual("residual-relu", 3, 5, True),
        _embedding(),
        _maxout(),
        _relu_layer(),
    )
