"""Random smooth losses: a right gradient passes, and one with a planted error fails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.strategies import shapes as drawn_shapes
from tests.cases import Array, SoftmaxRegression, spoil_entry, typical_index, verdict
from tests.profiles import DERANDOMIZE

few = settings(max_examples=20, deadline=None, derandomize=DERANDOMIZE)
shapes = drawn_shapes()
seeds = st.integers(0, 2**32 - 1)
Loss = Callable[[Array], float]
Gradient = Callable[[Array], Array]


def quadratic(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Loss, Gradient]:
    size = int(np.prod(shape))
    root, linear = rng.standard_normal((size, size)), rng.standard_normal(size)
    matrix = root + root.T
    return (
        lambda x: float(0.5 * x.ravel() @ matrix @ x.ravel() + linear @ x.ravel()),
        lambda x: (matrix @ x.ravel() + linear).reshape(shape),
    )


def waves(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Loss, Gradient]:
    size, heights = int(np.prod(shape)), rng.standard_normal(7)
    vectors = rng.standard_normal((7, size)) / np.sqrt(size)
    return (
        lambda x: float(heights @ np.sin(vectors @ x.ravel())),
        lambda x: ((heights * np.cos(vectors @ x.ravel())) @ vectors).reshape(shape),
    )


def softplus(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Loss, Gradient]:
    slopes, shifts = rng.uniform(0.5, 2.0, shape), rng.standard_normal(shape)
    return (
        lambda x: float(np.sum(np.logaddexp(0.0, slopes * x + shifts))),
        lambda x: slopes / (1.0 + np.exp(-slopes * x - shifts)),
    )


families = st.sampled_from([quadratic, waves, softplus])


@few
@given(families, shapes, seeds)
def test_right_gradient_of_a_smooth_loss_passes(
    family: Callable[..., tuple[Loss, Gradient]], shape: tuple[int, ...], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    loss, gradient = family(rng, shape)
    assert verdict(loss, gradient, rng.standard_normal(shape), rng=seed) == "pass"


@few
@given(families, shapes, seeds, st.sampled_from([1e-3, -1e-3, 1e-2, -1.0, 1.0]))
def test_error_planted_in_a_typical_entry_fails(
    family: Callable[..., tuple[Loss, Gradient]], shape: tuple[int, ...], seed: int, error: float
) -> None:
    rng = np.random.default_rng(seed)
    loss, gradient = family(rng, shape)
    x0 = rng.standard_normal(shape)
    spoil = spoil_entry(typical_index(gradient(x0)), 1.0 + error)
    assert verdict(loss, lambda x: spoil(gradient(x)), x0, rng=seed) == "fail"


@few
@given(st.integers(1, 30), st.integers(1, 6), st.integers(2, 5), seeds, st.sampled_from(["W", "b"]))
def test_softmax_regression(samples: int, features: int, classes: int, seed: int, block: str) -> None:
    case = SoftmaxRegression(samples, features, classes, seed)
    assert verdict(case.loss, case.gradient, case.start, rng=seed) == "pass"
    spoil = spoil_entry(typical_index(case.gradient(case.start)[block]), 1.001)
    assert verdict(case.loss, case.spoiled(block, spoil), case.start, rng=seed) == "fail"
