"""Changes of a line that would make a loop or a series run on are given up, by counting and not by the clock."""

from __future__ import annotations

import ast
import functools

import numpy as np
import pytest
from scipy import special

import gradcheck
from gradcheck.recording.calls import Calls
from gradcheck.recording.program import bound_to
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.trial import TooFar, Trial, guarded, observed

UNIT = 1e9


def test_a_series_is_not_handed_numbers_in_other_units() -> None:
    """Without its unit the argument is 1e9, and the series of this function takes minutes."""

    def fun(x: np.ndarray) -> float:
        return float(np.sum(special.hyp1f1(0.7, 1.9, x / UNIT)))

    def grad(x: np.ndarray) -> np.ndarray:
        inner = special.hyp1f1(1.7, 2.9, x / UNIT)
        inner[0] *= 1.01
        return 0.7 / 1.9 * inner / UNIT

    x0 = np.random.default_rng(0).uniform(-5, 5, 8) * UNIT
    assert gradcheck.check_gradients(fun, grad, x0, rng=0).verdict.value == "fail"


def root(a: np.ndarray) -> np.ndarray:
    """Square root by Newton's method."""
    x = a
    while np.max(np.abs(x * x - a)) > 1e-9 * np.max(a):
        x = 0.5 * (x + a / x)
    return x


def test_a_loop_that_never_ends_is_given_up() -> None:
    def fun(a: np.ndarray) -> float:
        return float(np.sum(root(a)))

    def grad(a: np.ndarray) -> np.ndarray:
        return 0.55 / root(a * 1.0)

    report = gradcheck.check_gradients(fun, grad, np.array([1.3, 2.0, 0.7]), rng=0)
    assert report.verdict.value == "fail"
    assert [line.line for line in report.lines if line.verdict.value == "fail"]


def test_turns_are_counted_anew_for_each_trial() -> None:
    trial = Trial(Calls())
    for _ in range(2):
        trial.begin()
        assert all(trial.turn() for _ in range(RECORDING.most_turns))
        with pytest.raises(TooFar):
            trial.turn()


@pytest.mark.parametrize(("number", "far"), [(5.0, False), (4e3, False), (6e3, True)])
def test_functions_of_a_library_are_held_to_the_numbers_they_were_called_with(number: float, far: bool) -> None:
    calls = Calls()
    calls.note(special.hyp1f1, (1.7, 2.9, np.array([-5.0, 2.0])), {})
    trial = Trial(calls)
    if far:
        with pytest.raises(TooFar):
            trial.call(special.hyp1f1, 1.7, 2.9, np.array([number]))
    else:
        assert trial.call(special.hyp1f1, 1.7, 2.9, np.array([number])).shape == (1,)
    assert trial.call(np.abs, np.array([1e12])) == 1e12


def test_the_observer_sees_any_number() -> None:
    """What looks on is no function of the author's, which may not end for a number far larger than before."""

    def series(x: float) -> float:
        return x

    calls = Calls()
    calls.note(series, (1.0,), {})
    trial, seen = Trial(calls), []
    trial.observer = lambda value, _frame: seen.append(value)
    text = observed("series(x) * 1e9")
    code = compile(guarded(ast.parse(text, mode="eval"), range(9)), "<trial>", "eval")
    run = functools.partial(eval, bound_to(code, trial))
    assert run({"series": series, "x": 2.0}) == 2e9
    assert seen == [2e9]
    with pytest.raises(TooFar):
        run({"series": series, "x": 2e9})
