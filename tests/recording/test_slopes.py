"""Slopes and Jacobians of forward values are known from other arrays of their shape."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recording.searched import PERCEPTRON, SOFTMAX, W, X, dz_of_perceptron, named, searched, unit_of

A = np.tanh(X @ W)


@pytest.mark.parametrize(
    ("array", "is_slope"), [(1.0 - A**2, True), (1.0 - A, False), (1.0 + A**2, False), (2.0 * (1.0 - A**2), False)]
)
def test_the_derivative_of_a_function_is_a_slope(array: np.ndarray, is_slope: bool) -> None:
    assert searched(PERCEPTRON).slopes.is_slope(array) is is_slope


def test_a_matrix_of_derivatives_is_a_jacobian_either_way_round() -> None:
    slopes = searched(SOFTMAX).slopes
    e = np.exp(X @ W)
    p = e / e.sum()
    jacobian = np.diag(p) - np.outer(p, p)  # of p by z
    assert slopes.is_jacobian(jacobian)
    assert slopes.is_jacobian(X)  # of z by w
    assert slopes.is_jacobian(X.T)
    assert not slopes.is_jacobian(np.diag(p) + np.outer(p, p))
    assert not slopes.is_jacobian(X + 1.0)


def test_a_slope_alone_lacks_the_derivative_that_comes_in() -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", "dz = 1.0 * slope")
    assert blame.slopes.is_slope_alone(named(blame, "dz"), dz_of_perceptron())
    blame = searched(PERCEPTRON, "dz = r * slope", "dz = a * slope")
    assert not blame.slopes.is_slope_alone(named(blame, "dz"), dz_of_perceptron())


@pytest.mark.parametrize(("wrong", "has"), [("r * slope", True), ("r * (1.0 - a)", False), ("r * 2.0", False)])
def test_a_line_multiplies_with_a_slope(wrong: str, has: bool) -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", f"dz = {wrong}")
    dz = named(blame, "dz")
    assert blame.slopes.has_slope_factor(dz, unit_of(blame, dz)) is has
