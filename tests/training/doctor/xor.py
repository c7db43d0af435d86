"""The network of the forum question, with weights as its program draws them, and plain descent on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.app.examples.xor import BATCH, QuestionNetwork

Array = NDArray[Any]


def question_network(scale: float, seed: int) -> QuestionNetwork:
    """Weights as ``w1 = randn(5, 2) * scale`` and ``w2 = randn(1, 5) * scale`` draw them, biases zero."""
    draws = np.random.RandomState(seed)  # the legacy generator, as in the program
    network = QuestionNetwork(scale=scale)
    network.params["w1"][...] = (scale * draws.randn(5, 2)).T
    network.params["w2"][...] = (scale * draws.randn(1, 5)).T
    return network


def descent_steps(network: QuestionNetwork, rate: float, target: float, most: int) -> int:
    """Number of steps of plain descent until the loss is at most the target, by taking them."""
    params = network.params
    X, y = BATCH
    for step in range(most):
        hidden, outputs = network.forward(X)
        if -np.log(np.where(y == 1, outputs, 1 - outputs)).mean() <= target:
            return step
        delta = (outputs - y) / len(X)
        back = (delta @ params["w2"].T) * hidden * (1 - hidden)
        params["w1"] -= rate * (X.T @ back)
        params["b1"] -= rate * back.sum(axis=0)
        params["w2"] -= rate * (hidden.T @ delta)
        params["b2"] -= rate * delta.sum(axis=0)
    raise AssertionError(f"the loss is above {target} after {most} steps")
