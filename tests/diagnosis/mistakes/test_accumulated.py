"""GC105 is named for a buffer that is not reset, and not for one that is reset or decays."""

from __future__ import annotations

import numpy as np
import pytest

import gradcheck
from gradcheck.nn.layer import Array
from tests.cases import logcosh
from tests.diagnosis.mistakes.cases import Regression, batch, slugs

SLUG = "accumulated"
X = np.random.default_rng(0).normal(size=(3, 4))


class Buffer:
    """Adds each gradient to the buffer, which is reset before if `reset` is true."""

    def __init__(self, reset: bool, decay: float = 1.0) -> None:
        self.total, self.reset, self.decay = np.zeros_like(X), reset, decay

    def __call__(self, x: Array) -> Array:
        if self.reset:
            self.total[...] = 0
        self.total *= self.decay
        self.total += np.tanh(x)
        return self.total.copy()


@pytest.mark.parametrize("start", [0.0, 5.0])
def test_a_buffer_that_is_not_reset_is_named(start: float) -> None:
    buffer = Buffer(reset=False)
    buffer.total += start
    report = gradcheck.check_gradients(logcosh, buffer, X, rng=0)
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


def test_a_model_that_accumulates_is_named() -> None:
    totals: dict[str, Array] = {}

    def grow(g: dict[str, Array]) -> dict[str, Array]:
        for name, value in g.items():
            totals[name] = totals.get(name, 0.0) + value
        return {name: value.copy() for name, value in totals.items()}

    report = gradcheck.check_gradients(Regression(grow), batch=batch(), rng=0)
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


def test_a_buffer_that_is_reset_is_right() -> None:
    assert gradcheck.check_gradients(logcosh, Buffer(reset=True), X, rng=0)


def test_a_moving_average_is_not_named() -> None:
    assert SLUG not in slugs(gradcheck.check_gradients(logcosh, Buffer(reset=False, decay=0.5), X, rng=0))


def test_twice_the_gradient_is_not_named() -> None:
    assert SLUG not in slugs(gradcheck.check_gradients(logcosh, lambda x: 2 * np.tanh(x), X, rng=0))


def test_every_block_that_is_not_reset_is_named() -> None:
    point = {name: X + i for i, name in enumerate("abc")}
    buffers = {"a": Buffer(reset=False), "b": Buffer(reset=False), "c": Buffer(reset=True)}

    def loss(p: dict[str, Array]) -> float:
        return sum(logcosh(x) for x in p.values())

    report = gradcheck.check_gradients(loss, lambda p: {k: buffers[k](x) for k, x in p.items()}, point, rng=0)
    (finding,) = report.findings
    assert (finding.slug, finding.blocks) == (SLUG, ("a", "b"))
