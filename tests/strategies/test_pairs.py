"""Pairs of a layer and a loss that can be combined."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

import gradcheck
from gradcheck.errors import SubjectError
from gradcheck.strategies import Pair, pairs
from tests.profiles import DERANDOMIZE

few = settings(max_examples=30, deadline=None, derandomize=DERANDOMIZE, database=None)


@few
@given(pairs())
def test_pairs_can_be_combined_and_are_right(pair: Pair) -> None:
    assert eval(repr(pair), {"Pair": Pair}) == pair
    assert gradcheck.check_gradients(pair.network, batch=pair.batch, rng=0)


def test_pairs_that_cannot_be_combined_are_refused() -> None:
    with pytest.raises(SubjectError, match="ReLU cannot be combined with CrossEntropy"):
        pairs(layers=["ReLU"], losses=["CrossEntropy"])
