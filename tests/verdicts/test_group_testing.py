"""Few wrong entries of a large block are all listed; many are not, and right ones never are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gradcheck import check_gradients
from gradcheck.reports.report import Report
from gradcheck.verdicts.entry import Location, Materiality
from gradcheck.verdicts.group_testing import find_all_wrong
from tests.cases import logcosh
from tests.probers import prober_of, shake

FACTORS = np.array([1.01, -1.0, 0.0, 2.0, 1.1])


def report_of(shape: tuple[int, ...], places: NDArray[Any], factors: Any, seed: int) -> Report:
    x0 = 1.0 + np.random.default_rng(seed).uniform(size=shape)

    def gradient(x: Any) -> Any:
        found = np.tanh(x)
        found.reshape(-1)[places] *= factors
        return found

    return check_gradients(logcosh, gradient, x0, rng=seed)


def places_in(report: Report, shape: tuple[int, ...]) -> list[int]:
    return [int(np.ravel_multi_index(entry.index, shape)) for entry in report.blocks["x"].entries if entry.wrong]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(1000,), (250, 400), (10, 20, 30)])
def test_five_wrong_entries_are_all_listed(shape: tuple[int, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = np.sort(rng.choice(int(np.prod(shape)), 5, replace=False))
    report = report_of(shape, places, FACTORS, seed)
    assert places_in(report, shape) == places.tolist()
    for entry in report.blocks["x"].entries:
        truth = np.tanh((1.0 + np.random.default_rng(seed).uniform(size=shape))[entry.index])
        assert abs(entry.numeric - truth) <= entry.error
    finding = report.findings[0]
    assert (finding.code, finding.slug) == ("GC505", "isolated-entries")
    assert f"5 of {np.prod(shape)} entries are wrong" in finding.message


def test_five_among_a_million_take_few_evaluations() -> None:
    places = np.array([0, 123_456, 123_457, 500_000, 999_999])
    report = report_of((10**6,), places, 1.01, 0)
    assert places_in(report, (10**6,)) == places.tolist()
    assert report.evaluations <= 40 + 700
    right = check_gradients(logcosh, np.tanh, 1.0 + np.random.default_rng(0).uniform(size=10**6), rng=0)
    assert right.evaluations <= 40  # the rounding of a sum of a million terms is measured once more


@pytest.mark.parametrize("places", [[500], [0, 999], [10, 11, 13], list(range(0, 120, 10))])
def test_neighbours_and_edges(places: list[int]) -> None:
    report = report_of((1000,), np.array(places), 0.9 if len(places) != 3 else np.array([0.9, 0.7, 1.4]), 1)
    assert places_in(report, (1000,)) == places
    assert report.findings[0].code == "GC505"


def test_successive_entries_with_one_mistake_are_a_part_of_the_vector() -> None:
    report = report_of((1000,), np.array([10, 11, 12]), 0.9, 1)
    assert places_in(report, (1000,)) == [10, 11, 12]
    assert (report.findings[0].code, report.findings[0].where) == ("GC102", "x[10:13]")


@pytest.mark.parametrize(
    ("factors", "slug"), [(2.0, "constant-factor"), (-1.0, "sign-flipped"), (0.999, "constant-factor")]
)
def test_a_block_that_is_wrong_everywhere_is_not_called_isolated(factors: float, slug: str) -> None:
    report = report_of((1000,), np.arange(1000), factors, 0)
    assert report.findings[0].slug == slug
    assert report.evaluations < 600


@pytest.mark.parametrize("size", [25, 48, 64, 100, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_a_block_that_is_wrong_everywhere_is_not_searched_for_few_entries(size: int, seed: int) -> None:
    """Of a small block a random part may have no entry at all, which says nothing of the others."""
    halved = report_of((size,), np.arange(size), 0.5, seed)
    assert halved.findings[0].slug == "constant-factor"
    few = report_of((size,), np.arange(0, size, size // 3)[:3], 0.5, seed)
    assert places_in(few, (size,)) == [0, size // 3, 2 * (size // 3)]
    assert halved.evaluations < 220
    assert halved.evaluations < few.evaluations


def test_half_of_a_block_is_not_called_isolated() -> None:
    assert report_of((1000,), np.arange(0, 1000, 2), 1.05, 0).findings[0].slug != "isolated-entries"


def test_tolerated_errors_beside_a_wrong_entry_are_not_listed() -> None:
    factors = np.ones(1000)
    factors[[5, 700]] = 1 + 1e-6, 1.02
    assert places_in(report_of((1000,), np.arange(1000), factors, 0), (1000,)) == [700]


def test_noise_leaves_no_right_entry_accused() -> None:
    x0 = 1.0 + np.random.default_rng(0).uniform(size=2000)
    places = np.array([7, 1500])

    def noisy(x: Any) -> float:
        value = logcosh(x)
        return value + 1e-9 * (hash(np.asarray(x).tobytes()) % 2**32 / 2**32 - 0.5)

    def gradient(x: Any) -> Any:
        found = np.tanh(x)
        found[places] *= 1.5
        return found

    report = check_gradients(noisy, gradient, x0, rng=0)
    listed = [entry.index[0] for entry in report.blocks["x"].entries if entry.wrong]
    assert set(listed) <= set(places.tolist())


NOWHERE = Location(Materiality.WRONG, (), complete=False)


@pytest.mark.parametrize(("places", "noise"), [((17, 333), 1e-4), ((17,), 1e-3)])
def test_under_noise_wrong_entries_are_found_by_few_values(places: tuple[int, ...], noise: float) -> None:
    """A gap is measured no closer than it takes to follow it, and where it lies is read off one direction."""
    spent = []
    for seed in range(3):
        x0 = np.random.default_rng(seed).uniform(0.3, 1.2, 500)
        factors = np.where(np.isin(np.arange(500), places), 1.5, 1.0)
        prober = prober_of(
            lambda x: float(np.sum(np.cosh(x))) + noise * shake(x),
            lambda x, f=factors: f * np.sinh(x),
            x0,
            seed=seed,
            budget=4000,
        )
        before = prober.evaluator.losses
        found = find_all_wrong(prober, 0, NOWHERE)
        assert found.listed
        assert tuple(entry.index[0] for entry in found.entries) == places
        spent.append(prober.evaluator.losses - before)
    assert float(np.mean(spent)) <= 190


@pytest.mark.parametrize(("budget", "listed"), [(720, True), (600, False)])
def test_they_are_looked_for_if_enough_is_left_to_name_the_mistake(budget: int, listed: bool) -> None:
    x0 = np.random.default_rng(0).uniform(0.3, 1.2, 2000)
    factors = np.where(np.isin(np.arange(2000), (5, 700)), 1.5, 1.0)
    prober = prober_of(lambda x: float(np.sum(np.cosh(x))), lambda x: factors * np.sinh(x), x0, budget=budget)
    assert find_all_wrong(prober, 0, NOWHERE).listed is listed
