from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.layers.layer_norm import LayerNorm
from tests.nn.reference import assert_layer_agrees, redraw, torch


@pytest.mark.parametrize(
    ("shape", "features"),
    [
        ((4, 3), 3),
        ((1, 2), 2),
        ((3, 1), 1),
        ((2, 5, 4), 4),
        ((2, 1, 4), (4,)),
        ((2, 3, 4), (3, 4)),
        ((2, 2, 3, 4), (3, 4)),
        ((1, 1, 1), (1, 1)),
    ],
)
def test_agrees_with_torch(shape: tuple[int, ...], features: int | tuple[int, ...]) -> None:
    layer = LayerNorm(features, epsilon=1e-3)
    redraw(layer)
    sizes = layer.params["gamma"].shape
    x = 3.0 + 2.0 * np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(
        layer, lambda x, p: torch.nn.functional.layer_norm(x, sizes, p["gamma"], p["beta"], eps=1e-3), x
    )


def test_initial_state_is_that_of_torch() -> None:
    x = np.random.default_rng(0).standard_normal((4, 3))
    assert_layer_agrees(LayerNorm(3), lambda x, p: torch.nn.functional.layer_norm(x, (3,), p["gamma"], p["beta"]), x)


def test_each_sample_has_a_scale_of_its_own() -> None:
    rows = np.random.default_rng(0).standard_normal((4, 5))
    factors = np.array([[1.0], [1e150], [1e300], [-(2.0**40)]])
    layer, alone = LayerNorm(5, epsilon=1e-20), LayerNorm(5, epsilon=1e-20)
    np.testing.assert_allclose(layer.forward(factors * rows), np.sign(factors) * alone.forward(rows), rtol=1e-10)
    upstream = np.random.default_rng(1).standard_normal((4, 5))
    np.testing.assert_allclose(np.abs(factors) * layer.backward(upstream), alone.backward(upstream), rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, -7.0, 3e38])
def test_equal_numbers_become_beta(value: float) -> None:
    layer = LayerNorm(3, dtype=np.float32)
    layer.params["beta"][...] = [1.0, 2.0, 3.0]
    y = layer.forward(np.full((2, 3), value, np.float32))
    np.testing.assert_allclose(y, [[1.0, 2.0, 3.0]] * 2, rtol=1e-6)
    assert np.isfinite(layer.backward(y)).all()


def test_float32_stays_float32() -> None:
    layer = LayerNorm(3, dtype=np.float32)
    y = layer.forward(np.ones((4, 2, 3), np.float32))
    assert y.dtype == np.float32
    assert layer.backward(y).dtype == np.float32
    assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def test_spec_makes_the_same_layer() -> None:
    assert LayerNorm((2, 3), epsilon=0.1).spec() == {"kind": "LayerNorm", "features": (2, 3), "epsilon": 0.1}


def test_bad_input_is_named() -> None:
    layer = LayerNorm((2, 3))
    with pytest.raises(ValueError, match=r"LayerNorm\(features=\(2, 3\).*\(samples, \.\.\., 2, 3\), got \(4, 3, 3\)"):
        layer.forward(np.ones((4, 3, 3)))
    with pytest.raises(ValueError, match=r"got \(2, 3\)"):
        layer.forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match="empty"):
        layer.forward(np.ones((0, 2, 3)))
    with pytest.raises(ValueError, match="backward before forward"):
        layer.backward(np.ones((4, 2, 3)))
    with pytest.raises(ValueError, match="LayerNorm: features must be a positive whole number, got 0"):
        LayerNorm((2, 0))
    with pytest.raises(ValueError, match="LayerNorm: features must be a positive whole number"):
        LayerNorm(())
    with pytest.raises(ValueError, match="LayerNorm: epsilon must be a positive finite number, got -1"):
        LayerNorm(3, epsilon=-1)
