"""GC504 is reported for code that modifies its arguments in place, not for code that works on a copy."""

from __future__ import annotations

from typing import Any

import numpy as np

import gradcheck
from tests.cases import logcosh
from tests.diagnosis.mistakes.cases import Regression, batch, slugs

SLUG = "mutates-input"
X = np.random.default_rng(0).normal(size=5)


def test_a_gradient_that_writes_into_its_argument_is_reported() -> None:
    def gradient(x: Any) -> Any:
        np.tanh(x, out=x)
        return x

    report = gradcheck.check_gradients(logcosh, gradient, X.copy(), rng=0)
    assert slugs(report) == [SLUG]
    assert report


def test_a_loss_that_writes_into_its_argument_is_reported() -> None:
    def loss(x: Any) -> float:
        x += 1.0
        return logcosh(x)

    x0 = X.copy()
    assert SLUG in slugs(gradcheck.check_gradients(loss, lambda x: np.tanh(x + 1.0), x0, rng=0))
    np.testing.assert_array_equal(x0, X)


def test_a_model_that_updates_its_parameters_in_its_gradient_is_reported() -> None:
    class UpdatesInGradient(Regression):
        def gradient(self, X: Any, y: Any) -> Any:
            found = self.right(X, y)
            self.params["W2"] -= 0.1 * found["W2"]
            return found

    model = UpdatesInGradient()
    before = model.params["W2"].copy()
    assert SLUG in slugs(gradcheck.check_gradients(model, batch=batch(), rng=0))
    np.testing.assert_array_equal(model.params["W2"], before)


def test_code_that_works_on_a_copy_is_not_reported() -> None:
    def gradient(x: Any) -> Any:
        x = x.copy()
        np.tanh(x, out=x)
        return x

    assert not gradcheck.check_gradients(logcosh, gradient, X, rng=0).findings
