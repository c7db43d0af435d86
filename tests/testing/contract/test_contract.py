"""The contract as a whole: in pytest, in unittest, with drawn inputs, and without a layer."""

from __future__ import annotations

import unittest
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from gradcheck.nn.layer import Array
from gradcheck.testing import LayerContract
from tests.testing.contract.layers import PROMISES, Scale, WrongInput, assert_kept, broken, contract


def test_a_right_layer_keeps_every_promise() -> None:
    assert len(PROMISES) == 13
    assert_kept(contract(Scale, inputs=st.just(np.ones((2, 3)))))


class Edge(Scale):
    """Wrong for a single input only."""

    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        return 2 * dx if (np.abs(self.x - 0.75) < 1e-3).any() else dx


def test_drawn_inputs_find_what_random_ones_do_not() -> None:
    drawn = st.sampled_from([0.25, 0.5, 0.75]).map(lambda x: np.full((2, 2), x))
    message = broken(contract(Edge, inputs=drawn), "test_gradient_of_drawn_inputs")
    assert "a gradient for a drawn input is wrong: x" in message
    assert_kept(contract(Edge, inputs=st.just(np.full((2, 2), 0.5))))


def test_it_works_in_unittest() -> None:
    class TestScale(LayerContract, unittest.TestCase):
        max_size = 2

        def layer(self, shape: tuple[int, ...]) -> Any:
            return WrongInput(shape[0])

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(TestScale).run(result)
    assert result.testsRun == len(PROMISES)
    assert not result.errors
    failed = {case.id().rsplit(".")[-1] for case, _ in result.failures}
    assert "test_gradient_by_the_input" in failed
    assert "test_gradient_by_the_parameters" not in failed


def test_a_contract_without_a_layer_asks_for_it() -> None:
    with pytest.raises(NotImplementedError, match=r"layer\(shape\) is missing"):
        LayerContract().test_is_deterministic()
