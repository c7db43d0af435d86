"""Drawn operators: the adjoint is the conjugate transpose of the matrix, and every check passes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import find, given, settings

import gradcheck
from gradcheck.errors import SubjectError
from gradcheck.strategies import DrawnOperator, operators
from gradcheck.strategies.linear_steps import LINEAR
from tests.profiles import DERANDOMIZE

few = settings(max_examples=40, deadline=None, derandomize=DERANDOMIZE, database=None)


@few
@given(operators())
def test_the_adjoint_is_the_conjugate_transpose(a: DrawnOperator) -> None:
    rows, columns = a.shape
    matrix = np.stack([a.forward(e) for e in np.eye(columns, dtype=a.dtype)], axis=1)
    other = np.stack([a.adjoint(e) for e in np.eye(rows, dtype=a.dtype)], axis=1)
    assert matrix.shape == a.shape == (a.y_like.size, a.x_like.size)
    np.testing.assert_allclose(other, matrix.conj().T, atol=1e-12 * np.abs(matrix).max())


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_so_is_that_of_every_step(name: str, dtype: str) -> None:
    a = DrawnOperator([name], size=5, dtype=dtype, seed=3)
    matrix = np.stack([a.forward(e) for e in np.eye(5, dtype=dtype)], axis=1)
    other = np.stack([a.adjoint(e) for e in np.eye(a.shape[0], dtype=dtype)], axis=1)
    np.testing.assert_allclose(other, matrix.conj().T, atol=1e-13)
    assert matrix.dtype == np.dtype(dtype)


@settings(few, max_examples=15)
@given(operators())
def test_every_check_passes(a: DrawnOperator) -> None:
    gradcheck.assert_adjoint(a.forward, a.adjoint, a.x_like, a.y_like, rng=0)
    gradcheck.assert_adjoint(a, rng=0)


@few
@given(operators())
def test_it_prints_as_it_is_made(a: DrawnOperator) -> None:
    again = eval(repr(a), {"DrawnOperator": DrawnOperator})
    np.testing.assert_array_equal(again.forward(a.x_like + 1), a.forward(a.x_like + 1))


def test_what_is_not_possible_is_refused() -> None:
    assert find(operators(dtype="complex128"), lambda a: True).dtype == np.complex128
    with pytest.raises(SubjectError, match="no number lies between"):
        operators(min_size=3, max_size=2)
    with pytest.raises(SubjectError, match="dtype is 'float32'"):
        operators(dtype="float32")
    with pytest.raises(SubjectError, match="take some of diagonal"):
        operators(steps=["blur"])
    with pytest.raises(SubjectError, match="max_steps is 0"):
        operators(max_steps=0)
    with pytest.raises(SubjectError, match="there is no step 'blur'"):
        DrawnOperator(["blur"], size=3)
