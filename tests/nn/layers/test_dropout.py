from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.dropout import Dropout
from tests.nn.reference import assert_close, tensor


@pytest.mark.parametrize("shape", [(40, 30), (1, 1), (500,), (2, 3, 4, 50)])
@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9])
def test_agrees_with_a_product_in_torch(shape: tuple[int, ...], rate: float) -> None:
    layer = Dropout(rate, seed=1)
    x, upstream = np.random.default_rng(0).standard_normal((2, *shape))
    y = layer.forward(x)
    given = tensor(x, grad=True)
    theirs = given * tensor((y != 0).astype(float)) / (1 - rate)
    theirs.backward(tensor(upstream))
    assert_close(y, theirs, "output")
    assert_close(layer.backward(upstream), given.grad, "gradient of the input")


@pytest.mark.parametrize("rate", [0.01, 0.5, 0.99])
def test_the_fraction_of_zeros_is_the_rate(rate: float) -> None:
    n = 100_000
    y = Dropout(rate).forward(np.ones((n, 1)))
    assert abs((y == 0).sum() - rate * n) < 5 * np.sqrt(n * rate * (1 - rate))
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-15)


def test_the_mask_is_a_function_of_seed_draw_and_shape() -> None:
    x = np.ones((20, 30))
    layer, twin = Dropout(0.5, seed=1), Dropout(0.5, seed=1)
    first = layer.forward(x)
    layer.forward(np.ones((3, 2)))
    np.testing.assert_array_equal(layer.forward(2 * x), 2 * first)
    np.testing.assert_array_equal(layer.forward(x.astype(np.float32)), first)
    assert (Dropout(0.5, seed=2).forward(x) != first).any()
    for each in (layer, twin):
        each.redraw()
    assert (layer.forward(x) != first).any()
    np.testing.assert_array_equal(layer.forward(x), twin.forward(x))
    layer.draw = 0
    np.testing.assert_array_equal(layer.forward(x), first)


def test_the_gradient_belongs_to_the_last_forward() -> None:
    layer = Dropout(0.5)
    x = np.ones((20, 30))
    y = layer.forward(x)
    layer.redraw()
    layer.training = False
    np.testing.assert_array_equal(layer.backward(x), y)


def test_is_the_identity_in_evaluation_mode() -> None:
    layer = Dropout(0.5)
    layer.training = False
    x = np.random.default_rng(0).standard_normal((4, 3))
    y = layer.forward(x)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(layer.backward(2 * x), 2 * x)
    assert not np.shares_memory(x, y)


def test_rates_near_1_stay_finite() -> None:
    layer = Dropout(float(np.nextafter(1.0, 0.0)))
    for dtype in (np.float32, np.float64):
        x = np.ones((4, 3), dtype)
        assert np.isfinite(layer.forward(x)).all()
        assert np.isfinite(layer.backward(x)).all()


@pytest.mark.parametrize("training", [True, False])
def test_float32_stays_float32(training: bool) -> None:
    layer = Dropout(0.5)
    layer.training = training
    x = np.ones((4, 3), np.float32)
    assert layer.forward(x).dtype == np.float32
    assert layer.backward(x).dtype == np.float32


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, np.nan])
def test_bad_rates_are_named(rate: float) -> None:
    with pytest.raises(ValueError, match="Dropout: rate must be at least 0 and less than 1, got"):
        Dropout(rate)


@pytest.mark.parametrize("seed", [-1, 0.5, None, True])
def test_bad_seeds_are_named(seed: Any) -> None:
    with pytest.raises(ValueError, match=f"Dropout: seed must be a whole number of at least 0, got {seed}"):
        Dropout(0.5, seed=seed)


def test_is_described_by_its_arguments() -> None:
    layer = Dropout(0.5, seed=3)
    layer.redraw()
    assert layer.spec() == {"kind": "Dropout", "rate": 0.5, "seed": 3}
