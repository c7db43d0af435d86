"""Working arguments and sample shapes for each layer of `gradcheck.nn`, and targets for each loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Spec = dict[str, Any]

#: Width of the predictions of a loss in the table of pairs and in examples.
LOSS_WIDTH = 4

#: Arguments of each layer, and the shape of one sample that it takes.
LAYER_CASES: dict[str, tuple[Spec, tuple[int, ...]]] = {
    "Dense": ({"inputs": 3, "outputs": 5}, (3,)),
    "Conv1D": ({"inputs": 2, "outputs": 3, "size": 3, "stride": 2, "padding": 1}, (2, 6)),
    "Conv2D": ({"inputs": 2, "outputs": 4, "size": 3, "padding": 1, "groups": 2}, (2, 4, 3)),
    "ConvTranspose1D": ({"inputs": 2, "outputs": 2, "size": 3, "stride": 2}, (2, 3)),
    "ConvTranspose2D": ({"inputs": 2, "outputs": 2, "size": 2, "stride": 2}, (2, 2, 2)),
    "MaxPool1D": ({"size": 3, "stride": 2}, (2, 7)),
    "MaxPool2D": ({"size": 2, "stride": 1}, (2, 3, 3)),
    "AveragePool1D": ({"size": 3, "stride": 2, "padding": 1}, (2, 6)),
    "AveragePool2D": ({"size": 2}, (2, 4, 4)),
    "BatchNorm": ({"features": 2}, (2, 3)),
    "LayerNorm": ({"features": 4}, (4,)),
    "GroupNorm": ({"groups": 2, "features": 4}, (4, 3)),
    "RMSNorm": ({"features": 4}, (4,)),
    "Embedding": ({"vocabulary": 6, "features": 3}, (2,)),
    "Dropout": ({"rate": 0.3, "seed": 1}, (6,)),
    "Flatten": ({}, (2, 3)),
    "Reshape": ({"shape": (3, -1)}, (6,)),
    "Concatenate": (
        {"branches": [{"kind": "Dense", "inputs": 3, "outputs": 2}, {"kind": "Dense", "inputs": 3, "outputs": 3}]},
        (3,),
    ),
    "Residual": ({"layers": [{"kind": "Dense", "inputs": 3, "outputs": 3}, {"kind": "Tanh"}]}, (3,)),
    "Sequential": ({"layers": [{"kind": "Dense", "inputs": 3, "outputs": 4}, {"kind": "Tanh"}]}, (3,)),
    "SimpleRNN": ({"features": 3, "units": 2}, (4, 3)),
    "LSTM": ({"features": 3, "units": 2}, (4, 3)),
    "GRU": ({"features": 3, "units": 2}, (4, 3)),
    "MultiHeadAttention": ({"features": 4, "heads": 2, "causal": True}, (3, 4)),
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a loss requires of the predictions.

    Attributes
    ----------
    text : str
        The requirement in words.
    activations : frozenset of str
        Activations whose output meets it.
    adapter : dict
        Description of the layer that makes any numbers meet it.
    """

    text: str
    activations: frozenset[str]
    adapter: Spec


PROBABILITIES = Requirement("probabilities between 0 and 1", frozenset({"Sigmoid", "Softmax"}), {"kind": "Sigmoid"})
DISTRIBUTION = Requirement("probabilities that sum to 1 over the classes", frozenset({"Softmax"}), {"kind": "Softmax"})
LOG_DISTRIBUTION = Requirement(
    "logarithms of probabilities that sum to 1 over the classes", frozenset({"LogSoftmax"}), {"kind": "LogSoftmax"}
)


@dataclass(frozen=True, slots=True)
class LossCase:
    """How a loss is made, what it requires of the predictions, and targets for it.

    Attributes
    ----------
    targets : callable
        ``targets(rng, shape)`` returns targets for predictions of that shape.
    requires : Requirement or None
        None if the predictions may be any real numbers.
    width : int
        Numbers of one sample.
    shape : tuple of int
        Shape of one sample, if it is not a row of numbers.
    options : dict or None
        Arguments of the loss.
    min_width : int
        Smallest number of numbers of a sample.
    """

    targets: Callable[[np.random.Generator, tuple[int, ...]], Any]
    requires: Requirement | None = None
    width: int = LOSS_WIDTH
    shape: tuple[int, ...] = ()
    options: Spec | None = None
    min_width: int = 1


def _numbers(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape)


def _labels(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(0, 2, shape).astype(np.float64)


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return 2.0 * _labels(rng, shape) - 1.0


def _classes(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(0, shape[1], shape[:1])


def _distributions(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.dirichlet(np.ones(shape[1]), shape[0])


def _counts(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.poisson(2.0, shape).astype(np.float64)


#: Each loss with targets that it takes.
LOSS_CASES: dict[str, LossCase] = {
    "BinaryCrossEntropy": LossCase(_labels, PROBABILITIES),
    "BinaryCrossEntropyWithLogits": LossCase(_labels),
    "CrossEntropy": LossCase(_classes, DISTRIBUTION, min_width=2),
    "CrossEntropyWithLogits": LossCase(_classes, min_width=2),
    "NegativeLogLikelihood": LossCase(_classes, LOG_DISTRIBUTION, min_width=2),
    "MeanSquaredError": LossCase(_numbers),
    "MeanAbsoluteError": LossCase(_numbers),
    "Huber": LossCase(_numbers),
    "LogCosh": LossCase(_numbers),
    "Hinge": LossCase(_signs),
    "SquaredHinge": LossCase(_signs),
    "KullbackLeibler": LossCase(_distributions, LOG_DISTRIBUTION, min_width=2),
    "Poisson": LossCase(_counts),
    "CosineDistance": LossCase(_numbers, min_width=2),
    "Triplet": LossCase(lambda rng, shape: None, width=12, shape=(3, 4), options={"margin": 10.0}),
}
