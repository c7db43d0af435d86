"""Layers with side effects: each is found by the one check for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectError
from gradcheck.nn.layer import Array
from tests.testing.contract.layers import Scale, assert_kept, broken, contract


class Noisy(Scale):
    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.rng = np.random.default_rng(0)

    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream) * float(1 + 1e-15 * self.rng.integers(1, 9))


def test_results_that_differ_from_run_to_run_are_found() -> None:
    message = broken(contract(Noisy), "test_is_deterministic")
    assert "the gradient of x differs between two runs on the same input" in message
    assert_kept(contract(Noisy), "test_is_deterministic", "test_backward_can_be_repeated")


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


def test_writes_into_given_arrays_are_found() -> None:
    assert "a pass writes into the input" in broken(contract(WritesInput), "test_leaves_the_input_alone")
    contract(WritesInput).test_leaves_the_upstream_gradient_alone()
    message = broken(contract(WritesUpstream), "test_leaves_the_upstream_gradient_alone")
    assert "backward writes into the upstream gradient" in message
    assert_kept(contract(WritesUpstream), "test_leaves_the_upstream_gradient_alone")
    message = broken(contract(WritesParameters), "test_leaves_the_parameters_alone")
    assert "a pass changes the parameters: s" in message
    contract(WritesParameters).test_leaves_the_input_alone()


class Clips(Scale):
    def backward(self, upstream: Array) -> Any:
        return super().backward(np.clip(upstream, -4.0, 4.0))


class Adds(Scale):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        self.ds = self.ds + 1e-9
        return dx


def test_a_backward_pass_that_is_not_linear_is_found() -> None:
    message = broken(contract(Clips), "test_backward_is_linear")
    assert "is not linear in the upstream gradient" in message
    assert_kept(contract(Clips), "test_backward_is_linear")
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


def test_state_that_a_pass_leaves_behind_is_found() -> None:
    message = broken(contract(Accumulates), "test_backward_can_be_repeated")
    assert "a second backward changes the gradient of s: it is 2 times as large" in message
    assert_kept(contract(AccumulatesByDesign))
    assert "a second backward after one forward raises" in broken(contract(PopsCache), "test_backward_can_be_repeated")
    message = broken(contract(KeepsFirst), "test_backward_can_be_repeated")
    assert "the gradient of s changes after a pass with another batch" in message


class Constant(Scale):
    """Its factor is no parameter, and has no gradient."""

    def __init__(self, features: int) -> None:
        self.s = np.linspace(0.5, 1.5, features)

    def backward(self, upstream: Array) -> Any:
        return upstream * self.s


def test_a_layer_with_constants_says_that_it_has_no_parameters() -> None:
    contract(Constant, parameters=()).test_leaves_the_input_alone()
    with pytest.raises(SubjectError, match=r"whether s are parameters.*params=\(\)"):
        contract(Constant).test_leaves_the_upstream_gradient_alone()
