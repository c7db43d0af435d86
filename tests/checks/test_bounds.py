"""Bounds of the parameters of a function: no point outside is evaluated, and mistakes are found all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds

import gradcheck
from gradcheck.errors import SubjectError, SubjectTypeError

FREE = [(0, None)] * 3


class Guarded:
    """x^1.5, which raises outside of its domain, and its derivative times a factor."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor, self.least, self.most = factor, np.inf, -np.inf

    def _seen(self, x: Any) -> None:
        self.least, self.most = min(self.least, float(np.min(x))), max(self.most, float(np.max(x)))

    def loss(self, x: Any) -> float:
        self._seen(x)
        return float(np.sum(np.abs(x) ** 1.5))

    def gradient(self, x: Any) -> Any:
        self._seen(x)
        return self.factor * 1.5 * np.sqrt(np.abs(x))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("x0", [[1e-3, 1.0, 4.0], [0.0, 1.0, 4.0], [0.2, 1e-12, 3.0]])
@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (-1.0, "fail"), (2.0, "fail")])
def test_no_point_outside_is_evaluated(x0: list[float], seed: int, factor: float, verdict: str) -> None:
    f = Guarded(factor)
    report = gradcheck.check_gradients(f.loss, f.gradient, np.array(x0), bounds=FREE, rng=seed)
    assert report.verdict.value == verdict
    assert f.least >= 0.0
    assert any("lies on a bound in 1 of 3 entries" in note for note in report.notes) == (min(x0) < 1e-6)


@pytest.mark.parametrize(
    "bounds",
    [[(0.0, 1.0)] * 3, [(0, 1), (None, 1.0), (-np.inf, 1)], Bounds(0.0, 1.0), Bounds([0, 0, 0], [1, 1, np.inf])],
    ids=["pairs", "None", "one for all", "arrays"],
)
def test_bounds_are_read_as_scipy_reads_them(bounds: Any) -> None:
    f = Guarded()
    assert gradcheck.check_gradients(f.loss, f.gradient, np.array([0.5, 0.9, 0.3]), bounds=bounds, rng=0)
    assert f.most <= 1.0


def test_bounds_of_a_nesting_are_those_of_its_entries_in_order() -> None:
    def loss(p: Any) -> float:
        assert (p["rate"] > 0).all()
        return float(np.sum(p["shift"] ** 2) + np.sum(np.log(p["rate"])))

    def gradient(p: Any) -> Any:
        return {"shift": 2 * p["shift"], "rate": 1 / p["rate"]}

    point = {"shift": np.array([1.0, -2.0]), "rate": np.array([1e-3])}
    bounds = [(None, None), (None, None), (1e-9, None)]
    assert gradcheck.check_gradients(loss, gradient, point, bounds=bounds, rng=0)
    assert gradcheck.check_gradients(loss, gradient, point, bounds=bounds, wrt="rate", rng=0)


def test_a_gradient_that_is_returned_with_the_loss() -> None:
    f = Guarded()
    assert gradcheck.check_gradients(lambda x: (f.loss(x), f.gradient(x)), True, np.array([0.0, 2, 3]), bounds=FREE)
    assert f.least >= 0.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: (f.loss, f.gradient, np.array([-1.0, 1, 1])), SubjectError, "x0 lies outside of bounds"),
        (lambda f: (f.loss, np.ones(3), np.array([0.0, 1, 1])), SubjectError, "x0 lies on a bound"),
        (lambda f: (f.loss, f.gradient, np.ones(2)), SubjectError, "bounds has 3 entries for 2 parameters"),
        (lambda f: (f,), SubjectTypeError, "bounds are for the parameters x0 of a function"),
    ],
    ids=["outside", "known here alone", "wrong length", "a model"],
)
def test_what_cannot_be_checked_is_refused(call: Callable[[Any], Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        gradcheck.check_gradients(*call(Guarded()), bounds=FREE)


def test_bounds_and_manifolds_exclude_each_other() -> None:
    f = Guarded()
    with pytest.raises(SubjectTypeError, match="bounds is for checks without retract= and project="):
        gradcheck.check_gradients(f.loss, f.gradient, np.ones(3), bounds=FREE, project=lambda x, v: v)


@pytest.mark.parametrize(
    ("bounds", "match"),
    [
        (Bounds([0.0, 0.0], [9.0, 9.0]), "one number for each"),
        (Bounds(np.zeros(4), np.ones(4)), "one number for each"),
        ([(0, 9), (0, 9), ("low", 9)], "no number"),
    ],
)
def test_bounds_that_do_not_fit_are_refused(bounds: Any, match: str) -> None:
    f = Guarded()
    with pytest.raises((SubjectError, SubjectTypeError), match=match):
        gradcheck.check_gradients(f.loss, f.gradient, np.ones(3), bounds=bounds)


def test_integers_and_complex_numbers_beside_a_point_on_a_bound() -> None:
    x0 = {"n": np.array([1, 2]), "w": np.array([0.0, 1.0]), "z": np.array([1.0 + 0.0j])}

    def loss(p: Any) -> float:
        assert p["n"].tolist() == [1, 2]
        return float(np.sum(p["w"] ** 2) + np.sum(np.abs(p["z"]) ** 2 * p["n"][0]))

    def gradient(p: Any) -> Any:
        return {"n": None, "w": 2 * p["w"], "z": 2 * p["z"]}

    bounds = [(0, 9)] * 6
    report = gradcheck.check_gradients(loss, gradient, x0, bounds=bounds, rng=0)
    assert report.verdict.value == "pass"
    wrong = gradcheck.check_gradients(loss, lambda p: {**gradient(p), "z": -2 * p["z"]}, x0, bounds=bounds, rng=0)
    assert wrong.verdict.value == "fail"
