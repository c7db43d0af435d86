"""Wrong gradients of a layer, of the input and of parameters, and batches of one."""

from __future__ import annotations

from typing import Any

import pytest

from gradcheck.nn.layer import Array
from tests.testing.contract.layers import Scale, WrongInput, assert_kept, broken, contract
from tests.testing.contract.test_shape_sweep import OfSums, RightSum


class WrongParameter(Scale):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        self.ds = 1.01 * self.ds
        return dx


def test_a_wrong_input_gradient_is_distinguished_from_a_wrong_parameter_gradient() -> None:
    message = broken(contract(WrongInput), "test_gradient_by_the_input")
    assert "the gradient that backward returns is wrong: x" in message
    contract(WrongInput).test_gradient_by_the_parameters()
    message = broken(contract(WrongParameter), "test_gradient_by_the_parameters")
    assert "the gradient of a parameter is wrong: s" in message
    contract(WrongParameter).test_gradient_by_the_input()


class SqueezesOne(Scale):
    def forward(self, x: Array) -> Any:
        return super().forward(x).squeeze(0) if len(x) == 1 else super().forward(x)

    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream.reshape(self.x.shape))


class IndexesSecond(Scale):
    def forward(self, x: Array) -> Any:
        return super().forward(x) + 0 * x[1]


def test_a_batch_of_one_that_loses_its_axis_is_found() -> None:
    message = broken(contract(SqueezesOne), "test_batch_of_one")
    assert "the output of a batch of one has the shape (4,)" in message
    assert "Keep the axis of samples" in message
    assert_kept(contract(SqueezesOne, min_samples=2))


def test_a_batch_of_one_that_raises_is_found() -> None:
    assert "a batch of one raises IndexError" in broken(contract(IndexesSecond), "test_batch_of_one")
    contract(IndexesSecond, min_samples=2).test_batch_of_one()


class WrongShape(Scale):
    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream)[:, :2]


def test_a_gradient_of_the_wrong_shape_is_found() -> None:
    message = broken(contract(WrongShape), "test_gradient_by_the_input")
    assert "returned the gradient of x with shape (3, 2)" in message
    assert "The wrong shapes are those where axis 1 is 3" in broken(contract(WrongShape), "test_every_small_shape")


class Parity(RightSum):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        return dx if self.shape[1] % 2 else 0.9 * dx


class OfParity(OfSums):
    max_size = 4

    def layer(self, shape: tuple[int, ...]) -> Any:
        return Parity()


class OfRight(OfSums):
    max_size = 4

    def layer(self, shape: tuple[int, ...]) -> Any:
        return RightSum()


def test_a_layer_that_is_wrong_for_even_sizes_is_described_so() -> None:
    with pytest.raises(AssertionError, match="The wrong shapes are those where axis 1 is even"):
        OfParity().test_every_small_shape()
    OfRight().test_every_small_shape()
