"""Layers that change the dtype, or lose digits inside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layer import Array
from gradcheck.testing.contract.precision import has_float32_digits, loses_precision
from tests.testing.contract.layers import Scale, assert_kept, broken, contract


class Widens(Scale):
    def forward(self, x: Array) -> Any:
        return super().forward(x) * np.ones(1)


class Narrows(Scale):
    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream).astype(np.float32).astype(upstream.dtype)


def test_an_output_of_another_dtype_is_found() -> None:
    message = broken(contract(Widens), "test_float32")
    assert "the output is float64 although input and parameters are float32" in message
    assert_kept(contract(Widens), "test_float32")
    assert_kept(contract(Widens, dtypes=("float64",)))


def test_a_gradient_rounded_to_float32_is_found() -> None:
    message = broken(contract(Narrows), "test_float64")
    assert "the gradient of x has only the digits of float32" in message
    assert_kept(contract(Narrows), "test_float64", "test_backward_is_linear")


class BatchNorm:
    """The textbook formula. Of two samples the terms of the gradient by the input cancel almost entirely."""

    def __init__(self, features: int) -> None:
        self.params = {"gamma": np.ones((1, features)), "beta": np.zeros((1, features))}
        self.grads: dict[str, Array] = {}
        self.eps = 1e-8

    def forward(self, x: Array) -> Any:
        self.x, self.mean, self.var = x, x.mean(axis=0), x.var(axis=0)
        self.hat = (x - self.mean) / np.sqrt(self.var + self.eps)
        return self.params["gamma"] * self.hat + self.params["beta"]

    def backward(self, upstream: Array) -> Any:
        n, centred, inverse = len(upstream), self.x - self.mean, 1.0 / np.sqrt(self.var + self.eps)
        self.grads["beta"] = upstream.sum(axis=0, keepdims=True)
        self.grads["gamma"] = (upstream * self.hat).sum(axis=0, keepdims=True)
        d = upstream * self.params["gamma"]
        dvar = (d * centred).sum(axis=0) * -0.5 * (self.var + self.eps) ** (-3 / 2)
        dmean = -(d * inverse).sum(axis=0) + dvar / n * (-2.0 * centred).sum(axis=0)
        return d * inverse + dmean / n + dvar * 2 / n * centred


class VarianceHeld(BatchNorm):
    """The term of the variance is missing, in float32 alone."""

    def backward(self, upstream: Array) -> Any:
        right = super().backward(upstream)
        if upstream.dtype != np.float32:
            return right
        d = upstream * self.params["gamma"]
        return (d - d.mean(axis=0)) / np.sqrt(self.var + self.eps)


@pytest.mark.parametrize("seed", range(4))
def test_cancellation_in_float32_is_no_mistake(seed: int) -> None:
    contract(BatchNorm, min_samples=2, seed=seed).test_float32()
    two = contract(BatchNorm, min_samples=2, seed=seed)._fixture()
    pair = [two.example((2, 30)), two.example((2, 7)), two.example((3, 2))]
    assert loses_precision(two, [each for each in pair if each is not None], "float32") is None
    with pytest.raises(AssertionError, match="the gradient of x in float32 differs from that in float64"):
        contract(VarianceHeld, min_samples=2, seed=seed).test_float32()


class Half(Scale):
    """Keeps its cache in float16 where it computes in float32: three digits."""

    def backward(self, upstream: Array) -> Any:
        narrow = self.x.astype(np.float16) if self.x.dtype == np.float32 else self.x
        self.ds = (upstream * narrow).sum(axis=0)
        return upstream * self.s


class Doubled(Scale):
    """Wrong in float32 alone, by a factor."""

    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        return dx * np.float32(1.001) if dx.dtype == np.float32 else dx


class Steep(Scale):
    """y = exp(6 x), whose gradient is right and large."""

    def forward(self, x: Array) -> Any:
        self.y = np.exp(6 * x)
        return self.y

    def backward(self, upstream: Array) -> Any:
        self.ds = np.zeros_like(self.s)
        return upstream * 6 * self.y


class Edge(Scale):
    """A ramp, whose derivative jumps at zero."""

    def forward(self, x: Array) -> Any:
        self.x = x
        return np.maximum(x, 0)

    def backward(self, upstream: Array) -> Any:
        self.ds = np.zeros_like(self.s)
        return upstream * (self.x > 0)


def test_few_digits_inside_are_found_in_float32() -> None:
    assert "the gradient of s in float32 differs" in broken(contract(Half), "test_float32")
    assert "the gradient of x in float32 differs" in broken(contract(Doubled), "test_float32")
    for kind in (Half, Doubled):
        contract(kind).test_float64()
    for seed in range(4):
        contract(Steep, seed=seed).test_float32()
        contract(Edge, seed=seed).test_float32()


def test_digits_are_counted_above_round_off_only() -> None:
    third = np.full(3, 1 / 3)
    assert not has_float32_digits(third)
    assert has_float32_digits(third.astype(np.float32).astype(np.float64))
    assert has_float32_digits(np.array([0.5, 1e-17 / 3]))
    assert not has_float32_digits(np.zeros(3))


class Single(Scale):
    """Computes in float32 whatever it is given; right."""

    factor = 1.0

    def forward(self, x: Array) -> Any:
        return super().forward(x).astype(np.float32)

    def backward(self, upstream: Array) -> Any:
        return (self.factor * super().backward(upstream)).astype(np.float32)


class WrongSingle(Single):
    factor = 1.05


def test_a_layer_of_float32_alone_is_tested_in_float32() -> None:
    assert_kept(contract(Single, dtypes=("float32",)), "test_backward_is_linear")
    assert "is wrong: x" in broken(contract(WrongSingle, dtypes=("float32",)), "test_gradient_by_the_input")
