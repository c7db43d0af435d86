"""A generic point lies as far away as the loss allows, and shows what the user's point hides."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from gradcheck import check_gradients
from gradcheck.probes.generic_point import generic_point, generic_shift, screen_nearer, screen_there
from gradcheck.probes.place import Place
from gradcheck.probes.prober import Prober
from gradcheck.probes.screening import Agreement
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import Vector
from tests.cases import Array, logcosh
from tests.probers import X, prober_of

DISTANCES = PROBES.generic_distances


def distance_of(loss: Callable[[Array], float], gradient: Callable[[Array], Array] = np.tanh, seed: int = 0) -> float:
    here = prober_of(loss, gradient, X, seed=seed)
    distance, there = generic_point(here, generic_shift(here))
    assert (there is None) is (distance == 0.0)
    if there is not None:
        assert there.data.place is Place.GENERIC
        assert there.data.value == loss(there.data.point[0])
    return distance


def within(radius: float, beyond: float) -> Callable[[Array], float]:
    """Log cosh up to a distance from the user's point; another value beyond."""
    return lambda x: logcosh(x) if np.abs(x - X).max() <= radius else beyond


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_farthest_where_the_loss_is_finite(seed: int) -> None:
    assert distance_of(logcosh, seed=seed) == DISTANCES[0]
    largest = DISTANCES[0] * np.abs(X).max()  # the farthest that any entry may move
    assert distance_of(within(largest, math.inf), seed=seed) == DISTANCES[0]


@pytest.mark.parametrize("beyond", [math.inf, math.nan, 1e35])
@pytest.mark.parametrize("nearer", [1, 2])
def test_it_is_nearer_where_the_loss_farther_away_is_of_no_use(beyond: float, nearer: int) -> None:
    radius = DISTANCES[nearer] * np.abs(X).max()
    assert distance_of(within(radius, beyond)) == DISTANCES[nearer]


def test_a_large_loss_that_arithmetic_can_hold_is_of_use() -> None:
    assert distance_of(within(1e-9, 1e20)) == DISTANCES[0]


def test_there_is_none_where_the_gradient_is_finite_at_the_users_point_alone() -> None:
    assert distance_of(logcosh, lambda x: np.tanh(x) if np.array_equal(x, X) else np.full_like(x, np.nan)) == 0.0


@pytest.mark.parametrize("seed", range(10))
def test_parameters_keep_their_signs_on_the_way(seed: int) -> None:
    here = prober_of(logcosh, np.tanh, X, seed=seed)
    (shift,) = generic_shift(here)
    assert (np.sign(X + DISTANCES[0] * shift) == np.sign(X)).all()
    assert (np.abs(shift) >= PROBES.generic_least * np.abs(X) * (1 - 1e-12)).all()
    assert len(np.unique(np.abs(shift / X).round(6))) == len(X)


@pytest.mark.parametrize(("factor", "louder"), [(1.0, 1.0), (1e3, 1e3), (1e-3, 1.0)])
def test_noise_there_is_that_here_in_proportion_to_the_loss(factor: float, louder: float) -> None:
    here = prober_of(lambda x: logcosh(x) * (1.0 if np.array_equal(x, X) else factor), np.tanh, X, measured=False)
    here = here.with_measured_noise()
    _, there = generic_point(here, generic_shift(here))
    assert there is not None
    grown = max(1.0, abs(there.data.value / here.data.value))
    assert there.data.noise.level == pytest.approx(here.data.noise.level * grown)
    assert grown == pytest.approx(louder, rel=0.5)


def there_of(gradient: Callable[[Array], Array], seed: int = 0) -> tuple[Prober, Vector, float, Prober]:
    here = prober_of(logcosh, gradient, X, seed=seed)
    shift = generic_shift(here)
    distance, there = generic_point(here, shift)
    assert there is not None
    return here, shift, distance, there


def wrong_beyond(radius: float) -> Callable[[Array], Array]:
    """A gradient that is right up to a distance from the user's point, and twice the right one beyond."""
    return lambda x: np.tanh(x) * (1.0 if np.abs(x - X).max() <= radius else 2.0)


