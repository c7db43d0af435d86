"""GC101 is named if every sign is wrong, not if only some are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import check_block, check_model, matrices, slugs, wrong_gradients

SLUG = "sign-flipped"


WRONG = {
    "vector": lambda: check_block(np.negative, (9,)),
    "matrix": lambda: check_block(np.negative),
    "three axes": lambda: check_block(np.negative, (2, 3, 4)),
    "float32": lambda: check_block(np.negative, dtype=np.float32),
    "large": lambda: check_block(np.negative, (40, 50)),
    "model": lambda: check_model(lambda g: {k: -v for k, v in g.items()}),
    "one block of a model": lambda: check_model(lambda g: g | {"W2": -g["W2"]}),
}

NEAR_MISSES = {
    "right": lambda: check_block(np.array),
    "half of the entries": lambda: check_block(lambda g: g * np.resize([1.0, -1.0], g.shape)),
    "one entry": lambda: check_block(lambda g: np.where(np.arange(g.size).reshape(g.shape) == 7, -g, g)),
    "absolute value": lambda: check_block(np.abs),
    "nearly minus one varying": lambda: check_block(lambda g: -g * np.linspace(0.8, 1.2, g.size).reshape(g.shape)),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_the_variant_is_the_negative_gradient() -> None:
    for g in matrices():
        (wrong,) = wrong_gradients(SLUG, g).values()
        np.testing.assert_array_equal(wrong, -g)
    assert not wrong_gradients(SLUG, np.zeros(3))
