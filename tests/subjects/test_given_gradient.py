"""Functions and gradients as they were given, as ones of real arrays of NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.given_gradient import given_gradient, gradient_of_library

Z = np.array([1.0 + 2.0j, -0.5 + 0.25j])


def value(z: Any) -> Any:
    return np.sum(np.abs(z) ** 2)


def slope(z: Any) -> Any:
    return 2 * z


def test_functions_of_real_arrays_are_as_they_were() -> None:
    given = given_gradient(value, slope, Z.real)
    assert (given.fun, given.grad, given.complex_names) == (value, slope, frozenset())
    assert given.x0 is Z.real or np.array_equal(given.x0, Z.real)
    assert given_gradient(3, slope, Z).fun == 3


def test_complex_parameters_are_pairs() -> None:
    pairs = np.stack([Z.real, Z.imag], axis=-1)
    given = given_gradient(value, slope, Z)
    np.testing.assert_array_equal(given.x0, pairs)
    assert given.fun(pairs) == pytest.approx(float(np.sum(pairs**2)))
    np.testing.assert_allclose(given.grad(pairs), 2 * pairs)
    assert given.fun.__name__ == "value"
    assert given.complex_names == {"x"}
    both = given_gradient(lambda z: (value(z), slope(z)), True, Z)
    found, gradient = both.fun(pairs)
    np.testing.assert_allclose(gradient, 2 * pairs)
    assert found == pytest.approx(float(np.sum(pairs**2)))
    np.testing.assert_allclose(given_gradient(value, slope(Z), Z).grad, 2 * pairs)


def test_a_nesting_of_another_kind_is_left_to_whoever_reads_it() -> None:
    given = given_gradient(lambda p: 0.0, lambda p: {"b": 1.0}, {"a": Z})
    assert given.grad(given.x0) == {"b": 1.0}
    assert given_gradient(lambda p: 0.0, lambda p: {"a": None}, {"a": Z}).grad({"a": np.ones((2, 2))}) == {"a": None}


def test_several_arguments_of_numpy() -> None:
    given = given_gradient(lambda a, b: a @ b, lambda a, b: (b, a), (Z.real, Z.imag))
    assert given.fun((Z.real, Z.imag)) == Z.real @ Z.imag
    np.testing.assert_array_equal(given.grad((Z.real, Z.imag))[0], Z.imag)


def test_the_gradient_of_a_library() -> None:
    torch = pytest.importorskip("torch")
    x0 = {"w": torch.tensor([1.0, 2.0]), "c": 3.0}
    given = given_gradient(lambda p: (p["w"] ** 2).sum() * p["c"], None, x0)
    np.testing.assert_allclose(given.grad({"w": np.array([1.0, 2.0]), "c": 3.0})["w"], [6.0, 12.0])
    assert given.wrt == ["w"]
    with pytest.raises(SubjectTypeError, match="no derivative with respect to c"):
        given_gradient(lambda p: p["w"].sum(), None, x0, wrt=["c"])
    with pytest.raises(SubjectTypeError, match="grad is None"):
        gradient_of_library(given_gradient(value, slope, Z).boundary, value, ())
