"""Gradients around a point are drawn once, on demand, and tell a convex or concave loss from others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.verdicts.nearby import NearbyGradients
from gradcheck.verdicts.settings import VERDICTS
from tests.cases import Array
from tests.probers import prober_of

X: Array = np.array([1.0, 1.0, -2.0, 0.5])


def sign_of(x: Array) -> Array:
    return np.where(x >= 1.0, 1.0, -1.0)


def modulus(x: Array) -> float:
    return float(np.sum(np.abs(x - 1.0)))


def test_gradients_are_drawn_when_they_are_first_asked_for() -> None:
    prober = prober_of(modulus, sign_of, X)
    nearby, before = NearbyGradients(prober), prober.evaluator.gradients
    assert nearby.found == ()
    first = nearby.since(0)
    assert len(first) == 2 * VERDICTS.tiny_pairs
    assert prober.evaluator.gradients == before + len(first)
    assert nearby.since(4) == list(nearby.found[4:])  # kept, not drawn again
    assert prober.evaluator.gradients == before + len(first)
    assert len(nearby.since(len(first))) == len(first)
    assert len(nearby.found) == 2 * len(first)


def test_both_sides_of_a_kink_are_seen_and_nothing_else() -> None:
    nearby = NearbyGradients(prober_of(modulus, sign_of, X))
    gradients = np.array([gradient[0] for gradient in nearby.since(0)])
    np.testing.assert_array_equal(np.unique(gradients[:, :2]), [-1.0, 1.0])
    np.testing.assert_array_equal(gradients[:, 2:], -1.0)
    np.testing.assert_array_equal(gradients[::2, :2], -gradients[1::2, :2])  # pairs to opposite sides


def test_a_gradient_that_writes_into_one_array_is_copied() -> None:
    own = np.zeros(4)

    def reusing(x: Array) -> Array:
        own[...] = sign_of(x)
        return own

    nearby = NearbyGradients(prober_of(modulus, reusing, X))
    gradients = np.array([gradient[0] for gradient in nearby.since(0)])
    np.testing.assert_array_equal(np.unique(gradients[:, :2]), [-1.0, 1.0])


@pytest.mark.parametrize(("raises", "left"), [(lambda x: x[0] > 1.0, 6), (lambda x: np.any(x != X), 0)])
def test_points_where_the_gradient_raises_are_left_out(raises: Callable[[Array], Any], left: int) -> None:
    def gradient(x: Array) -> Array:
        if raises(x):
            raise ValueError("outside the domain")
        return sign_of(x)

    nearby = NearbyGradients(prober_of(modulus, gradient, X))
    assert len(nearby.since(0)) == left == len(nearby.found)


def relu(x: Array) -> Array:
    return np.maximum(x - 1.0, 0.0)


def step(x: Array) -> Array:
    return np.asarray(x >= 1.0, dtype=float)


#: Losses with their gradients, and whether all slopes are between the one-sided ones.
LOSSES: dict[str, tuple[Callable[[Array], float], Callable[[Array], Array], bool]] = {
    "convex": (modulus, sign_of, True),
    "concave": (lambda x: -modulus(x), lambda x: -sign_of(x), True),
    "difference": (
        lambda x: float(relu(x) @ [1.0, -1.0, 0.0, 0.0]),
        lambda x: step(x) * [1.0, -1.0, 0.0, 0.0],
        False,
    ),
    "saddle": (lambda x: float(x[0] * x[1]), lambda x: np.array([x[1], x[0], 0.0, 0.0]), False),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("loss", "gradient", "expected"), LOSSES.values(), ids=LOSSES)
def test_a_convex_or_concave_loss_is_known_by_its_gradients(
    loss: Callable[[Array], float], gradient: Callable[[Array], Array], expected: bool, seed: int
) -> None:
    nearby = NearbyGradients(prober_of(loss, gradient, X, seed=seed))
    nearby.since(0)
    assert nearby.monotone([0]) is expected


def test_blocks_are_looked_at_by_themselves() -> None:
    """Convex in one block and concave in the other."""

    def loss(p: dict[str, Array]) -> float:
        return modulus(p["a"]) - modulus(p["b"])

    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        return {"a": sign_of(p["a"]), "b": -sign_of(p["b"])}

    nearby = NearbyGradients(prober_of(loss, gradient, {"a": X, "b": X.copy()}))
    nearby.since(0)
    assert [nearby.monotone(blocks) for blocks in ([0], [1], [0, 1])] == [True, True, False]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_gradients_that_are_not_finite_are_left_out(bad: float) -> None:
    nearby = NearbyGradients(prober_of(modulus, lambda x: np.where(x > 1.0, bad, sign_of(x)), X))
    assert all(np.isfinite(gradient[0]).all() for gradient in nearby.since(0))


@pytest.mark.parametrize("size", [np.nan, np.inf, 1e200])
def test_a_kink_where_no_gradient_can_be_used_is_no_crash(size: float) -> None:
    def grad(x: Array) -> Array:
        return np.where(x == X, 1.0, np.sign(x - 1.0) * size)

    report = gradcheck.check_gradients(modulus, grad, X, rng=0)
    assert report.verdict.value in ("undecided", "fail")
