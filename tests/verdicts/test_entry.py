"""One entry is measured against its exact derivative; the places of entries are those of NumPy."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from gradcheck.verdicts.entry import Entry, Location, Materiality, index_of, measure_all, measure_entry
from tests.cases import Array, logcosh
from tests.probers import AB, X, by_block, prober_of, shake, total


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4), (2, 1, 5), (2, 3, 2, 2)])
def test_index_of_a_place_is_that_of_numpy(shape: tuple[int, ...]) -> None:
    for place in range(math.prod(shape)):
        assert index_of(place, shape) == tuple(int(i) for i in np.unravel_index(place, shape))


def test_places_at_the_end_of_a_huge_block() -> None:
    shape = (70_000, 80_000)
    place = 70_000 * 80_000 - 2
    assert index_of(place, shape) == (69_999, 79_998)


#: The entries of this function: its derivative is Σⱼ wᵢⱼ cos(xᵢⱼ) exp(sin xᵢⱼ).
W: Array = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -0.125]])
POINT: Array = np.array([[0.3, -1.2, 2.0], [0.0, 0.7, -0.4]])


def loss(x: Array) -> float:
    return float(np.sum(W * np.exp(np.sin(x))))


def gradient(x: Array) -> Array:
    return np.asarray(W * np.cos(x) * np.exp(np.sin(x)))


@pytest.mark.parametrize("index", list(np.ndindex(2, 3)))
def test_an_entry_is_the_derivative(index: tuple[int, ...]) -> None:
    weight, x = mpmath.mpf(float(W[index])), mpmath.mpf(float(POINT[index]))
    exact = float(mpmath.diff(lambda t: weight * mpmath.exp(mpmath.sin(t)), x))
    entry = measure_entry(prober_of(loss, gradient, POINT), 0, index)
    assert entry.index == index
    assert abs(entry.numeric - exact) <= entry.error < 1e-4 * max(abs(exact), 0.1)
    assert entry.claimed == pytest.approx(exact, rel=1e-12)
    assert entry.resolved
    assert not entry.wrong
    assert abs(entry.gap) <= entry.error


@pytest.mark.parametrize("factor", [1.001, 0.999, 0.0, -1.0])
def test_a_wrong_entry_is_wrong_and_its_neighbours_are_not(factor: float) -> None:
    def spoiled(x: Array) -> Array:
        found = gradient(x)
        found[1, 1] *= factor
        return found

    entries = measure_all(prober_of(loss, spoiled, POINT), 0)
    assert [entry.index for entry in entries if entry.wrong] == [(1, 1)]
    (wrong,) = [entry for entry in entries if entry.wrong]
    assert not wrong.resolved
    assert wrong.gap == pytest.approx((factor - 1) * gradient(POINT)[1, 1], rel=1e-2)


def test_an_error_within_the_tolerance_is_not_wrong() -> None:
    entry = measure_entry(prober_of(loss, lambda x: (1 + 1e-5) * gradient(x), POINT), 0, (1, 1))
    assert not entry.wrong
    assert entry.resolved


def test_an_entry_that_noise_hides_is_neither_wrong_nor_resolved() -> None:
    prober = prober_of(lambda x: loss(x) + 1e-2 * shake(x), lambda x: 1.05 * gradient(x), POINT)
    entry = measure_entry(prober, 0, (1, 0))
    assert not entry.wrong
    assert not entry.resolved
    assert abs(entry.numeric - gradient(POINT)[1, 0]) <= entry.error


def test_all_entries_come_in_order_and_of_one_block() -> None:
    prober = prober_of(total(logcosh), by_block(np.tanh), AB)
    entries = measure_all(prober, 1)
    assert [entry.index for entry in entries] == [(0,), (1,), (2,)]
    np.testing.assert_allclose([entry.numeric for entry in entries], np.tanh(AB["b"]), rtol=1e-4)


def test_a_number_is_a_block_of_one_entry() -> None:
    entries = measure_all(prober_of(lambda x: x**3, lambda x: 3 * x**2, 2.0), 0)
    assert [entry.index for entry in entries] == [()]
    assert entries[0].numeric == pytest.approx(12.0, rel=1e-4)


def test_entries_are_measured_while_the_budget_lasts() -> None:
    prober = prober_of(logcosh, np.tanh, X)
    left = prober.evaluator.left
    some = measure_all(prober, 0, leave=left - 24)
    assert 1 <= len(some) < len(X)
    assert prober.evaluator.left < left - 12
    assert measure_all(prober, 0, leave=left) == ()


def entry(index: int, claimed: float, numeric: float) -> Entry:
    return Entry((index,), claimed, numeric, 1e-9, wrong=claimed != numeric, resolved=True)


def test_the_worst_entry_has_the_largest_gap_of_either_sign() -> None:
    entries = (entry(0, 1.0, 1.0), entry(1, 1.0, 3.0), entry(2, 2.0, 1.0))
    assert Location(Materiality.WRONG, entries, complete=True).worst == entries[1]
    swapped = tuple(entry(i, numeric, claimed) for i, claimed, numeric in ((0, 1.0, 1.0), (1, 1.0, 3.0), (2, 2.0, 1.0)))
    assert Location(Materiality.WRONG, swapped, complete=True).worst == swapped[1]
    assert Location(Materiality.UNCLEAR, (), complete=False).worst is None


def test_as_text_it_has_the_index_and_both_values() -> None:
    assert str(Entry((1, 2), 2.0, 1.5, 1e-9, True, True)) == "[1, 2]: claimed 2, numeric 1.5 ± 1.0e-09"


@pytest.mark.parametrize(
    ("claimed", "wrong", "resolved", "right"),
    [
        (1.0, False, True, True),
        (1.0, False, False, False),  # a material gap would not have been seen
        (1.001, False, True, True),  # off by more than the error bar, but by little of itself
        (0.5, False, True, False),  # off by half of itself, though that is tolerated
        (2.0, True, False, False),
    ],
)
def test_an_entry_is_right_if_it_is_shown_to_be(claimed: float, wrong: bool, resolved: bool, right: bool) -> None:
    entry = Entry((0,), claimed, 1.0, 1e-6, wrong, resolved)
    assert entry.right is right
    counted = Location(Materiality.WRONG, (entry,), complete=True).counted
    assert counted is (wrong or right)
    assert not Location(Materiality.WRONG, (entry,), complete=False).counted
