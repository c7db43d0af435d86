"""The example networks: one gradient is right to high precision, and the other belongs to another loss."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck.app.examples.xor import BATCH, INPUTS, LABELS, AnswerNetwork, QuestionNetwork, descend


def loss_of(params: dict[str, Any], name: str, index: tuple[int, ...], shift: Any) -> Any:
    """The mean cross-entropy in high precision, one parameter shifted."""

    def get(key: str, *where: int) -> Any:
        value = mpmath.mpf(float(params[key][where]))
        return value + shift if (key, where) == (name, index) else value

    total = mpmath.mpf(0)
    for row, label in zip(INPUTS, LABELS[:, 0], strict=True):
        z = get("b2", 0)
        for unit in range(5):
            inner = get("b1", unit) + sum(mpmath.mpf(float(row[i])) * get("w1", i, unit) for i in range(2))
            z += get("w2", unit, 0) / (1 + mpmath.exp(-inner))
        p = 1 / (1 + mpmath.exp(-z))
        total -= mpmath.log(p if label else 1 - p)
    return total / len(INPUTS)


@pytest.mark.parametrize("scale", [0.01, 1.0])
def test_question_is_right_and_answer_is_not(scale: float) -> None:
    question, answer = QuestionNetwork(scale, seed=0), AnswerNetwork(scale, seed=0)
    right, wrong = question.gradient(*BATCH), answer.gradient(*BATCH)
    with mpmath.workdps(40):
        for name, array in question.params.items():
            for index in np.ndindex(array.shape):
                truth = float(mpmath.diff(lambda t, n=name, i=index: loss_of(question.params, n, i, t), 0))
                assert right[name][index] == pytest.approx(truth, rel=1e-9, abs=1e-15)
                assert wrong[name][index] != pytest.approx(truth, rel=0.1, abs=1e-15)


def test_answer_is_the_gradient_of_half_the_squared_error() -> None:
    answer = AnswerNetwork(1.0, seed=0)
    claim = answer.gradient(*BATCH)["w2"]
    hidden, output = answer.forward(INPUTS)
    expected = hidden.T @ ((output - LABELS) * output * (1 - output)) / 4
    np.testing.assert_allclose(claim, expected, rtol=1e-12)


def test_plateau_is_at_the_logarithm_of_two() -> None:
    assert descend(QuestionNetwork(), steps=200) == pytest.approx(np.log(2), abs=1e-3)


def test_descent_lowers_the_loss_from_large_weights() -> None:
    network = QuestionNetwork(scale=2.0, seed=0)
    before = network.loss(*BATCH)
    assert descend(network, steps=500, rate=0.5) < before
