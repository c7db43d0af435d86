"""Drawn functions: their derivatives are exact, print as they are made, and pass every check."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import find, given, settings

import gradcheck
from gradcheck.errors import SubjectError
from gradcheck.strategies import DrawnFunction, functions
from gradcheck.strategies.smooth_steps import PLAIN
from tests.profiles import DERANDOMIZE

few = settings(max_examples=40, deadline=None, derandomize=DERANDOMIZE, database=None)


def complex_step(f: DrawnFunction) -> np.ndarray:
    """The Jacobian from the values alone, exact to rounding."""
    h = 1e-30
    return np.stack([np.asarray(f(f.x0 + 1j * h * e)).imag / h for e in np.eye(f.inputs)], axis=-1)


@few
@given(functions())
def test_the_derivatives_are_those_of_the_function(f: DrawnFunction) -> None:
    right = complex_step(f)
    scale = np.abs(right).max(initial=1e-300)
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=f.outputs), rng.normal(size=f.inputs)
    np.testing.assert_allclose(f.jac(f.x0), right, atol=1e-12 * scale)
    np.testing.assert_allclose(f.jvp(f.x0, v), right @ v, atol=1e-11 * scale)
    np.testing.assert_allclose(f.vjp(f.x0, u), right.T @ u, atol=1e-11 * scale)


@few
@given(functions(scalar=True, max_steps=3))
def test_of_numbers_there_is_a_hessian(f: DrawnFunction) -> None:
    np.testing.assert_allclose(f.grad(f.x0), complex_step(f), rtol=1e-11, atol=1e-12)
    h = 1e-4 * np.eye(f.inputs)
    differences = np.stack([(f.grad(f.x0 + e) - f.grad(f.x0 - e)) / 2e-4 for e in h], axis=1)
    scale = max(1.0, float(np.abs(differences).max()))
    np.testing.assert_allclose(f.hess(f.x0), differences, atol=1e-4 * scale)


@few
@given(functions())
def test_it_prints_as_it_is_made(f: DrawnFunction) -> None:
    again = eval(repr(f), {"DrawnFunction": DrawnFunction})
    np.testing.assert_array_equal(again.x0, f.x0)
    np.testing.assert_array_equal(again(f.x0), f(f.x0))


@settings(few, max_examples=15)
@given(functions())
def test_every_check_passes(f: DrawnFunction) -> None:
    gradcheck.assert_jacobian(f, f.jac, f.x0, rng=0)
    gradcheck.assert_vjp(f, f.vjp, f.x0, rng=0)
    gradcheck.assert_jvp(f, f.jvp, f.x0, rng=0)


@settings(few, max_examples=15)
@given(functions(scalar=True, max_steps=3))
def test_gradients_and_hessians_pass(f: DrawnFunction) -> None:
    gradcheck.assert_hessian(f, f.grad, f.hess, f.x0, rng=0)


@pytest.mark.parametrize("name", PLAIN)
def test_every_step_is_drawn(name: str) -> None:
    assert find(functions(steps=[name], min_inputs=3), lambda f: True).inputs == 3


def test_bounds_hold_and_what_is_not_possible_is_refused() -> None:
    assert find(functions(), lambda f: True).outputs == 1
    with pytest.raises(SubjectError, match="no number lies between min_inputs=4 and max_inputs=2"):
        functions(min_inputs=4, max_inputs=2)
    with pytest.raises(SubjectError, match="there is no step 'relu'"):
        functions(steps=["relu"])
    with pytest.raises(SubjectError, match="the list of steps is empty"):
        functions(steps=[])
    with pytest.raises(SubjectError, match="max_steps is 0"):
        functions(max_steps=0)
    with pytest.raises(SubjectError, match="has several outputs"):
        DrawnFunction(["tanh"], inputs=2).grad(np.ones(2))
    with pytest.raises(SubjectError, match="there is no step 'relu'"):
        DrawnFunction(["relu"], inputs=2)
