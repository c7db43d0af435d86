"""Slopes for a diagnosis: right within their bars, measured once, and at two points."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck.diagnosis.measurements import Measurements, Slope, measurements
from gradcheck.diagnosis.settings import DIAGNOSIS
from gradcheck.probes.place import Place
from gradcheck.subjects.convert import as_subject
from tests.cases import Array, logcosh
from tests.probers import AB, RTOL, X, by_block, evaluator_of, prober_of, total


def here(*, factor: float = 1.0, budget: int = 2000) -> Measurements:
    return Measurements(prober_of(total(logcosh), by_block(lambda x: factor * np.tanh(x)), AB, budget=budget))


@pytest.mark.parametrize("factor", [1.0, -3.0])
@pytest.mark.parametrize("block", [0, 1])
def test_slopes_are_those_of_the_loss_whatever_is_claimed(block: int, factor: float) -> None:
    gradient = np.tanh(list(AB.values())[block])
    found = here(factor=factor).slopes(block)
    assert len(found) == DIAGNOSIS.directions
    for slope in found:
        exact = float(np.sum(gradient * slope.along))
        assert abs(slope.value - exact) <= slope.error
        assert slope.error < 1e-3 * np.linalg.norm(gradient * slope.along)


def test_directions_differ() -> None:
    first, second, third = here().directions(0)
    assert not np.array_equal(first, second)
    assert not np.array_equal(second, third)


def test_slopes_are_measured_once() -> None:
    found = here()
    first = found.slopes(0)
    before = found.prober.evaluator.losses
    assert found.slopes(0) is first
    assert found.directions(0)[0] is first[0].along
    assert found.prober.evaluator.losses == before


def test_a_block_of_one_entry_has_one_direction() -> None:
    found = Measurements(prober_of(lambda x: x**3, lambda x: 3 * x**2, 2.0))
    (slope,) = found.slopes(0)
    assert slope.value / slope.along == pytest.approx(12.0, rel=1e-4)


def test_where_the_budget_ends_slopes_are_missing() -> None:
    used = here().prober.evaluator.losses
    assert here(budget=used + DIAGNOSIS.slope_cost - 1).slopes(0) == []
    some = here(budget=used + DIAGNOSIS.slope_cost).slopes(0)
    assert len(some) == 1


def test_a_slope_at_a_kink_counts_as_not_measured() -> None:
    kinked = Measurements(prober_of(lambda x: float(np.abs(x).sum()), np.ones_like, np.zeros(1)))
    assert kinked.slope(0, np.ones(1)) is None
    smooth = Measurements(prober_of(lambda x: float(np.abs(x).sum()), np.ones_like, np.ones(1)))
    assert isinstance(smooth.slope(0, np.ones(1)), Slope)


def test_the_slope_of_another_loss() -> None:
    found = here()
    along = np.array([1.0, 0.0, 0.0])
    slope = found.slope(1, along, lambda point: float(np.sum(np.sin(point[1]))))
    assert slope is not None
    assert abs(slope.value - math.cos(AB["b"][0])) <= slope.error < 1e-3


@pytest.mark.parametrize(("axis", "index"), [(0, 0), (0, 1), (1, 2)])
def test_the_slope_of_one_row_or_column(axis: int, index: int) -> None:
    x = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]])
    found = Measurements(prober_of(logcosh, np.tanh, x))
    slope = found.slope_of_slice(0, axis, index)
    assert slope is not None
    inside = np.zeros_like(x)
    np.moveaxis(inside, axis, 0)[index] = 1.0
    np.testing.assert_array_equal(slope.along != 0, inside != 0)
    assert abs(slope.value - float(np.sum(np.tanh(x) * slope.along))) <= slope.error


def test_there_is_no_slice_without_a_direction() -> None:
    used = here().prober.evaluator.losses
    assert here(budget=used).slope_of_slice(0, 0, 0) is None


def test_samples_are_measured_along_the_same_directions() -> None:
    inputs = np.array([[0.5, -1.0], [1.5, 0.3], [-0.4, 0.8]])

    def loss(w: Array, inputs: Array) -> float:
        return float(np.sum(np.tanh(inputs @ w)))

    def gradient(w: Array, inputs: Array) -> Array:
        return np.asarray(inputs.T @ (1 - np.tanh(inputs @ w) ** 2))

    subject = as_subject(loss, gradient, np.array([0.7, -0.2]), args=(inputs,))
    samples = [subject.restricted(slice(i, i + 1)) for i in range(3)]
    found = Measurements(prober_of(lambda w: loss(w, inputs), lambda w: gradient(w, inputs), np.array([0.7, -0.2])))
    rows = found.samples(0, [sample for sample in samples if sample is not None])
    assert len(rows) == 2
    for row, along in zip(rows, found.directions(0), strict=False):
        assert len(row) == 3
        for slope, x in zip(row, inputs, strict=True):
            exact = float(gradient(np.array([0.7, -0.2]), x[None]) @ along)
            assert slope.along is along
            assert abs(slope.value - exact) <= slope.error
    assert found.samples(0, []) is rows


def test_contributions_are_the_sum_and_the_norm_of_products() -> None:
    value, norm = Measurements.contribution(np.array([[3.0, 1.0]]), np.array([[1.0, -4.0]]))
    assert (value, norm) == (-1.0, 5.0)
    narrow = np.full(4, 300.0, np.float16)
    assert Measurements.contribution(narrow, narrow) == (360_000.0, 180_000.0)


def test_directions_through_several_blocks() -> None:
    found = here().together([0, 1])
    assert len(found) == DIAGNOSIS.directions
    for moved, value, error in found:
        exact = sum(float(np.tanh(AB[name]) @ moved[b]) for b, name in enumerate("ab"))
        assert abs(value - exact) <= error


def test_there_are_two_points_and_what_is_claimed_at_each() -> None:
    user, points = measurements(evaluator_of(logcosh, np.tanh, X), RTOL, np.random.default_rng(0))
    generic = next(points)
    assert (user.prober.data.place, generic.prober.data.place) == (Place.USER, Place.GENERIC)
    np.testing.assert_array_equal(user.prober.data.point[0], X)
    assert (generic.prober.data.point[0] != X).all()
    for view in (user, generic):
        np.testing.assert_array_equal(view.claim[0], np.tanh(view.prober.data.point[0]))
        assert view.context.vector is view.prober.data.point
        assert view.prober.data.value == logcosh(view.prober.data.point[0])


@pytest.mark.parametrize("beyond", [math.inf, math.nan, 1e9])
def test_the_second_point_is_nearer_where_the_loss_is_of_no_use_farther_away(beyond: float) -> None:
    def loss(x: Array) -> float:
        return logcosh(x) if np.abs(x - X).max() <= 0.25 else beyond

    _, points = measurements(evaluator_of(loss, np.tanh, X), RTOL, np.random.default_rng(0))
    generic = next(points)
    assert 0 < np.abs(generic.prober.data.point[0] - X).max() <= 0.25


def test_there_is_one_point_where_no_other_is_finite() -> None:
    def loss(x: Array) -> float:
        return logcosh(x) if np.abs(x - X).max() < 1e-3 else math.nan

    only, points = measurements(evaluator_of(loss, np.tanh, X), RTOL, np.random.default_rng(0))
    assert not list(points)
    assert only.prober.data.place is Place.USER


def test_each_further_point_is_nearer_than_the_one_before() -> None:
    _, points = measurements(evaluator_of(logcosh, np.tanh, X), RTOL, np.random.default_rng(0))
    distances = [float(np.abs(view.prober.data.point[0] - X).max()) for view in points]
    assert len(distances) == 3
    assert distances[0] > distances[1] > distances[2] > 0
