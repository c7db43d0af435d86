"""Blocks are screened together first, and one by one where that leaves a question open."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.differences.estimate import Estimate, Status
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.point import LossNoise
from gradcheck.probes.screening import Agreement, agreement_of, resolve, screen, screen_block
from gradcheck.subjects.spaces.numpy_space import NUMPY
from tests.cases import Array, logcosh
from tests.probers import AB, X, by_block, prober_of, shake, total


def comparison(gap: float, error: float, status: Status = Status.CONVERGED, jump: float = 0.0) -> Comparison:
    estimate = Estimate(1.0, error, status, 1.0 - jump / 2, 1.0 + jump / 2, error, 1e-3, 1e-16, 6, -10, 0.0)
    return Comparison(1.0 + gap, 0.0, estimate, 1e-4, 1.0, 1e-4)


@pytest.mark.parametrize(
    ("found", "agreement"),
    [
        (comparison(1e-9, 1e-8), Agreement.AGREES),
        (comparison(1e-2, 1e-8), Agreement.DISAGREES),
        (comparison(1e-2, 1e-1), Agreement.UNRESOLVED),
        (comparison(1e-2, 0.5, Status.KINK, jump=1.0), Agreement.KINK),
        (comparison(1e-9, 1e-8, Status.KINK, jump=1e-6), Agreement.AGREES),
        (comparison(1e-9, 1e-8, Status.SPENT), Agreement.UNRESOLVED),
        (comparison(1e-2, 1e-8, Status.NOT_FINITE), Agreement.UNRESOLVED),
        (comparison(1e-2, math.inf, Status.KINK, jump=1.0), Agreement.UNRESOLVED),
        (comparison(1e-2, 1e-8, Status.ROUGH), Agreement.DISAGREES),
        (comparison(1e-9, 1e-8, Status.NOISY), Agreement.AGREES),
    ],
)
def test_what_one_comparison_says(found: Comparison, agreement: Agreement) -> None:
    assert agreement_of(found) is agreement


NOISY = 1e-2

CASES: dict[str, tuple[Callable[[Array], Any], Callable[[Array], Any], Array, Agreement]] = {
    "right": (logcosh, np.tanh, X, Agreement.AGREES),
    "wrong": (logcosh, lambda x: 1.001 * np.tanh(x), X, Agreement.DISAGREES),
    "kink": (lambda x: float(np.abs(x).sum()), np.ones_like, np.zeros(1), Agreement.KINK),
    "off-the-kink": (lambda x: float(np.abs(x).sum()), np.sign, np.array([0.3]), Agreement.AGREES),
    "noise": (lambda x: logcosh(x) + NOISY * shake(x), np.tanh, X, Agreement.UNRESOLVED),
    "noise-but-larger-mistake": (
        lambda x: logcosh(x) + NOISY * shake(x),
        lambda x: 3 * np.tanh(x),
        X,
        Agreement.DISAGREES,
    ),
    "zero": (lambda x: 3.0, np.zeros_like, X, Agreement.AGREES),
    "wrongly-zero": (logcosh, np.zeros_like, X, Agreement.DISAGREES),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("loss", "gradient", "x0", "agreement"), CASES.values(), ids=CASES.keys())
def test_one_block(
    loss: Callable[[Array], Any], gradient: Callable[[Array], Any], x0: Array, agreement: Agreement, seed: int
) -> None:
    found = screen_block(prober_of(loss, gradient, x0, seed=seed), 0)
    assert found.agreement is agreement
    assert found.own
    assert found.contribution.length == pytest.approx(np.linalg.norm(NUMPY.array(found.line.direction, 0)))


def wrong_b(p: dict[str, Array]) -> dict[str, Array]:
    return {"a": np.tanh(p["a"]), "b": 1.01 * np.tanh(p["b"])}


def test_blocks_that_agree_together_are_not_measured_again() -> None:
    prober = prober_of(total(logcosh), by_block(np.tanh), AB)
    found = screen(prober, [0, 1], 1)
    assert [one.agreement for one in found.values()] == [Agreement.AGREES] * 2
    assert found[0].line is found[1].line
    assert not found[0].own
    assert found[0].contribution == found[0].line.contribution(0)


def test_blocks_that_disagree_together_are_measured_one_by_one() -> None:
    found = screen(prober_of(total(logcosh), wrong_b, AB), [0, 1], 1)
    assert (found[0].agreement, found[1].agreement) == (Agreement.AGREES, Agreement.DISAGREES)
    assert found[0].own
    assert found[1].own
    assert NUMPY.moved(found[1].line.direction) == [1]


def test_blocks_that_disagree_together_stay_together_where_that_is_wanted() -> None:
    found = screen(prober_of(total(logcosh), wrong_b, AB), [0, 1], 1, apart=False)
    assert [one.agreement for one in found.values()] == [Agreement.DISAGREES] * 2
    assert found[0].line is found[1].line
    assert not found[0].own


def test_only_the_chosen_blocks_are_screened() -> None:
    found = screen(prober_of(total(logcosh), wrong_b, AB), [0], 1)
    assert list(found) == [0]
    assert found[0].agreement is Agreement.AGREES


def test_blocks_whose_claim_is_zero_are_screened_apart_from_the_others() -> None:
    def loss(p: dict[str, Array]) -> float:
        return logcosh(p["a"])

    def claim(p: dict[str, Array]) -> dict[str, Array]:
        return {"a": np.tanh(p["a"]), "b": np.zeros_like(p["b"])}

    right = screen(prober_of(loss, claim, AB), [0, 1], 1)
    assert [one.agreement for one in right.values()] == [Agreement.AGREES] * 2
    assert NUMPY.moved(right[0].line.direction) == [0]
    assert NUMPY.moved(right[1].line.direction) == [1]
    wrong = screen(prober_of(total(logcosh), claim, AB), [0, 1], 1)
    assert (wrong[0].agreement, wrong[1].agreement) == (Agreement.AGREES, Agreement.DISAGREES)


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_so_many_lines_as_are_wanted_must_agree(lines: int) -> None:
    prober = prober_of(total(logcosh), by_block(np.tanh), AB, measured=False)
    found = screen(prober, [0, 1], lines)
    assert 1 <= found[0].lines <= lines
    assert (found[0].lines > 1) is (lines > 1)


def test_two_errors_that_cancel_along_one_line_show_along_another() -> None:
    """Along a direction with two nearly equal entries the errors of this claim cancel up to the noise."""
    agree = {1: 0, 2: 0}
    for lines in agree:
        for seed in range(40):
            prober = prober_of(
                lambda x: float(x.sum()) + 1e-8 * shake(x),
                lambda x: np.array([1 + 2e-5, 1 - 2e-5]),
                np.ones(2),
                seed=seed,
                measured=False,
            )
            found = screen(prober.with_noise(LossNoise(5e-8)), [0], lines, closely=False)[0]
            agree[lines] += found.agreement is Agreement.AGREES
    assert agree[1] > 2
    assert agree[2] == 0


def test_a_further_line_is_not_drawn_without_the_budget_for_it() -> None:
    prober = prober_of(total(logcosh), by_block(np.tanh), AB, budget=2 + 20, measured=False)
    found = screen(prober, [0, 1], 2, closely=False, apart=False)
    assert found[0].lines == 1


@pytest.mark.parametrize(("size", "moved"), [(8, 2), (40, 13)])
def test_a_block_left_open_is_resolved_in_parts(size: int, moved: int) -> None:
    """The least entries contribute a thousandth of what the others do, and need longer steps than those allow."""
    weights = np.geomspace(1.0, 1e-3, size)
    wrong = np.where(weights < 2e-3, 1.5, 1.0)
    found = []
    for factors in (1.0, wrong):
        prober = prober_of(
            lambda x: float(weights @ np.sin(x)) + 1e-9 * shake(x),
            lambda x, f=factors: f * weights * np.cos(x),
            np.linspace(0.5, 1.0, size),
        )
        hasty = screen_block(prober, 0)
        found.append(resolve(0, hasty))
        if factors is not wrong:
            assert hasty.agreement is Agreement.UNRESOLVED
    assert [one.agreement for one in found] == [Agreement.AGREES, Agreement.DISAGREES]
    assert np.count_nonzero(NUMPY.array(found[0].line.direction, 0)) == moved


@pytest.mark.parametrize("name", ["right", "wrong", "kink"])
def test_a_block_that_is_settled_takes_nothing_more(name: str) -> None:
    loss, gradient, x0, _ = CASES[name]
    prober = prober_of(loss, gradient, x0)
    hasty = screen_block(prober, 0)
    before = prober.evaluator.losses
    assert resolve(0, hasty) is hasty
    assert prober.evaluator.losses == before


def test_coarseness_is_the_bar_beside_a_small_entry() -> None:
    found = screen_block(prober_of(logcosh, np.tanh, X), 0)
    assert found.coarseness == pytest.approx(found.comparison.error_bar / found.contribution.small)
    assert screen_block(prober_of(lambda x: 3.0, np.zeros_like, X), 0).coarseness == 0.0
