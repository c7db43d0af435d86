"""Training problems of `gradcheck.nn`: twenty with good settings, and twenty with one planted cause each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.nn import (
    GELU,
    LSTM,
    SGD,
    Adam,
    BatchNorm,
    BinaryCrossEntropy,
    BinaryCrossEntropyWithLogits,
    Conv1D,
    Conv2D,
    CrossEntropyWithLogits,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Huber,
    IRpropMinus,
    LayerNorm,
    MaxPool2D,
    MeanSquaredError,
    Momentum,
    MultiHeadAttention,
    Nesterov,
    Network,
    Optimiser,
    Poisson,
    ReLU,
    Residual,
    RMSProp,
    Sigmoid,
    SimpleRNN,
    Softplus,
    Tanh,
)

Array = NDArray[Any]


@dataclass(frozen=True)
class Problem:
    """A training problem.

    Attributes
    ----------
    network : Network
    batch : tuple
    optimiser : Optimiser
    planted : str
        Slug of the planted cause, or empty.
    """

    network: Network
    batch: tuple[Any, ...]
    optimiser: Optimiser
    planted: str = ""


Make = Callable[[np.random.Generator], Problem]


def xor() -> tuple[Array, Array]:
    return np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])


def curve(rng: np.random.Generator, n: int = 64) -> tuple[Array, Array]:
    """A smooth function of one number, with noise."""
    x = rng.uniform(-2, 2, (n, 1))
    return x, np.sin(2 * x) + 0.05 * rng.standard_normal((n, 1))


def clusters(rng: np.random.Generator, k: int = 3, n: int = 90, width: int = 4) -> tuple[Array, Array]:
    """Samples around k centres, and the index of the centre."""
    y = np.arange(n) % k
    return 2.0 * rng.standard_normal((k, width))[y] + 0.7 * rng.standard_normal((n, width)), y


def halves(rng: np.random.Generator, n: int = 80) -> tuple[Array, Array]:
    """Samples on either side of a plane, with some labels wrong."""
    x = rng.standard_normal((n, 3))
    return x, (x @ [1.0, -2.0, 0.5] + 0.3 * rng.standard_normal(n) > 0).astype(float)[:, None]


def images(rng: np.random.Generator, n: int = 40) -> tuple[Array, Array]:
    """Horizontal and vertical bars."""
    x, y = 0.1 * rng.standard_normal((n, 1, 6, 6)), np.arange(n) % 2
    for i in range(n):
        where = rng.integers(6)
        x[i, 0, where if y[i] else slice(None), slice(None) if y[i] else where] += 1.0
    return x, y


def signals(rng: np.random.Generator, n: int = 40) -> tuple[Array, Array]:
    """Waves of two frequencies, as one channel."""
    y = np.arange(n) % 2
    time = np.arange(16)[None, :] / 16
    wave = np.sin(2 * np.pi * ((1 + 2 * y)[:, None] * time + rng.uniform(size=(n, 1))))
    return (wave + 0.1 * rng.standard_normal(wave.shape))[:, None, :], y


def sequences(rng: np.random.Generator, n: int = 48, length: int = 6) -> tuple[Array, Array]:
    """Sequences of two numbers per step; the target is the mean of the first."""
    x = rng.standard_normal((n, length, 2))
    return x, x[:, :, 0].mean(axis=1, keepdims=True)


def words(rng: np.random.Generator, n: int = 60) -> tuple[Array, Array]:
    """Four words out of twenty; the class is the half that most of them come from."""
    x = rng.integers(0, 20, (n, 4))
    return x, ((x >= 10).sum(axis=1) > 2).astype(int)


def low_rank(rng: np.random.Generator, n: int = 60) -> tuple[Array, Array]:
    """Eight numbers that depend on two."""
    x = rng.standard_normal((n, 2)) @ rng.standard_normal((2, 8))
    return x, x


# -- good settings -----------------------------------------------------------------------------------------------------


def _xor_tanh(rng: np.random.Generator) -> Problem:
    net = Network([Dense(2, 8, rng=rng), Tanh(), Dense(8, 1, rng=rng), Sigmoid()], BinaryCrossEntropy())
    return Problem(net, xor(), SGD(1.0))


def _xor_adam(rng: np.random.Generator) -> Problem:
    net = Network(
        [Dense(2, 8, scale=1.0, rng=rng), Sigmoid(), Dense(8, 1, scale=1.0, rng=rng)], BinaryCrossEntropyWithLogits()
    )
    return Problem(net, xor(), Adam(0.02))


def _line(rng: np.random.Generator) -> Problem:
    x = rng.standard_normal((50, 3))
    y = x @ [[1.0], [-2.0], [0.5]] + 1.0 + 0.1 * rng.standard_normal((50, 1))
    return Problem(Network([Dense(3, 1, rng=rng)], MeanSquaredError()), (x, y), SGD(0.1))


def _logistic(rng: np.random.Generator) -> Problem:
    return Problem(Network([Dense(3, 1, rng=rng)], BinaryCrossEntropyWithLogits()), halves(rng), SGD(0.5))


def _softmax(rng: np.random.Generator) -> Problem:
    net = Network([Dense(4, 3, scale=0.01, rng=rng)], CrossEntropyWithLogits())
    return Problem(net, clusters(rng), SGD(0.2))


def _curve_tanh(rng: np.random.Generator) -> Problem:
    net = Network([Dense(1, 16, rng=rng), Tanh(), Dense(16, 16, rng=rng), Tanh(), Dense(16, 1, rng=rng)], Huber())
    return Problem(net, curve(rng), Momentum(0.05))


def _curve_relu(rng: np.random.Generator) -> Problem:
    layers = [Dense(1, 32, scale="he", rng=rng), ReLU(), Dense(32, 32, scale="he", rng=rng), ReLU()]
    return Problem(Network([*layers, Dense(32, 1, rng=rng)], MeanSquaredError()), curve(rng), Adam(0.01))


def _clusters_relu(rng: np.random.Generator) -> Problem:
    net = Network([Dense(4, 16, scale="he", rng=rng), ReLU(), Dense(16, 3, rng=rng)], CrossEntropyWithLogits())
    return Problem(net, clusters(rng), Nesterov(0.05))


def _clusters_norm(rng: np.random.Generator) -> Problem:
    layers = [Dense(4, 12, rng=rng), BatchNorm(12), ReLU(), Dense(12, 12, rng=rng), BatchNorm(12), ReLU()]
    return Problem(Network([*layers, Dense(12, 3, rng=rng)], CrossEntropyWithLogits()), clusters(rng), SGD(0.1))


def _images(rng: np.random.Generator) -> Problem:
    layers = [Conv2D(1, 4, 3, rng=rng), ReLU(), MaxPool2D(2), Flatten(), Dense(16, 2, rng=rng)]
    return Problem(Network(layers, CrossEntropyWithLogits()), images(rng), Adam(0.01))


def _signals(rng: np.random.Generator) -> Problem:
    layers = [Conv1D(1, 6, 5, rng=rng), Tanh(), Conv1D(6, 6, 5, rng=rng), Tanh(), Flatten(), Dense(48, 2, rng=rng)]
    return Problem(Network(layers, CrossEntropyWithLogits()), signals(rng), Momentum(0.02))


def _recurrent(rng: np.random.Generator) -> Problem:
    net = Network([SimpleRNN(2, 8, last=True, rng=rng), Dense(8, 1, rng=rng)], MeanSquaredError())
    return Problem(net, sequences(rng), Adam(0.01))


def _lstm(rng: np.random.Generator) -> Problem:
    net = Network([LSTM(2, 8, last=True, rng=rng), Dense(8, 1, rng=rng)], MeanSquaredError())
    return Problem(net, sequences(rng), RMSProp(0.01))


def _words(rng: np.random.Generator) -> Problem:
    layers = [Embedding(20, 6, scale=0.5, rng=rng), Flatten(), Dense(24, 12, rng=rng), Tanh(), Dense(12, 2, rng=rng)]
    return Problem(Network(layers, CrossEntropyWithLogits()), words(rng), Adam(0.02))


def _attention(rng: np.random.Generator) -> Problem:
    layers = [MultiHeadAttention(2, 1, rng=rng), LayerNorm(2), Flatten(), Dense(12, 12, rng=rng), GELU()]
    return Problem(Network([*layers, Dense(12, 1, rng=rng)], MeanSquaredError()), sequences(rng), Adam(0.01))


def _autoencoder(rng: np.random.Generator) -> Problem:
    net = Network([Dense(8, 2, rng=rng), Tanh(), Dense(2, 8, rng=rng)], MeanSquaredError())
    return Problem(net, low_rank(rng), Adam(0.02))


def _linear_autoencoder(rng: np.random.Generator) -> Problem:
    return Problem(Network([Dense(8, 2, rng=rng), Dense(2, 8, rng=rng)], MeanSquaredError()), low_rank(rng), SGD(0.05))


def _residual(rng: np.random.Generator) -> Problem:
    blocks = [Residual(Dense(8, 8, rng=rng), Tanh(), Dense(8, 8, scale=0.1, rng=rng)) for _ in range(4)]
    net = Network([Dense(4, 8, rng=rng), *blocks, Dense(8, 3, rng=rng)], CrossEntropyWithLogits())
    return Problem(net, clusters(rng), SGD(0.1))


def _dropout(rng: np.random.Generator) -> Problem:
    layers = [Dense(4, 32, rng=rng), ReLU(), Dropout(0.2, seed=0), Dense(32, 3, rng=rng)]
    return Problem(Network(layers, CrossEntropyWithLogits()), clusters(rng), IRpropMinus(0.01))


def _counts(rng: np.random.Generator) -> Problem:
    x = rng.standard_normal((80, 3))
    y = rng.poisson(np.exp(x @ [[0.8], [-0.5], [0.3]] + 0.5)).astype(float)
    net = Network([Dense(3, 8, rng=rng), Softplus(), Dense(8, 1, rng=rng)], Poisson())
    return Problem(net, (x, y), SGD(0.02))


GOOD_SETTINGS: dict[str, Make] = {
    "XOR, tanh, cross-entropy": _xor_tanh,
    "XOR, sigmoid, Adam": _xor_adam,
    "linear regression": _line,
    "logistic regression": _logistic,
    "softmax regression from ln 3": _softmax,
    "curve, tanh, Huber, momentum": _curve_tanh,
    "curve, ReLU, Adam": _curve_relu,
    "clusters, ReLU, Nesterov": _clusters_relu,
    "clusters, batch normalisation": _clusters_norm,
    "images, convolution, Adam": _images,
    "signals, two convolutions": _signals,
    "sequences, simple RNN": _recurrent,
    "sequences, LSTM, RMSProp": _lstm,
    "words, embedding": _words,
    "sequences, attention": _attention,
    "autoencoder, tanh": _autoencoder,
    "linear autoencoder": _linear_autoencoder,
    "residual blocks": _residual,
    "dropout, iRprop−": _dropout,
    "counts, Poisson": _counts,
}


# -- one planted cause each --------------------------------------------------------------------------------------------


def _xor_small(scale: float, units: int) -> Make:
    """Weights drawn as small as in the forum question, and similar ones."""

    def make(rng: np.random.Generator) -> Problem:
        layers = [Dense(2, units, scale=scale, rng=rng), Sigmoid(), Dense(units, 1, scale=scale, rng=rng), Sigmoid()]
        return Problem(Network(layers, BinaryCrossEntropy()), xor(), SGD(0.03), "chance-plateau")

    return make


def _parity_small(rng: np.random.Generator) -> Problem:
    x = np.array([[(i >> k) & 1 for k in range(3)] for i in range(8)], dtype=float)
    y = (x.sum(axis=1) % 2)[:, None]
    layers = [Dense(3, 6, scale=0.02, rng=rng), Sigmoid(), Dense(6, 1, scale=0.02, rng=rng), Sigmoid()]
    return Problem(Network(layers, BinaryCrossEntropy()), (x, y), SGD(0.1), "chance-plateau")


def _constant(network: Network, value: float) -> Network:
    for array in network.params.values():
        if array.ndim > 1:
            array[...] = value
    return network


def _equal_xor(rng: np.random.Generator) -> Problem:
    layers = [Dense(2, 6, rng=rng), Tanh(), Dense(6, 1, rng=rng), Sigmoid()]
    return Problem(_constant(Network(layers, BinaryCrossEntropy()), 0.5), xor(), SGD(0.5), "symmetric-units")


def _equal_curve(rng: np.random.Generator) -> Problem:
    layers = [Dense(1, 12, rng=rng), Tanh(), Dense(12, 1, rng=rng)]
    x, _ = curve(rng)
    return Problem(
        _constant(Network(layers, MeanSquaredError()), 0.3), (x, np.cos(3 * x)), SGD(0.05), "symmetric-units"
    )


def _equal_clusters(rng: np.random.Generator) -> Problem:
    x, y = clusters(rng, k=4)
    layers = [Dense(4, 8, rng=rng), Sigmoid(), Dense(8, 4, rng=rng)]
    return Problem(_constant(Network(layers, CrossEntropyWithLogits()), 0.1), (x, y), SGD(0.5), "symmetric-units")


def _saturated(network: Network, factor: float, batch: tuple[Any, ...], rate: float) -> Problem:
    network.params["layers.0.W"][...] *= factor
    return Problem(network, batch, SGD(rate), "saturated-units")


def _saturated_sigmoid(rng: np.random.Generator) -> Problem:
    layers = [Dense(1, 6, rng=rng), Sigmoid(), Dense(6, 1, rng=rng)]
    x, _ = curve(rng)
    return _saturated(Network(layers, MeanSquaredError()), 300.0, (x, np.cos(3 * x)), 0.05)


def _saturated_tanh(rng: np.random.Generator) -> Problem:
    layers = [Dense(1, 6, rng=rng), Tanh(), Dense(6, 1, rng=rng)]
    x, _ = curve(rng)
    return _saturated(Network(layers, MeanSquaredError()), 200.0, (x, np.cos(3 * x)), 0.02)


def _saturated_bias(rng: np.random.Generator) -> Problem:
    layers = [Dense(3, 8, rng=rng), Tanh(), Dense(8, 1, rng=rng), Sigmoid()]
    network = Network(layers, BinaryCrossEntropy())
    network.params["layers.0.b"][...] = 12.0 * rng.choice([-1, 1], 8)
    return Problem(network, halves(rng), SGD(0.1), "saturated-units")


def _dead(layer: str, bias: float, layers: list[Any], loss: Any, batch: tuple[Any, ...], rate: float) -> Problem:
    network = Network(layers, loss)
    network.params[f"{layer}.b"][...] = bias
    return Problem(network, batch, SGD(rate), "dead-units")


def _dead_curve(rng: np.random.Generator) -> Problem:
    layers = [Dense(1, 16, rng=rng), ReLU(), Dense(16, 1, rng=rng)]
    return _dead("layers.0", -10.0, layers, MeanSquaredError(), curve(rng), 0.05)


def _dead_clusters(rng: np.random.Generator) -> Problem:
    layers = [Dense(4, 16, rng=rng), ReLU(), Dense(16, 16, rng=rng), ReLU(), Dense(16, 3, rng=rng)]
    return _dead("layers.2", -20.0, layers, CrossEntropyWithLogits(), clusters(rng), 0.1)


def _dead_images(rng: np.random.Generator) -> Problem:
    layers = [Conv2D(1, 4, 3, rng=rng), ReLU(), MaxPool2D(2), Flatten(), Dense(16, 2, rng=rng)]
    return _dead("layers.0", -8.0, layers, CrossEntropyWithLogits(), images(rng), 0.1)


def _vanishing(depth: int) -> Make:
    def make(rng: np.random.Generator) -> Problem:
        inner = [layer for _ in range(depth) for layer in (Dense(10, 10, rng=rng), Sigmoid())]
        layers = [Dense(4, 10, rng=rng), Sigmoid(), *inner, Dense(10, 3, rng=rng)]
        return Problem(Network(layers, CrossEntropyWithLogits()), clusters(rng), SGD(0.1), "vanishing-gradient")

    return make


def _exploding(rng: np.random.Generator) -> Problem:
    x = rng.standard_normal((64, 6))
    inner = [layer for _ in range(8) for layer in (Dense(24, 24, scale="he", rng=rng), ReLU())]
    layers = [Dense(6, 24, scale="he", rng=rng), ReLU(), *inner, Dense(24, 1, rng=rng)]
    network = Network(layers, MeanSquaredError())
    for name, array in network.params.items():
        array *= 3.0 if name.endswith("W") else 1.0
    return Problem(network, (x, np.tanh(x[:, :1])), SGD(0.01), "exploding-gradient")


def _small_step(rng: np.random.Generator) -> Problem:
    return Problem(
        Network([Dense(4, 3, rng=rng)], CrossEntropyWithLogits()), clusters(rng), SGD(1e-6), "step-too-small"
    )


def _small_step_relu(rng: np.random.Generator) -> Problem:
    layers = [Dense(4, 16, scale="he", rng=rng), ReLU(), Dense(16, 3, rng=rng)]
    return Problem(Network(layers, CrossEntropyWithLogits()), clusters(rng), Momentum(1e-7), "step-too-small")


def _large_step(rng: np.random.Generator) -> Problem:
    x = rng.standard_normal((50, 3))
    y = x @ [[1.0], [-2.0], [0.5]] + 1.0
    return Problem(Network([Dense(3, 1, rng=rng)], MeanSquaredError()), (x, y), SGD(1.5), "step-too-large")


def _large_step_tanh(rng: np.random.Generator) -> Problem:
    layers = [Dense(1, 16, rng=rng), Tanh(), Dense(16, 1, rng=rng)]
    return Problem(Network(layers, MeanSquaredError()), curve(rng), SGD(3.0), "step-too-large")


def _saddle(rng: np.random.Generator) -> Problem:
    """A linear autoencoder at its first component, with almost no gradient towards the second."""
    x = rng.standard_normal((60, 2)) * [3.0, 2.0] @ np.linalg.qr(rng.standard_normal((8, 8)))[0][:2]
    network = Network([Dense(8, 2, bias=False, rng=rng), Dense(2, 8, bias=False, rng=rng)], MeanSquaredError())
    first = np.linalg.svd(x, full_matrices=False)[2][0]
    network.params["layers.0.W"][...] = 1e-9 * rng.standard_normal((8, 2))
    network.params["layers.1.W"][...] = 1e-9 * rng.standard_normal((2, 8))
    network.params["layers.0.W"][:, 0] += first
    network.params["layers.1.W"][0] += first
    return Problem(network, (x, x), SGD(0.001), "saddle")


def _scale(rng: np.random.Generator) -> Problem:
    x = rng.standard_normal((60, 2)) * [1.0, 3000.0]
    y = x @ [[1.0], [1e-4]]
    return Problem(Network([Dense(2, 1, scale=1e-3, rng=rng)], MeanSquaredError()), (x, y), SGD(1e-7), "input-scale")


PLANTED: dict[str, Make] = {
    "XOR, sigmoid, weights of 0.01": _xor_small(0.01, 5),
    "XOR, nine sigmoids, weights of 0.02": _xor_small(0.02, 9),
    "parity of three, weights of 0.02": _parity_small,
    "XOR, equal weights": _equal_xor,
    "curve, equal weights": _equal_curve,
    "clusters, equal weights": _equal_clusters,
    "curve, sigmoids, weights × 300": _saturated_sigmoid,
    "curve, tanh, weights × 200": _saturated_tanh,
    "halves, tanh, biases of 12": _saturated_bias,
    "curve, ReLU, biases of −10": _dead_curve,
    "clusters, second ReLU, biases of −20": _dead_clusters,
    "images, convolution, biases of −8": _dead_images,
    "clusters, eight layers of sigmoids": _vanishing(7),
    "clusters, twelve layers of sigmoids": _vanishing(11),
    "ten layers of ReLU, weights × 3": _exploding,
    "softmax regression, step 1e-6": _small_step,
    "clusters, ReLU, momentum, step 1e-7": _small_step_relu,
    "linear regression, step 1.5": _large_step,
    "curve, tanh, step 3": _large_step_tanh,
    "linear autoencoder, one component": _saddle,
}

PLANTED_INPUTS: dict[str, Make] = {"two inputs, one × 3000": _scale}
