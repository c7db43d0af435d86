"""Two small networks that learn XOR: one with the right gradient, one with a factor that makes it wrong.

Two inputs, five sigmoid units, one sigmoid output and the mean cross-entropy. With logits z and outputs p = σ(z) the
derivative of the loss of one sample is

    ∂ℓ/∂z = (p - y) / (p(1 - p)) · σ′(z) = p - y,

because σ′(z) = p(1 - p) cancels. Started from weights of size 0.01, the loss stays on a plateau at ln 2 for millions of
steps. This looks like a wrong gradient, but the gradient is right. The second network multiplies it by σ′(z) again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.subject import Subject

Array = NDArray[np.float64]

#: The four samples, one a row, and their labels.
INPUTS: Array = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
LABELS: Array = np.array([[0.0], [1.0], [1.0], [0.0]])
BATCH = (INPUTS, LABELS)

#: How the question trains its network: standard deviation of the initial weights, learning rate, number of steps.
START, RATE, QUESTION_STEPS = 0.01, 0.03, 1_000_000


def sigmoid(z: Array) -> Array:
    """Logistic function σ(z)."""
    return 1.0 / (1.0 + np.exp(-z))


class QuestionNetwork:
    """The network of the question, with the right gradient.

    Parameters
    ----------
    scale : float
        Standard deviation of the initial weights; biases start at 0.
    seed : int
    """

    def __init__(self, scale: float = START, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.params = {
            "w1": scale * rng.standard_normal((2, 5)),
            "b1": np.zeros(5),
            "w2": scale * rng.standard_normal((5, 1)),
            "b2": np.zeros(1),
        }

    def forward(self, inputs: Array) -> tuple[Array, Array]:
        """Compute hidden activations and outputs, one row a sample."""
        hidden = sigmoid(inputs @ self.params["w1"] + self.params["b1"])
        return hidden, sigmoid(hidden @ self.params["w2"] + self.params["b2"])

    def loss(self, inputs: Array, labels: Array) -> float:
        """Mean cross-entropy."""
        p = self.forward(inputs)[1]
        return -float(np.mean(labels * np.log(p) + (1.0 - labels) * np.log1p(-p)))

    def delta(self, outputs: Array, labels: Array) -> Array:
        """Derivative of the loss of each sample with respect to its logit."""
        return outputs - labels

    def gradient(self, inputs: Array, labels: Array) -> dict[str, Array]:
        """Gradient of the loss, keyed by the names of the parameters."""
        hidden, outputs = self.forward(inputs)
        delta = self.delta(outputs, labels) / len(inputs)
        back = (delta @ self.params["w2"].T) * hidden * (1.0 - hidden)
        return {"w1": inputs.T @ back, "b1": back.sum(axis=0), "w2": hidden.T @ delta, "b2": delta.sum(axis=0)}


class AnswerNetwork(QuestionNetwork):
    """The network of the accepted answer, with a factor σ′(z) that should have cancelled.

    This is the gradient of half the squared error, not of the cross-entropy that `loss` returns.
    """

    def delta(self, outputs: Array, labels: Array) -> Array:
        """Derivative of half the squared error of each sample with respect to its logit."""
        return (outputs - labels) * outputs * (1.0 - outputs)


def descend(network: QuestionNetwork, steps: int = QUESTION_STEPS, rate: float = RATE) -> float:
    """Run plain gradient descent on the four samples; returns the loss at the end."""
    for _ in range(steps):
        for name, slope in network.gradient(*BATCH).items():
            network.params[name] -= rate * slope
    return network.loss(*BATCH)


def question() -> Subject:
    """The question's network at its initial weights, as a subject to check."""
    return as_subject(QuestionNetwork(), batch=BATCH)


def answer() -> Subject:
    """The answer's network at its initial weights, as a subject to check."""
    return as_subject(AnswerNetwork(), batch=BATCH)
