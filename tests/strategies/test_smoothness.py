"""A kink, tie, jump or edge nearer than the margin is found, and a smooth function is called smooth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layer import Array
from gradcheck.strategies.smoothness import smooth

MARGIN = 2.0**-10

#: Functions with a kink, a tie, a jump of the curvature, a jump or the edge of the domain at 0.
ROUGH: dict[str, Callable[[Array], Any]] = {
    "|x|": lambda x: np.abs(x).sum(),
    "relu": lambda x: np.maximum(x, 0).sum(),
    "largest": lambda x: max(x[0], 2 * x[0]),
    "huber": lambda x: np.where(x > 0, x**2, 0.0).sum(),
    "sign": lambda x: np.sign(x).sum(),
    "log": lambda x: np.log(x).sum(),
    "small kink on a large slope": lambda x: (1e3 * x + 1e-3 * np.abs(x)).sum(),
}

SMOOTH: dict[str, Callable[[Array], Any]] = {
    "linear": lambda x: 3.0 * x.sum(),
    "quartic": lambda x: (x**4).sum(),
    "wave": lambda x: np.sin(7 * x).sum(),
    "large constant": lambda x: 1e6 + np.tanh(x).sum(),
    "constant": lambda x: 1.0,
}


@pytest.mark.parametrize("name", ROUGH)
@pytest.mark.parametrize("beside", [0.0, 0.4, -0.4])
def test_a_kink_within_the_margin_is_found(name: str, beside: float) -> None:
    at = np.array([beside * MARGIN])
    assert not smooth(ROUGH[name], at, margin=MARGIN, rng=np.random.default_rng(0))


@pytest.mark.parametrize("name", ROUGH)
def test_a_kink_beyond_the_margin_is_ignored(name: str) -> None:
    assert smooth(ROUGH[name], np.array([2.5 * MARGIN]), margin=MARGIN, rng=np.random.default_rng(0))


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("x", [0.0, 0.3, -2.0])
def test_smooth_functions_are_smooth(name: str, x: float) -> None:
    for at in (np.array([x]), np.full((2, 2), x)):
        assert smooth(SMOOTH[name], at, margin=MARGIN, rng=np.random.default_rng(0))


def test_a_tie_among_many_is_found() -> None:
    x = np.array([0.5, 1.25, -0.5, 1.25, 0.0])
    assert not smooth(lambda x: float(x.max()), x, margin=MARGIN, rng=np.random.default_rng(0))
    x[3] = 1.2
    assert smooth(lambda x: float(x.max()), x, margin=MARGIN, rng=np.random.default_rng(0))
