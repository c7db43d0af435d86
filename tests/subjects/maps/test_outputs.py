"""Outputs of any nesting as one flat vector, and cotangents back in that nesting."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.maps.outputs import outputs_of


def test_a_nesting_becomes_a_flat_vector_and_back() -> None:
    value = {"a": np.arange(6.0).reshape(2, 3), "b": (1.5, np.array([2j, 1]))}
    outputs = outputs_of(value, "fun()")
    assert outputs.names == ("a", "b.0", "b.1")
    assert outputs.shapes == ((2, 3), (), (2, 2))
    flat = outputs.flat(value, "fun()")
    np.testing.assert_array_equal(flat, [0, 1, 2, 3, 4, 5, 1.5, 0, 2, 1, 0])
    again = outputs.nested(flat)
    np.testing.assert_array_equal(again["a"], value["a"])
    np.testing.assert_array_equal(again["b"][1], [2j, 1])


def test_the_inner_product_of_flat_vectors_is_that_of_complex_ones() -> None:
    rng = np.random.default_rng(0)
    y, u = (rng.normal(size=4) + 1j * rng.normal(size=4) for _ in range(2))
    outputs = outputs_of(y, "fun()")
    assert outputs.flat(u, "fun()") @ outputs.flat(y, "fun()") == pytest.approx(np.vdot(u, y).real)


def test_types_of_cotangents_are_those_of_the_outputs() -> None:
    outputs = outputs_of((np.zeros(2, np.float32), np.zeros(2, np.complex64)), "fun()")
    first, second = outputs.nested(np.arange(6.0))
    assert (first.dtype, second.dtype) == (np.float32, np.complex64)


def test_rows_have_a_place() -> None:
    outputs = outputs_of((np.zeros((2, 3)), 1.0), "fun()")
    assert outputs.place(4) == (0, (1, 1))
    assert outputs.place(6) == (1, ())


def test_lists_of_numbers_are_arrays() -> None:
    assert outputs_of([1.0, 2.0], "fun()").shapes == ((2,),)
    assert outputs_of([[1.0, 2.0], [3.0, 4.0]], "fun()").shapes == ((2, 2),)
    assert outputs_of([np.zeros(2), 1.0], "fun()").names == ("0", "1")


def test_outputs_that_change_their_shape_are_refused() -> None:
    outputs = outputs_of(np.zeros(3), "fun()")
    with pytest.raises(SubjectError, match=r"f with shape \(4,\) here, and \(3,\) at x0"):
        outputs.flat(np.zeros(4), "fun()")
    with pytest.raises(SubjectError, match="the same nesting everywhere"):
        outputs.flat({"a": np.zeros(3)}, "fun()")


def test_what_is_not_a_number_is_refused() -> None:
    with pytest.raises(SubjectTypeError, match="is a `return` missing"):
        outputs_of(None, "fun()")
    with pytest.raises(SubjectTypeError, match="outputs are arrays of numbers"):
        outputs_of("text", "fun()")
    with pytest.raises(SubjectError, match=r"nan in f\[1\]"):
        outputs_of(np.array([1.0, np.nan]), "fun()")
