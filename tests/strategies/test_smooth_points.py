"""Drawn points keep their distance from kinks and ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.layer import Array
from gradcheck.strategies import DrawnNetwork, smooth_points
from tests.profiles import DERANDOMIZE

few = settings(max_examples=20, deadline=None, derandomize=DERANDOMIZE, database=None)


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
