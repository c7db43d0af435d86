"""The stated resolution holds: an error just above it, in an entry that it speaks of, does not pass."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

import gradcheck
from tests.cases import Array


def functions(kind: str, rng: np.random.Generator, n: int) -> tuple[object, object]:
    weights = rng.standard_normal(n)
    if kind == "saturated":
        return lambda x: float(weights @ erf(x)), lambda x: weights * 2 / np.sqrt(np.pi) * np.exp(-x * x)
    if kind == "spread":
        scales = 10.0 ** rng.uniform(-6, 6, n)
        return lambda x: float(scales @ np.sin(x)), lambda x: scales * np.cos(x)
    if kind == "offset":
        return lambda x: float(1e4 + np.sum(np.tanh(x) ** 2)), lambda x: 2 * np.tanh(x) / np.cosh(x) ** 2
    matrix = rng.standard_normal((n, n))
    return lambda x: float(0.5 * np.sum((matrix @ x) ** 2)), lambda x: matrix.T @ (matrix @ x)


def spoken_of(gradient: Array, x: Array) -> Array:
    """Entries with an effect of at least a hundredth of the median of those that rounding does not hide."""
    effects = np.abs(gradient * x)
    seen = effects[effects > 8 * np.finfo(float).eps * effects.max()]
    return np.flatnonzero(effects >= 0.01 * np.median(seen))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["saturated", "spread", "offset", "quadratic"])
def test_an_error_above_the_resolution_does_not_pass(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 60))
    x = 3 * rng.standard_normal(n)
    loss, gradient = functions(kind, rng, n)
    report = gradcheck.check_gradients(loss, gradient, x, rng=seed)
    assert report.verdict.value != "fail"
    resolution = report.blocks["x"].resolution
    if resolution is None:
        return
    right = gradient(x)  # type: ignore[operator]
    place = int(rng.choice(spoken_of(right, x)))

    def wrong(y: Array) -> Array:
        g = np.array(gradient(y))  # type: ignore[operator]
        g[place] *= 1 + 1.5 * resolution
        return g

    planted = gradcheck.check_gradients(loss, wrong, x, rng=seed + 1000)
    stated = planted.blocks["x"].resolution
    assert planted.verdict.value != "pass" or (stated is not None and stated > 1.5 * resolution)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("part", [1e-6, 2e-5])
def test_an_error_above_the_resolution_does_not_hide_in_small_gaps_of_all_entries(part: float, seed: int) -> None:
    """As an integrator leaves them: they are tolerated, and together as large as one entry that is not."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(17, 120))
    x = rng.uniform(0.2, 1.2, n)
    off = 1 + part * rng.choice([-1, 1], n) * rng.uniform(0.5, 2, n)

    def check(factors: Array) -> gradcheck.Report:
        return gradcheck.check_gradients(lambda y: float(np.sin(y).sum()), lambda y: factors * np.cos(y), x, rng=seed)

    report = check(off)
    assert report.verdict.value == "pass"
    resolution = report.blocks["x"].resolution
    assert resolution is not None
    for place in rng.permutation(n)[:6]:
        planted = off.copy()
        planted[place] = 1 + rng.choice([-1, 1]) * 1.5 * resolution
        assert check(planted).verdict.value == "fail"
