"""The corpus of maps: Jacobians are those of formulas, and planted mistakes change them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks.maps.corpus import PLANTED, cases
from benchmarks.maps.detection import all_cases, page_of
from benchmarks.maps.residuals import freudenstein_roth, rosenbrock, softmax


def test_jacobians_are_those_of_formulas() -> None:
    known: dict[Any, Callable[[Any], Any]] = {
        rosenbrock: lambda x: np.array([[-20 * x[0], 10], [-1, 0]]),
        freudenstein_roth: lambda x: np.array([[1, 10 * x[1] - 3 * x[1] ** 2 - 2], [1, 3 * x[1] ** 2 + 2 * x[1] - 14]]),
        softmax: lambda x: np.diag(softmax(x)) - np.outer(softmax(x), softmax(x)),
    }
    seen = 0
    for case in cases():
        formula = known.get(case.fun)
        if formula is not None and (case.fun is not rosenbrock or case.x0.size == 2):
            np.testing.assert_allclose(case.jac(case.x0), formula(case.x0), rtol=1e-12, atol=1e-14)
            seen += 1
    assert seen == 9


def test_there_are_many_maps_with_different_names() -> None:
    names = [case.name for case in cases()]
    assert len(names) == len(set(names)) >= 150


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_planted_mistakes_change_the_jacobian(planted: object) -> None:
    jacobian = np.random.default_rng(0).normal(size=(5, 5))
    changed = planted.change(jacobian, 1, 2)  # type: ignore[attr-defined]
    assert not np.allclose(changed, jacobian)


def test_the_page_counts() -> None:
    chosen = [case for case in all_cases(0) if case.map.name.startswith("beale")]
    text = page_of(chosen, 0)
    assert "| gradcheck | 0 of 3 | 0 of " in text
