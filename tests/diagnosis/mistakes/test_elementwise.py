"""The numerical derivative of an elementwise function is accurate at every entry, whatever its neighbours are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.mistakes.elementwise import elementwise_derivative
from gradcheck.nn.layer import Array

X = np.concatenate([np.linspace(-6.0, 6.0, 40), [1e-9, 0.0, 300.0]])


def sigmoid_derivative(x: Array) -> Array:
    return np.asarray(np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2)


@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
        (lambda x: np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))), sigmoid_derivative),
        (np.square, lambda x: 2 * x),
    ],
    ids=["tanh", "sigmoid", "square"],
)
def test_it_equals_the_formula(function: Any, derivative: Any) -> None:
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(elementwise_derivative(function, X), derivative(X), rtol=1e-9, atol=1e-10)


def test_a_kink_beside_an_entry_does_not_spoil_it() -> None:
    """Long steps cross the kink of relu at 0; short ones, which only this entry needs, do not."""
    x = np.array([1e-3, -1e-3, 2.0, -2.0])
    np.testing.assert_allclose(elementwise_derivative(lambda z: np.maximum(z, 0.0), x), [1, 0, 1, 0], atol=1e-9)


def test_values_that_are_not_finite_are_avoided() -> None:
    """The longest step leaves the domain of the logarithm."""
    with np.errstate(all="ignore"):
        found = elementwise_derivative(np.log, np.array([0.02, 5.0]))
    np.testing.assert_allclose(found, [50.0, 0.2], rtol=1e-7)
