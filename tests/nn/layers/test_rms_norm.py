from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.layers.rms_norm import RMSNorm
from tests.nn.reference import assert_layer_agrees, redraw, torch


@pytest.mark.parametrize(
    ("shape", "features"),
    [((4, 3), 3), ((1, 2), 2), ((3, 1), 1), ((2, 5, 4), 4), ((2, 2, 3, 4), (3, 4)), ((1, 1, 1), (1, 1))],
)
def test_agrees_with_torch(shape: tuple[int, ...], features: int | tuple[int, ...]) -> None:
    layer = RMSNorm(features, epsilon=1e-3)
    redraw(layer)
    sizes = layer.params["gamma"].shape
    x = 3.0 + 2.0 * np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(layer, lambda x, p: torch.nn.functional.rms_norm(x, sizes, p["gamma"], eps=1e-3), x)


@pytest.mark.parametrize("factor", [1e-300, 1e160, 1e307])
def test_large_and_small_numbers_give_no_warning(factor: float) -> None:
    layer = RMSNorm(4)
    y = layer.forward(factor * np.array([[0.0, 1.0, -2.0, 4.0], [0.0, 0.0, 0.0, 0.0]]))
    expected = np.array([0.0, 1.0, -2.0, 4.0]) / np.sqrt(5.25) if factor > 1 else factor * 1e3 * np.array([0, 1, -2, 4])
    np.testing.assert_allclose(y[0], expected, rtol=1e-12)
    np.testing.assert_array_equal(y[1], np.zeros(4))
    assert np.isfinite(layer.backward(np.ones((2, 4)))).all()


def test_float32_stays_float32() -> None:
    layer = RMSNorm(3, dtype=np.float32)
    y = layer.forward(np.ones((4, 2, 3), np.float32))
    assert y.dtype == np.float32
    assert layer.backward(y).dtype == np.float32
    assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def test_bad_input_is_named() -> None:
    layer = RMSNorm(3)
    assert set(layer.params) == {"gamma"}
    with pytest.raises(ValueError, match=r"RMSNorm\(features=3.*\(samples, \.\.\., 3\), got \(4, 2\)"):
        layer.forward(np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"RMSNorm: features must be a positive whole number, got 1\.5"):
        RMSNorm(1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="RMSNorm: epsilon must be a positive finite number, got nan"):
        RMSNorm(3, epsilon=float("nan"))