@pytest.mark.parametrize("seed", range(4))
def test_a_mistake_that_the_users_point_hides_shows_there(seed: int) -> None:
    _, _, _, there = there_of(np.tanh, seed)
    assert screen_there(there, [0])[0].agreement is Agreement.AGREES
    _, _, _, there = there_of(wrong_beyond(0.0), seed)
    assert screen_there(there, [0])[0].agreement is Agreement.DISAGREES


def test_doubts_there_are_measured_with_the_noise_found_there() -> None:
    _, _, _, there = there_of(wrong_beyond(0.0))
    assumed = there.with_noise(there.data.noise)
    found = screen_there(assumed, [0])[0]
    assert found.prober.data.point is there.data.point
    assert found.prober.data.noise.level != assumed.data.noise.level


@pytest.mark.parametrize(
    ("radius", "agreement"),
    [(0.0, Agreement.DISAGREES), (0.4 * 0.3, Agreement.AGREES), (math.inf, Agreement.AGREES)],
)
def test_a_gap_that_ends_on_the_way_belongs_to_another_branch(radius: float, agreement: Agreement) -> None:
    here, shift, distance, _ = there_of(wrong_beyond(radius))
    assert np.abs(shift[0]).max() * distance > 0.4 * 0.3
    assert screen_nearer(here, shift, distance, 0) is agreement


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("part", "agreement"), [(0.05, Agreement.DISAGREES), (0.25, Agreement.AGREES)])
def test_a_gap_counts_if_a_tenth_of_the_way_shows_it(part: float, agreement: Agreement, seed: int) -> None:
    """The claim becomes wrong after this part of the way."""
    _, shift, distance, _ = there_of(np.tanh, seed)
    here = prober_of(logcosh, wrong_beyond(part * distance * float(np.abs(shift[0]).max())), X, seed=seed)
    assert screen_nearer(here, shift, distance, 0) is agreement


def test_where_nothing_can_be_measured_on_the_way_nothing_is_known() -> None:
    here, shift, distance, _ = there_of(np.tanh)
    nan = prober_of(lambda x: logcosh(x) if np.array_equal(x, X) else math.nan, np.tanh, X, measured=False)
    assert screen_nearer(nan, shift, distance, 0) is Agreement.UNRESOLVED
    assert screen_nearer(here, shift, distance, 0) is Agreement.AGREES


def loud_beyond(amplitude: float) -> Callable[[Array], float]:
    """Log cosh, with an error that changes from point to point everywhere but at the user's point."""

    def loss(x: Array) -> float:
        error = 0.0 if np.array_equal(x, X) else amplitude * math.sin(1e9 * float(np.sum(x * np.arange(1, len(x) + 1))))
        return logcosh(x) + error

    return loss


def test_a_right_gradient_is_seldom_doubted_for_noise_that_is_there_alone() -> None:
    """A gap that the noise assumed there makes clear counts only as far as that found there leaves it clear."""
    doubted = 0
    for seed in range(60):
        here = prober_of(loud_beyond(10.0 ** -(4 + seed % 5)), np.tanh, X, seed=seed, measured=False)
        _, there = generic_point(here, generic_shift(here))
        assert there is not None
        doubted += screen_there(there, [0])[0].agreement is Agreement.DISAGREES
    assert doubted <= 12


@pytest.mark.parametrize("amplitude", [1e-9, 1e-6, 1e-4])
def test_such_noise_makes_no_right_gradient_fail(amplitude: float) -> None:
    for seed in range(12):
        assert check_gradients(loud_beyond(amplitude), np.tanh, X, rng=seed).verdict.value != "fail"


@pytest.mark.parametrize("budget", range(20, 81, 4))
def test_doubts_at_a_generic_point_cost_no_more_than_is_left(budget: int) -> None:
    """A gradient that is right at the point alone: at a generic one, noise and slopes are measured again."""
    x0 = np.linspace(-1.0, 2.0, 12)
    report = check_gradients(logcosh, lambda _x: np.tanh(x0), x0, rng=0, budget=budget)
    assert report.evaluations <= budget
    assert check_gradients(logcosh, lambda _x: np.tanh(x0), x0, rng=0).verdict.value == "fail"
