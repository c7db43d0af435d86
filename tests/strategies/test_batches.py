"""Batches fit their network, and print as numbers that can be typed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from gradcheck import nn
from gradcheck.errors import SubjectTypeError
from gradcheck.strategies import DrawnNetwork, batches
from tests.profiles import DERANDOMIZE

few = settings(max_examples=30, deadline=None, derandomize=DERANDOMIZE, database=None)


NETWORK = DrawnNetwork(
    [
        {"kind": "Embedding", "vocabulary": 5, "features": 2},
        {"kind": "Flatten"},
        {"kind": "Dense", "inputs": 6, "outputs": 3},
    ],
    {"kind": "CrossEntropyWithLogits"},
    shape=(3,),
)


@few
@given(batches(NETWORK, min_samples=2, weighted=True))
def test_batches_fit_their_network(batch: Any) -> None:
    X, y, weight = batch
    assert X.shape[1:] == (3,)
    assert 2 <= len(X) == len(y) == len(weight)
    assert X.dtype.kind == "i"
    assert X.max() < 5
    assert np.isfinite(NETWORK.loss(*batch)[0])


@few
@given(batches(shape=(2, 3)))
def test_a_printed_batch_is_the_same_again(batch: Any) -> None:
    (again,) = eval(repr(batch), {"array": np.array})
    np.testing.assert_array_equal(again, batch[0])


def test_a_batch_of_unknown_shape_is_refused() -> None:
    with pytest.raises(SubjectTypeError, match=r"pass the shape of one sample, batches\(..., shape=\(3,\)\)"):
        batches(nn.Network([nn.Dense(2, 1)], nn.Huber()))
