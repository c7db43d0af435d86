"""Points away from kinks and ties: those near one are found out, others are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.layer import Array
from gradcheck.strategies import DrawnNetwork, smooth_points
from gradcheck.strategies.smoothness import smooth

few = settings(max_examples=20, deadline=None, derandomize=True, database=None)
MARGIN = 2.0**-10

#: Functions with a kink, a tie, a bend in the slope, a jump or an edge at 0.
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
def test_a_kink_nearer_than_the_margin_is_seen(name: str, beside: float) -> None:
    at = np.array([beside * MARGIN])
    assert not smooth(ROUGH[name], at, margin=MARGIN, rng=np.random.default_rng(0))


@pytest.mark.parametrize("name", ROUGH)
def test_a_kink_beyond_the_margin_is_none(name: str) -> None:
    assert smooth(ROUGH[name], np.array([2.5 * MARGIN]), margin=MARGIN, rng=np.random.default_rng(0))


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("x", [0.0, 0.3, -2.0])
def test_what_is_smooth_is_called_smooth(name: str, x: float) -> None:
    for at in (np.array([x]), np.full((2, 2), x)):
        assert smooth(SMOOTH[name], at, margin=MARGIN, rng=np.random.default_rng(0))


def test_a_tie_among_many_is_seen() -> None:
    x = np.array([0.5, 1.25, -0.5, 1.25, 0.0])
    assert not smooth(lambda x: float(x.max()), x, margin=MARGIN, rng=np.random.default_rng(0))
    x[3] = 1.2
    assert smooth(lambda x: float(x.max()), x, margin=MARGIN, rng=np.random.default_rng(0))


@few
@given(smooth_points(lambda x: float(np.abs(x).sum()), shape=(3,), margin=0.1))
def test_points_of_a_function_keep_their_distance(x: Array) -> None:
    assert (np.abs(x) > 0.1).all()


RELU = DrawnNetwork(
    [{"kind": "Dense", "inputs": 2, "outputs": 3}, {"kind": "ReLU"}], {"kind": "MeanAbsoluteError"}, shape=(2,)
)


@few
@given(smooth_points(RELU, margin=0.02))
def test_batches_of_a_network_keep_their_distance(batch: Any) -> None:
    X, y = batch
    before = {name: value.copy() for name, value in RELU.params.items()}
    z = RELU.layers[0].forward(X)
    assert (np.abs(z) > 0).all()
    assert (np.abs(np.maximum(z, 0) - y) > 0).all()
    assert all(np.array_equal(value, before[name]) for name, value in RELU.params.items())


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(SubjectError, match="margin must be a positive number, got 0"):
        smooth_points(np.sum, shape=(2,), margin=0)
    with pytest.raises(SubjectTypeError, match="pass the shape of the function's argument"):
        smooth_points(np.sum)
    with pytest.raises(SubjectTypeError, match="smooth_points cannot use 3"):
        smooth_points(3)  # type: ignore[arg-type]
    assert isinstance(smooth_points(np.sum, shape=(2,)), st.SearchStrategy)
