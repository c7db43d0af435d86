"""Many XOR networks trained at once, with the right or the wrong gradient.

Their parameters are stacked along the first axis.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradcheck.app.examples.xor import INPUTS, LABELS, START, Array, QuestionNetwork, sigmoid


class Ensemble:
    """XOR networks, each with its seed and its gradient.

    Parameters
    ----------
    seeds : sequence of int
    wrong : sequence of bool
        For each network, whether its gradient has the answer's extra factor σ′(z).
    scale : float
        Standard deviation of the initial weights.

    Attributes
    ----------
    params : dict of str to ndarray
        Parameters as in `QuestionNetwork`, with the networks along the first axis, and biases as rows.

    Examples
    --------
    >>> pair = Ensemble([0, 0], [False, True])
    >>> pair.losses().round(4)
    array([0.6932, 0.6932])
    """

    def __init__(self, seeds: Sequence[int], wrong: Sequence[bool], scale: float = START) -> None:
        networks = [QuestionNetwork(scale, seed) for seed in seeds]
        self.params = {
            name: np.stack([np.atleast_2d(network.params[name]) for network in networks])
            for name in ("w1", "b1", "w2", "b2")
        }
        self._wrong: NDArray[np.bool_] = np.array(wrong, dtype=bool)[:, None, None]

    def _forward(self) -> tuple[Array, Array]:
        """Compute hidden activations and logits, one row a sample."""
        hidden = sigmoid(INPUTS @ self.params["w1"] + self.params["b1"])
        return hidden, hidden @ self.params["w2"] + self.params["b2"]

    def losses(self) -> Array:
        """Mean cross-entropy of each network, from the logits, so that it is finite for probabilities of 0 and 1."""
        z = self._forward()[1]
        return np.asarray(np.mean(np.logaddexp(0.0, (1.0 - 2.0 * LABELS) * z), axis=(1, 2)))

    def gradient(self) -> dict[str, Array]:
        """Gradient of each network, keyed by the names of the parameters."""
        hidden, z = self._forward()
        p = sigmoid(z)
        delta = (p - LABELS) * np.where(self._wrong, p * (1.0 - p), 1.0) / len(INPUTS)
        back = (delta * self.params["w2"].swapaxes(1, 2)) * hidden * (1.0 - hidden)
        return {
            "w1": INPUTS.T @ back,
            "b1": back.sum(axis=1, keepdims=True),
            "w2": hidden.swapaxes(1, 2) @ delta,
            "b2": delta.sum(axis=1, keepdims=True),
        }
