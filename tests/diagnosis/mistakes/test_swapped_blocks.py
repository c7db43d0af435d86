"""GC205 is named for the gradient of another block of the same size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.diagnosis.mistakes.cases import check_block, check_model, slugs

SLUG = "swapped-blocks"

P = {"a": np.linspace(0.2, 1.5, 6), "b": np.linspace(-1.0, 0.7, 6).reshape(2, 3), "c": np.linspace(1.0, 2.0, 4)}


def of_three(names: dict[str, str], factor: float = 1.0) -> Any:
    """Check a sum over three blocks; `names` maps a block to the one whose gradient it gets."""

    def loss(p: Any) -> float:
        return float(np.sum(np.sin(p["a"])) + np.sum(np.exp(p["b"])) + np.sum(p["c"] ** 3))

    def gradient(p: Any) -> Any:
        right = {"a": np.cos(p["a"]), "b": np.exp(p["b"]), "c": 3 * p["c"] ** 2}
        return {k: factor * right[names.get(k, k)].reshape(p[k].shape) for k in p}

    return check_gradients(loss, gradient, P, rng=0)


WRONG = {
    "exchanged": lambda: of_three({"a": "b", "b": "a"}),
    "one twice": lambda: of_three({"a": "b"}),
    "the other": lambda: of_three({"b": "a"}),
}

NEAR_MISSES = {
    "right": lambda: of_three({}),
    "of another size": lambda: check_model(dict),
    "with a constant all over": lambda: of_three({}, 2.5),
    "half of another": lambda: check_block(lambda g: np.concatenate([g[2:], g[:2]])),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_the_other_block_is_shown() -> None:
    report = of_three({"a": "b"}, 1.0)
    assert report.findings[0].where == "a"
    assert "belongs to another block (b)" in report.findings[0].message
