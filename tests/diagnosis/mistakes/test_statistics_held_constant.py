"""GC307 is named if the mean, the variance or both are treated as constants during training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import check_layer, slugs

SLUG = "statistics-held-constant"


def batch_norm(mean: bool, variance: bool) -> Any:
    """Check a batch normalisation whose gradient includes the path through its mean, its variance, or both."""

    class Mine(nn.BatchNorm):
        def backward(self, upstream: Array) -> Array:
            super().backward(upstream)
            _, v, slope, _ = self._kept(upstream)
            h = self.params["gamma"] * upstream
            less = (h.mean(axis=0) if mean else 0) + (v * (h * v).mean(axis=0) if variance else 0)
            return np.asarray((h - less) * slope)

    return check_layer(Mine(4))


class LayerNorm(nn.LayerNorm):
    def backward(self, upstream: Array) -> Array:
        super().backward(upstream)
        _, slope, _ = self._kept(upstream)
        return np.asarray(self.params["gamma"] * upstream * slope)


class RMSNorm(nn.RMSNorm):
    def backward(self, upstream: Array) -> Array:
        super().backward(upstream)
        _, slope, _ = self._kept(upstream)
        return np.asarray(self.params["gamma"] * upstream * slope)


class ByHand(nn.Layer):
    """A batch normalisation with its epsilon in a closure, under no name that says what it is."""

    def __init__(self, size: float, through: bool = False, outside: bool = False, less: int = 0) -> None:
        super().__init__()
        self.params = {"a": np.random.default_rng(0).uniform(0.5, 1.5, 4), "b": np.random.default_rng(1).normal(size=4)}
        self.through, self.outside = through, outside

        def root(x: Array) -> Array:
            variance = ((x - x.mean(axis=0)) ** 2).sum(axis=0) / (len(x) - less)
            return np.asarray(np.sqrt(variance) + size if outside else np.sqrt(variance + size))

        self.root, self.less = root, less

    def forward(self, x: Array) -> Array:
        self.x = np.asarray(x)
        self.hat = (self.x - self.x.mean(axis=0)) / self.root(self.x)
        return np.asarray(self.params["a"] * self.hat + self.params["b"])

    def backward(self, upstream: Array) -> Array:
        u = np.asarray(upstream)
        self.grads = {"a": (u * self.hat).sum(axis=0), "b": u.sum(axis=0)}
        h = u * self.params["a"]
        root = self.root(self.x)
        if not self.through:
            return np.asarray(h / root)
        centre = self.x - self.x.mean(axis=0)
        under = np.sqrt((centre**2).sum(axis=0) / (len(u) - self.less)) if self.outside else root
        bent = centre * (h * centre).sum(axis=0) / (root * under * (len(u) - self.less))
        return np.asarray((h - h.mean(axis=0) - bent) / root)


def evaluation_mode() -> Any:
    layer = nn.BatchNorm(4)
    layer.training = False
    return check_layer(layer)


WRONG = {
    "both": lambda: batch_norm(False, False),
    "the mean": lambda: batch_norm(False, True),
    "the variance": lambda: batch_norm(True, False),
    "layer": lambda: check_layer(LayerNorm(4)),
    "root mean square": lambda: check_layer(RMSNorm(4)),
}

NEAR_MISSES = {
    "right": lambda: batch_norm(True, True),
    "evaluation mode, where they are constants": lambda: evaluation_mode(),
    "right layer": lambda: check_layer(nn.LayerNorm(4)),
    "a dense layer": lambda: check_layer(nn.Dense(4, 4, rng=3)),
}


@pytest.mark.parametrize("size", [1e-12, 1e-8, 1e-5, 1e-3, 1e-1])
@pytest.mark.parametrize(("outside", "less"), [(False, 0), (True, 0), (False, 1), (True, 1)])
def test_it_is_named_whatever_the_epsilon_is_and_wherever_it_stands(size: float, outside: bool, less: int) -> None:
    report = check_layer(ByHand(size, outside=outside, less=less))
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG
    assert check_layer(ByHand(size, through=True, outside=outside, less=less))


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_the_layer_is_located(check: Any) -> None:
    assert check().findings[0].where.startswith("layers.1")
