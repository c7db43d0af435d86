"""Layers that change the dtype, or lose digits inside."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.testing.contract.precision import has_float32_digits
from tests.testing.contract.layers import Scale, assert_kept, broken, contract


class Widens(Scale):
    def forward(self, x: Array) -> Any:
        return super().forward(x) * np.ones(1)


class Narrows(Scale):
    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream).astype(np.float32).astype(upstream.dtype)


def test_an_output_of_another_dtype_is_found() -> None:
    message = broken(contract(Widens), "test_float32")
    assert "the output is float64 although input and parameters are float32" in message
    assert_kept(contract(Widens), "test_float32")
    assert_kept(contract(Widens, dtypes=("float64",)))


def test_a_gradient_rounded_to_float32_is_found() -> None:
    message = broken(contract(Narrows), "test_float64")
    assert "the gradient of x has only the digits of float32" in message
    assert_kept(contract(Narrows), "test_float64", "test_backward_is_linear")


def test_digits_are_counted_above_round_off_only() -> None:
    third = np.full(3, 1 / 3)
    assert not has_float32_digits(third)
    assert has_float32_digits(third.astype(np.float32).astype(np.float64))
    assert has_float32_digits(np.array([0.5, 1e-17 / 3]))
    assert not has_float32_digits(np.zeros(3))
