"""GC204 is named for one sample and for all but one, not for samples with other weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import Regression, batch, slugs

SLUG = "partial-batch"

MODEL = Regression()


def part(which: slice) -> Any:
    """Check a model whose gradient covers a part of the batch only."""

    class Partial(Regression):
        def gradient(self, X: Any, y: Any) -> Any:
            return self.right(X[which], y[which])

    import gradcheck

    return gradcheck.check_gradients(Partial(), batch=batch(), rng=0)


def weighted(weights: Any) -> Any:
    """Check a model whose gradient gives each sample a weight."""

    class Weighing(Regression):
        def gradient(self, X: Any, y: Any) -> Any:
            singles = [self.right(X[i : i + 1], y[i : i + 1]) for i in range(len(X))]
            return {k: sum(w * g[k] for w, g in zip(weights, singles, strict=True)) / len(X) for k in self.params}

    import gradcheck

    return gradcheck.check_gradients(Weighing(), batch=batch(), rng=0)


WRONG = {
    "first": lambda: part(slice(0, 1)),
    "last": lambda: part(slice(-1, None)),
    "all but the first": lambda: part(slice(1, None)),
    "all but the last": lambda: part(slice(0, -1)),
}

NEAR_MISSES = {
    "all": lambda: part(slice(None)),
    "weights of one": lambda: weighted(np.ones(7)),
    "other weights": lambda: weighted(np.linspace(0.5, 1.5, 7)),
    "the middle": lambda: part(slice(2, 5)),
    "twice": lambda: weighted(2 * np.ones(7)),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())
