from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gradcheck.nn.activations.log_softmax import LogSoftmax
from tests.nn.reference import assert_layer_agrees, torch


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((4, 3), -1), ((4, 3), 1), ((4, 3), 0), ((1, 1), -1), ((5,), -1), ((2, 3, 4), 1), ((2, 3, 4), -2), ((2, 1, 4), 1)],
)
def test_agrees_with_torch(shape: tuple[int, ...], axis: int) -> None:
    x = 3 * np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(LogSoftmax(axis=axis), lambda z, _: torch.log_softmax(z, axis), x)


@pytest.mark.parametrize(
    "numbers", [(1000.0, 999.0, -1000.0), (1e-8, 0.0, -1e-8), (40.0, 0.0, -700.0), (-1e9, -1e9, 0)]
)
def test_precise_for_large_numbers(numbers: tuple[float, ...]) -> None:
    with mpmath.workdps(1000):
        total = mpmath.fsum(mpmath.exp(mpmath.mpf(z)) for z in numbers)
        exact = [float(mpmath.mpf(z) - mpmath.log(total)) for z in numbers]
    np.testing.assert_allclose(LogSoftmax().forward(np.array([numbers]))[0], exact, rtol=2e-15, atol=2e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_overflow(dtype: type[np.floating]) -> None:
    info = np.finfo(dtype)
    layer = LogSoftmax()
    x = np.array([[info.max, info.max, 0.0], [info.max, 0.0, 0.0], [0.0, info.tiny, -info.tiny]], dtype)
    a = layer.forward(x)
    slopes = layer.backward(np.ones_like(a))
    assert a.dtype == slopes.dtype == dtype
    assert np.isfinite(a).all()
    np.testing.assert_allclose(slopes.sum(axis=-1), 0.0, atol=4 * float(info.eps))


def test_the_output_may_be_changed_by_the_caller() -> None:
    layer = LogSoftmax()
    x = np.random.default_rng(0).standard_normal((4, 3))
    a = layer.forward(x)
    before = layer.backward(x)
    a -= 1.0
    np.testing.assert_array_equal(layer.backward(x), before)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"LogSoftmax\(axis=2\): takes an input that has axis 2, got shape \(4, 3\)"):
        LogSoftmax(axis=2).forward(np.ones((4, 3)))
    with pytest.raises(ValueError, match="LogSoftmax: axis must be a whole number, got 'x'"):
        LogSoftmax(axis="x")  # type: ignore[arg-type]


def test_is_described_by_its_arguments() -> None:
    assert LogSoftmax().spec() == {"kind": "LogSoftmax", "axis": -1}
