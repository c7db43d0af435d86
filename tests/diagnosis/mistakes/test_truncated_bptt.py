"""GC311 is named for a gradient that ends after some time steps, not for one that goes through all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import nn
from gradcheck.nn.layer import Array
from tests.diagnosis.mistakes.cases import slugs

SLUG = "truncated-bptt"


class Truncated(nn.SimpleRNN):
    """Passes the gradient of the state back through at most `steps_back` time steps."""

    steps_back = 0

    def _through_time(self, upstream: Array) -> Array:
        x, _, before, steps, _ = self._kept(upstream)
        total = np.zeros((*before.shape[:2], self.units))
        for last in range(len(steps)):
            slope = np.asarray(upstream)[:, last]
            for t in range(last, max(-1, last - 1 - self.steps_back), -1):
                h = steps[t][2]
                d_z = slope * (1 - h * h)
                total[:, t] += d_z
                slope = d_z @ self.params["Wh"].T
        self.grads["Wx"] = np.einsum("sti,stj->ij", x, total)
        self.grads["Wh"] = np.einsum("sti,stj->ij", before, total)
        self.grads["b"] = total.sum(axis=(0, 1))
        return total


def recurrent(steps_back: int, time: int = 4) -> Any:
    layer = Truncated(3, 2, rng=3)
    layer.steps_back = steps_back
    rng = np.random.default_rng(2)
    made = nn.Network([layer, nn.Flatten(), nn.Dense(2 * time, 2, rng=1)], nn.MeanSquaredError())
    for value in made.params.values():
        value += 0.4 * rng.normal(size=value.shape)
    return gradcheck.check_gradients(made, batch=(rng.normal(size=(4, time, 3)), rng.normal(size=(4, 2))), rng=0)


WRONG = {
    "through no earlier step": lambda: recurrent(0),
    "through one earlier step": lambda: recurrent(1),
    "through two earlier steps": lambda: recurrent(2),
}

NEAR_MISSES = {
    "all steps": lambda: recurrent(3),
    "a limit beyond all steps": lambda: recurrent(9),
    "one step": lambda: recurrent(0, time=1),
}


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
    assert check().findings[0].where.startswith("layers.0")
