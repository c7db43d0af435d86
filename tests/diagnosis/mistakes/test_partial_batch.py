"""GC204: one sample, or all but one; not samples of other weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import Regression, batch, slugs

SLUG = "partial-batch"

MODEL = Regression()


def part(which: slice) -> Any:
    """Check a model that takes the gradient of part of its batch."""

    class Partial(Regression):
        def gradient(self, X: Any, y: Any) -> Any:
            return self.right(X[which], y[which])

    import gradcheck

    return gradcheck.check_gradients(Partial(), batch=batch(), rng=0)


def weighted(weights: Any) -> Any:
    """Check a model that weighs its samples."""

    class Weighing(Regression):
        def gradient(self, X: Any, y: Any) -> Any:
            singles = [self.right(X[i : i + 1], y[i : i + 1]) for i in range(len(X))]
            return {k: sum(w * g[k] for w, g in zip(weights, singles, strict=True)) / len(X) for k in self.params}

    import gradcheck

    return gradcheck.check_gradients(Weighing(), batch=batch(), rng=0)


HITS = {
    "first": lambda: part(slice(0, 1)),
    "last": lambda: part(slice(-1, None)),
    "all but the first": lambda: part(slice(1, None)),
    "all but the last": lambda: part(slice(0, -1)),
}

SILENT = {
    "all": lambda: part(slice(None)),
    "weights of one": lambda: weighted(np.ones(7)),
    "other weights": lambda: weighted(np.linspace(0.5, 1.5, 7)),
    "the middle": lambda: part(slice(2, 5)),
    "twice": lambda: weighted(2 * np.ones(7)),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())
