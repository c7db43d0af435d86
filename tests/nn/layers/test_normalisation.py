"""Normalisation of numbers of any size, and its derivative."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.layers._normalisation import check_epsilon, normalise, normalise_backward

X = np.random.default_rng(0).standard_normal((3, 5))


@pytest.mark.parametrize("centre", [True, False])
def test_values_are_those_of_the_formula(centre: bool) -> None:
    found = normalise(X, (1,), 1e-5, centre=centre)
    mean = X.mean(axis=1, keepdims=True) if centre else 0.0
    square = ((X - mean) ** 2).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found.values, (X - mean) / np.sqrt(square + 1e-5), rtol=1e-12)
    np.testing.assert_allclose(found.slope, 1 / np.sqrt(square + 1e-5), rtol=1e-12)
    np.testing.assert_allclose(found.deviation, np.sqrt(square), rtol=1e-12)


@pytest.mark.parametrize("factor", [1e-300, 1e200, 1e308 / 3])
def test_large_and_small_numbers_neither_overflow_nor_become_nan(factor: float) -> None:
    found = normalise(factor * X, (1,), 1e-5)
    assert np.isfinite(found.values).all()
    assert np.isfinite(found.slope).all()
    if factor > 1:
        np.testing.assert_allclose(found.values, normalise(X, (1,), 1e-300).values, rtol=1e-12)


@pytest.mark.parametrize("value", [0.1, 1e300, -1e-300])
def test_equal_numbers_become_zero(value: float) -> None:
    assert not normalise(np.full((2, 7), value), (1,), 1e-5).values.any()


@pytest.mark.parametrize("centre", [True, False])
def test_backward_is_the_derivative(centre: bool) -> None:
    upstream = np.random.default_rng(1).standard_normal(X.shape)
    found = normalise(X, (1,), 1e-2, centre=centre)
    downstream = normalise_backward(upstream, found.values, found.slope, (1,), centre=centre)
    direction, step = np.random.default_rng(2).standard_normal(X.shape), 1e-5
    moved = [normalise(X + s * direction, (1,), 1e-2, centre=centre).values for s in (step, -step)]
    assert (downstream * direction).sum() == pytest.approx(
        float((upstream * (moved[0] - moved[1])).sum() / (2 * step)), rel=1e-7
    )


@pytest.mark.parametrize("epsilon", [0.0, -1e-5, np.nan, np.inf, "small"])
def test_an_epsilon_that_is_not_positive_is_refused(epsilon: float) -> None:
    with pytest.raises(ValueError, match="Layer: epsilon must be a positive finite number"):
        check_epsilon("Layer", epsilon)
