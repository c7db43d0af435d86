"""Rounding noise is measured, and two results differ only where they differ by more than that."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from gradcheck.testing.contract.passes import differs, rounding_noise, run_passes, with_dtype

EPS = float(np.finfo(np.float64).eps)


def test_noise_of_a_linear_function_is_its_rounding() -> None:
    upstream = np.array([1.0, 3.0])
    exact = rounding_noise(lambda u: {"x": 2.0 * u}, upstream)["x"]
    assert exact <= 64 * EPS
    rng = np.random.default_rng(0)
    noisy = rounding_noise(lambda u: {"x": u * (1 + 1e-9 * rng.standard_normal(u.shape))}, upstream)["x"]
    assert 1e-9 < noisy < 1e-7


@pytest.mark.parametrize(("error", "different"), [(4 * EPS, False), (4096 * EPS, True), (float("nan"), True)])
def test_results_differ_beyond_rounding_only(error: float, different: bool) -> None:
    one = np.array([1.0, 2.0])
    assert differs(one, one + error, noise=0.0) is different


def test_measured_noise_is_allowed_for() -> None:
    one = np.array([1.0, 2.0])
    assert differs(one, one + 1e-6, noise=0.0)
    assert not differs(one, one + 1e-6, noise=1e-7)
    assert differs(one, np.array([[1.0, 2.0]]), noise=1.0)


def test_a_pass_returns_copies() -> None:
    class Reuses(nn.Layer):
        """Returns the same buffers each time."""

        def forward(self, x: Array) -> Array:
            self.y: Array = x
            return self.y

        def backward(self, upstream: Array) -> Array:
            self.y[...] = 7.0
            return self.y

    x = np.ones((1, 2))
    result = run_passes(Reuses(), x)
    np.testing.assert_array_equal(result.y, np.ones((1, 2)))
    np.testing.assert_array_equal(x, np.ones((1, 2)))


def test_a_converted_layer_is_a_copy() -> None:
    layer = nn.Dense(2, 3, rng=0)
    converted = with_dtype(layer, "float32")
    assert {value.dtype.name for value in converted.params.values()} == {"float32"}
    assert {value.dtype.name for value in layer.params.values()} == {"float64"}
