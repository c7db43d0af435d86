"""Promises that could not be decided, and the messages of those that are broken."""

from __future__ import annotations

import re
import unittest
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import gradcheck
from gradcheck.nn.layer import Array
from tests.testing.contract.layers import PROMISES, Scale, WrongInput, assert_kept, contract

#: The promises that finite differences decide.
OF_GRADIENTS = ("test_gradient_by_the_input", "test_every_small_shape", "test_batch_of_one", "test_float64")


class Far(Scale):
    """y = x + 10¹⁵: its rounding error hides a change of x. The gradient is right."""

    def __init__(self, features: int, factor: float = 1.0) -> None:
        self.factor = factor

    def forward(self, x: Array) -> Any:
        return x + 1e15

    def backward(self, upstream: Array) -> Any:
        return self.factor * upstream


class FarAndWrong(Far):
    def __init__(self, features: int) -> None:
        super().__init__(features, 1.002)


@pytest.mark.parametrize("kind", [Far, FarAndWrong])
@pytest.mark.parametrize("name", OF_GRADIENTS)
def test_a_promise_that_is_undecided_is_not_kept(kind: type, name: str) -> None:
    with pytest.raises(AssertionError, match=r"could not be decided[^\n]*: x\n") as caught:
        getattr(contract(kind, dtypes=("float64",)), name)()
    assert re.search("rounding error of the loss|too close to the noise", str(caught.value))
    assert 'undecided = "skip"' in str(caught.value)


@pytest.mark.parametrize("name", OF_GRADIENTS)
def test_it_is_skipped_with_its_reason_on_demand(name: str) -> None:
    with pytest.raises(unittest.SkipTest, match="could not be decided"):
        getattr(contract(Far, dtypes=("float64",), undecided="skip"), name)()


def test_drawn_inputs_that_decide_nothing_do_not_pass() -> None:
    drawn = contract(Far, inputs=st.just(np.ones((2, 3))))
    with pytest.raises(AssertionError, match="a gradient for a drawn input could not be decided"):
        drawn.test_gradient_of_drawn_inputs()
    assert_kept(contract(Scale, inputs=st.just(np.ones((2, 3)))))


class FarForWideSamples(Scale):
    """Like `Far` where a sample has four numbers, and right."""

    def forward(self, x: Array) -> Any:
        return super().forward(x) + (1e14 if x.shape[1] == 4 else 0.0)


class WrongForThree(FarForWideSamples):
    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream) * (1.5 if self.x.shape[1] == 3 else 1.0)


def test_a_batch_that_decides_is_enough() -> None:
    tested = contract(FarForWideSamples, dtypes=("float64",), max_size=4)
    for name in OF_GRADIENTS:
        getattr(tested, name)()
    with pytest.raises(AssertionError, match="the gradient that backward returns is wrong: x: GC102"):
        contract(WrongForThree, dtypes=("float64",)).test_gradient_by_the_input()


def test_another_value_is_refused() -> None:
    with pytest.raises(gradcheck.SubjectError, match="undecided is 'pass'"):
        contract(Far, undecided="pass").test_gradient_by_the_input()


def test_the_first_line_names_the_mistake_and_the_seed() -> None:
    with pytest.raises(gradcheck.GradientMismatch) as caught:
        contract(WrongInput, seed=3).test_gradient_by_the_input()
    error = caught.value
    first = "TestIt: the gradient that backward returns is wrong: x: GC102 constant-factor (rng=3)"
    assert str(error).splitlines()[0] == first
    assert str(error.report) in str(error)
    error.shorten()
    assert str(error).splitlines()[0] == first
    assert "claimed" not in str(error)
    assert "on a batch of shape (3, 4), seed 3" in str(error)


def test_the_tests_have_not_become_fewer() -> None:
    assert set(OF_GRADIENTS) <= set(PROMISES)
