"""Each promise of the contract, with a layer that breaks it and one near it that does not."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from gradcheck.errors import SubjectTypeError
from gradcheck.nn.layer import Array
from gradcheck.testing import LayerContract

PROMISES = [name for name in dir(LayerContract) if name.startswith("test_")]


class Scale:
    """y = s x: keeps every promise."""

    def __init__(self, features: int) -> None:
        self.s = np.linspace(0.5, 1.5, features)
        self.ds = np.zeros(features)

    def forward(self, x: Array) -> Any:
        self.x = x
        return x * self.s

    def backward(self, upstream: Array) -> Any:
        self.ds = (upstream * self.x).sum(axis=0)
        return upstream * self.s


def contract(kind: Callable[..., Any], **attributes: Any) -> LayerContract:
    """The contract of a class of layers that take the width of a sample."""

    def layer(self: LayerContract, shape: tuple[int, ...]) -> Any:
        return kind(shape[0])

    made: LayerContract = type("TestIt", (LayerContract,), {"layer": layer, "max_size": 3, **attributes})()
    return made


def kept(tested: LayerContract, *but: str) -> None:
    """Every promise is kept, but for those that are named."""
    for name in PROMISES:
        if name not in but:
            getattr(tested, name)()


def broken(tested: LayerContract, name: str) -> str:
    """What is said of a promise that is broken."""
    with pytest.raises(AssertionError) as caught:
        getattr(tested, name)()
    assert "on a batch of shape (" in str(caught.value)
    assert "seed 0" in str(caught.value)
    return str(caught.value)


def test_a_good_layer_keeps_every_promise() -> None:
    kept(contract(Scale, inputs=st.just(np.ones((2, 3)))))


class WrongInput(Scale):
    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream) * 1.01


class WrongParameter(Scale):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        self.ds = 1.01 * self.ds
        return dx


def test_a_wrong_gradient_by_the_input_is_told_from_one_by_a_parameter() -> None:
    assert "what backward returns is wrong: x" in broken(contract(WrongInput), "test_gradient_by_the_input")
    contract(WrongInput).test_gradient_by_the_parameters()
    assert "the gradient of a parameter is wrong: s" in broken(
        contract(WrongParameter), "test_gradient_by_the_parameters"
    )
    contract(WrongParameter).test_gradient_by_the_input()


class SqueezesOne(Scale):
    def forward(self, x: Array) -> Any:
        return super().forward(x).squeeze(0) if len(x) == 1 else super().forward(x)

    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream.reshape(self.x.shape))


def test_a_batch_of_one_that_loses_its_axis_is_found() -> None:
    said = broken(contract(SqueezesOne), "test_batch_of_one")
    assert "the output of a batch of one has the shape (4,)" in said
    assert "Keep the axis of samples" in said
    kept(contract(SqueezesOne, min_samples=2))


class WrongShape(Scale):
    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream)[:, :2]


def test_a_gradient_of_another_shape_is_a_broken_promise() -> None:
    said = broken(contract(WrongShape), "test_gradient_by_the_input")
    assert "returned the gradient of x with shape (3, 2)" in said
    assert "They are those where axis 1 is 3" in broken(contract(WrongShape), "test_every_small_shape")


class Noisy(Scale):
    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.rng = np.random.default_rng(0)

    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream) * float(1 + 1e-15 * self.rng.integers(1, 9))


def test_what_differs_from_call_to_call_is_found() -> None:
    assert "x is another one when the same input comes again" in broken(contract(Noisy), "test_is_deterministic")
    kept(contract(Noisy), "test_is_deterministic", "test_backward_can_be_repeated")


class WritesInput(Scale):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        self.x *= 2
        return dx


class WritesUpstream(Scale):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        upstream[...] = 0
        return dx


class WritesParameters(Scale):
    def forward(self, x: Array) -> Any:
        self.s = self.s * (1 + 1e-12)
        return super().forward(x)


def test_what_is_written_into_is_found() -> None:
    assert "the input is changed" in broken(contract(WritesInput), "test_leaves_the_input_alone")
    contract(WritesInput).test_leaves_the_upstream_gradient_alone()
    said = broken(contract(WritesUpstream), "test_leaves_the_upstream_gradient_alone")
    assert "the upstream gradient is changed" in said
    kept(contract(WritesUpstream), "test_leaves_the_upstream_gradient_alone")
    assert "s: changed by a pass" in broken(contract(WritesParameters), "test_leaves_the_parameters_alone")
    contract(WritesParameters).test_leaves_the_input_alone()


class Widens(Scale):
    def forward(self, x: Array) -> Any:
        return super().forward(x) * np.ones(1)


class Narrows(Scale):
    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream).astype(np.float32).astype(upstream.dtype)


def test_types_that_are_not_kept_are_found() -> None:
    assert "the output is float64 where input and parameters are float32" in broken(contract(Widens), "test_float32")
    kept(contract(Widens), "test_float32")
    kept(contract(Widens, dtypes=("float64",)))
    assert "the gradient of x has the digits of a float32 only" in broken(contract(Narrows), "test_float64")
    kept(contract(Narrows), "test_float64", "test_backward_is_linear")


class Clips(Scale):
    def backward(self, upstream: Array) -> Any:
        return super().backward(np.clip(upstream, -4.0, 4.0))


class Adds(Scale):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        self.ds = self.ds + 1e-9
        return dx


def test_a_backward_that_is_not_linear_is_found() -> None:
    said = broken(contract(Clips), "test_backward_is_linear")
    assert "is not linear in the upstream gradient" in said
    kept(contract(Clips), "test_backward_is_linear")
    assert "the gradient of s is not linear" in broken(contract(Adds), "test_backward_is_linear")


class Accumulates(Scale):
    def backward(self, upstream: Array) -> Any:
        self.ds = self.ds + (upstream * self.x).sum(axis=0)
        return upstream * self.s


class AccumulatesByDesign(Accumulates):
    def zero_grad(self) -> None:
        self.ds = np.zeros_like(self.s)


class PopsCache(Scale):
    def backward(self, upstream: Array) -> Any:
        x = self.__dict__.pop("x")
        self.ds = (upstream * x).sum(axis=0)
        return upstream * self.s


class KeepsFirst(Scale):
    def forward(self, x: Array) -> Any:
        y = super().forward(x)
        self.first = getattr(self, "first", x)
        return y

    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        fits = self.first.shape == upstream.shape
        self.ds = (upstream * (self.first if fits else self.x)).sum(axis=0)
        return dx


def test_what_a_pass_leaves_behind_is_found() -> None:
    said = broken(contract(Accumulates), "test_backward_can_be_repeated")
    assert "the gradient of s is another one at a second backward: 2 times as large" in said
    kept(contract(AccumulatesByDesign))
    assert "a second backward after one forward raises" in broken(contract(PopsCache), "test_backward_can_be_repeated")
    broken(contract(KeepsFirst), "test_backward_can_be_repeated")


class Edge(Scale):
    """Wrong for a single input only."""

    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        return 2 * dx if (np.abs(self.x - 0.75) < 1e-3).any() else dx


def test_drawn_inputs_find_what_random_ones_do_not() -> None:
    drawn = st.sampled_from([0.25, 0.5, 0.75]).map(lambda x: np.full((2, 2), x))
    said = broken(contract(Edge, inputs=drawn), "test_gradient_of_drawn_inputs")
    assert "a gradient for a drawn input is wrong: x" in said
    kept(contract(Edge, inputs=st.just(np.full((2, 2), 0.5))))


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


def test_a_layer_that_is_missing_is_asked_for() -> None:
    with pytest.raises(NotImplementedError, match=r"layer\(shape\) is missing"):
        LayerContract().test_is_deterministic()
    with pytest.raises(SubjectTypeError, match="returned None for every small shape of 1 axes"):
        contract(lambda width: None).test_is_deterministic()
