"""What a loss on a grid is known to: the height of its treads, and no less than that where it is smooth or constant."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.probes.tread import over_treads
from tests.cases import Array
from tests.probers import prober_of


def height(loss: Callable[[Any], float], claim: float, *, start: int = -16, budget: int = 2000, seed: int = 0) -> float:
    """The noise beside 0.70042 once treads were looked for, 0 where none is; steps are about two to the `start`."""
    prober = prober_of(loss, lambda x: claim, 0.70042, measured=False, seed=seed, budget=budget)
    line = prober.line()
    found = prober.compared(line, prober.estimate(line, target=100.0, start=start, cost=6), zero=False)
    longer = over_treads(prober, line, found)
    return 0.0 if longer is None else longer.data.noise.level


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("grid", [1e-1, 1e-3, 1e-4])
def test_a_loss_on_a_grid_is_known_to_the_height_of_its_treads(grid: float, seed: int) -> None:
    assert height(lambda x: math.floor(math.sin(x) / grid) * grid, 0.76, seed=seed) == pytest.approx(grid)


@pytest.mark.parametrize("seed", range(4))
def test_parameters_on_a_grid_make_treads_as_well(seed: int) -> None:
    """Over one step of the grid the loss changes by the step times its slope."""
    assert height(lambda x: math.sin(round(x, 3)), 0.76, seed=seed) == pytest.approx(1e-3 * math.cos(0.7), rel=1e-2)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("loss", "claim"),
    [
        (math.sin, -1.0),
        (lambda x: 0.123456789012345, 1.0),
        (lambda x: 3.0, 1.0),
        (lambda x: 0.0, 1e-9),
        (lambda x: 0.5 + max(x - 0.9, 0.0), 1.0),
        (lambda x: 0.5 + max(x - 0.9, 0.0) ** 2, 1.0),
        (lambda x: math.floor(math.sin(x) / 1e-13) * 1e-13, -1.0),
    ],
    ids=["smooth", "constant", "constant-of-few-digits", "zero", "dead-rectifier", "dead-square", "fine-grid"],
)
def test_what_moves_or_is_constant_has_no_treads(loss: Callable[[float], float], claim: float, seed: int) -> None:
    assert height(loss, claim, seed=seed) == 0.0


def test_a_value_of_few_digits_may_be_as_coarse_as_itself() -> None:
    """A claim by which it would change by less over all that was looked at cannot be told from rounding."""
    assert height(lambda x: 3.0, 1e-3) == 3.0
    assert height(lambda x: math.pi, 1e-3) == 0.0


def test_treads_are_looked_for_within_the_budget_only() -> None:
    assert height(lambda x: math.floor(1e3 * x) / 1e3, 1.0, budget=2 + 6 + 100) > 0
    assert height(lambda x: math.floor(1e3 * x) / 1e3, 1.0, budget=2 + 6 + 79) == 0


@pytest.mark.parametrize("digits", [1, 3, 6])
@pytest.mark.parametrize("diagnose", [False, True])
def test_a_block_without_effect_is_wrong_beside_one_that_shows_how_fine_the_loss_is(
    digits: int, diagnose: bool
) -> None:
    """A claim of a hundred treads is wrong; one of a hundredth of a tread cannot be seen."""
    grid, point = 10.0**-digits, {"used": np.array([0.3, 0.5]), "unused": np.array([1.0, 2.0])}

    def check(claim: float) -> str:
        report = gradcheck.check_gradients(
            lambda p: round(float(np.sin(p["used"]).sum()), digits),
            lambda p: {"used": np.cos(p["used"]), "unused": np.full(2, claim)},
            point,
            diagnose=diagnose,
            rng=0,
        )
        return report.verdict.value

    assert check(100 * grid) == "fail"
    assert check(1e-3 * grid) == "undecided"


def saturated(x: Any) -> float:
    return float(np.tanh(40 * x).sum()) / 40


def slopes(x: Any) -> Array:
    return np.asarray(1 - np.tanh(40 * x) ** 2)


@pytest.mark.parametrize("diagnose", [False, True])
@pytest.mark.parametrize(
    ("loss", "gradient"),
    [
        (lambda x: round(saturated(x), 5), slopes),
        (lambda x: float(f"{saturated(x):.2g}"), slopes),
        (lambda x: math.ceil(saturated(x) / 1e-5) * 1e-5, slopes),
        (lambda x: float(np.float16(saturated(x))), slopes),
        (lambda x: saturated(np.round(x, 4)), lambda x: slopes(np.round(x, 4))),
    ],
    ids=["round", "two-digits", "ceil", "float16", "rounded-parameters"],
)
@pytest.mark.parametrize(
    "x", [[0.31], [0.12], [0.505, -0.865, 0.9], [-0.8, 0.153, 1.03, -1.0, 0.21], [0.03, -0.4, 0.9]]
)
def test_a_right_gradient_of_a_loss_on_a_grid_is_not_called_wrong(
    loss: Callable[[Array], float], gradient: Callable[[Array], Array], x: list[float], diagnose: bool
) -> None:
    for rng in range(4):
        report = gradcheck.check_gradients(loss, gradient, np.array(x), diagnose=diagnose, rng=rng)
        assert report.verdict.value != "fail", report


@pytest.mark.parametrize("factor", [-1.0, 0.5, 2.0])
@pytest.mark.parametrize("diagnose", [False, True])
@pytest.mark.parametrize("grid", [1e-3, 1e-6, 1e-9])
def test_a_wrong_gradient_of_a_loss_on_a_fine_grid_is(grid: float, diagnose: bool, factor: float) -> None:
    x = np.array([0.7, -1.3, 0.4])
    report = gradcheck.check_gradients(
        lambda x: math.floor(float(np.sin(x).sum()) / grid) * grid,
        lambda x: factor * np.cos(x),
        x,
        diagnose=diagnose,
        rng=1,
    )
    assert report.verdict.value == "fail", report
