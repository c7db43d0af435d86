"""GC104 is named for a gradient of zero where the loss depends on the block, not for a small one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.diagnosis.mistakes.cases import check_block, check_model, slugs

SLUG = "zero-gradient"


WRONG = {
    "vector": lambda: check_block(np.zeros_like, (6,)),
    "three axes": lambda: check_block(np.zeros_like, (2, 3, 4)),
    "float32": lambda: check_block(np.zeros_like, dtype=np.float32),
    "one block": lambda: check_model(lambda g: g | {"W1": 0 * g["W1"]}),
    "large": lambda: check_block(np.zeros_like, (60, 60)),
}

NEAR_MISSES = {
    "a constant loss": lambda: check_gradients(lambda x: 3.0, np.zeros_like, np.ones((3, 2)), rng=0),
    "tiny, not zero": lambda: check_block(lambda g: 1e-6 * g),
    "half of it zero": lambda: check_block(lambda g: g * (np.arange(g.size).reshape(g.shape) % 2)),
    "right": lambda: check_block(np.array),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())
