"""At the user's point the loss is evaluated twice: what differs, or is not finite, is shown."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.errors import SubjectError
from gradcheck.probes.place import Place
from gradcheck.probes.user_point import UserPoint, evaluate_user_point
from tests.cases import Array, logcosh
from tests.probers import RTOL, X, evaluator_of


def evaluated(loss: Callable[[Array], Any], gradient: Callable[[Array], Any] = np.tanh) -> UserPoint:
    return evaluate_user_point(evaluator_of(loss, gradient, X), RTOL, np.random.default_rng(0))


def in_turn(*values: float) -> Callable[[Array], float]:
    """A loss that takes these values, one at each call."""
    cycle = itertools.cycle(values)
    return lambda x: next(cycle)


def test_a_steady_loss_takes_two_evaluations_and_one_gradient() -> None:
    found = evaluated(logcosh)
    evaluator, data = found.prober.evaluator, found.prober.data
    assert (evaluator.losses, evaluator.gradients) == (2, 1)
    assert data.value == logcosh(X)
    np.testing.assert_array_equal(data.claim[0], np.tanh(X))
    assert (data.place, data.noise.steady, data.noise.level) == (Place.USER, True, 0.0)
    assert found.observations == ()


def test_a_loss_that_differs_is_observed_with_its_values() -> None:
    found = evaluated(in_turn(1.0, 1.25, 1.125))
    (observation,) = found.observations
    assert observation.slug == "nondeterministic"
    assert all(text in observation.evidence for text in ("1.0", "1.25", "1.125"))
    assert not found.prober.data.noise.steady
    assert found.prober.data.noise.level == 2 * 0.25
    assert found.prober.evaluator.losses == 3


def test_a_loss_that_the_gradient_changes_is_told_from_a_random_one() -> None:
    (changed,) = evaluated(in_turn(1.0, 2.0, 2.0)).observations
    (random,) = evaluated(in_turn(1.0, 2.0, 3.0)).observations
    assert "before the gradient is computed" in changed.evidence
    assert "before the gradient is computed" not in random.evidence


@pytest.mark.parametrize(("roundings", "observed"), [(1, False), (32, False), (128, True)])
def test_the_rounding_of_a_parallel_sum_is_unsteady_but_no_mistake(roundings: int, observed: bool) -> None:
    found = evaluated(in_turn(1.0, 1.0 + roundings * 2.0**-52, 1.0))
    assert bool(found.observations) is observed
    assert not found.prober.data.noise.steady
    assert found.prober.data.noise.level == pytest.approx(2 * roundings * 2.0**-52)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_loss_that_is_not_finite_is_an_error_that_names_the_remedy(value: float) -> None:
    with pytest.raises(SubjectError, match=f"the loss is {value} at the point given: move to a point"):
        evaluated(lambda x: value)


def test_a_loss_that_becomes_infinite_has_unbounded_noise() -> None:
    found = evaluated(in_turn(1.0, math.inf, 1.0))
    assert found.prober.data.noise.level == math.inf
    assert found.observations


@pytest.mark.parametrize("which", ["loss", "gradient"])
def test_what_the_users_functions_raise_is_passed_on(which: str) -> None:
    def raising(x: Array) -> Any:
        raise ZeroDivisionError("the user's own")

    with pytest.raises(ZeroDivisionError, match="the user's own"):
        evaluated(raising if which == "loss" else logcosh, raising if which == "gradient" else np.tanh)


def test_functions_that_write_into_their_argument_do_not_move_the_point() -> None:
    def loss(x: Array) -> float:
        value = logcosh(x)
        x += 1.0
        return value

    def gradient(x: Array) -> Array:
        claim = np.tanh(x)
        x[...] = 0.0
        return claim

    found = evaluated(loss, gradient)
    np.testing.assert_array_equal(found.prober.data.point[0], X)
    np.testing.assert_array_equal(found.prober.data.claim[0], np.tanh(X))
    assert found.observations == ()


def test_a_claim_that_the_gradient_overwrites_later_is_kept() -> None:
    shared = np.zeros_like(X)

    def gradient(x: Array) -> Array:
        shared[...] = np.tanh(x)
        return shared

    found = evaluated(logcosh, gradient)
    shared[...] = 99.0
    np.testing.assert_array_equal(found.prober.data.claim[0], np.tanh(X))


@pytest.mark.parametrize("exponent", [-600, 600])
@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (1.001, "fail"), (-1.0, "fail")])
def test_losses_whose_squares_overflow_or_vanish_are_judged_as_others_are(
    factor: float, verdict: str, exponent: int
) -> None:
    """The square of 2^600 is more than the largest double, that of 2^-600 less than the smallest."""
    size = 2.0**exponent
    report = gradcheck.check_gradients(lambda x: size * logcosh(x), lambda x: size * factor * np.tanh(x), X, rng=0)
    assert report.verdict.value == verdict
