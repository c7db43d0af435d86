"""GC502 is named for NaN and infinity in the claimed gradient, not for large numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import check_block, slugs

SLUG = "not-finite"


def with_one(value: float) -> Any:
    return lambda g: np.where(np.arange(g.size).reshape(g.shape) == 3, value, g)


WRONG = {
    "nan": lambda: check_block(with_one(np.nan)),
    "infinite": lambda: check_block(with_one(np.inf)),
    "all of it": lambda: check_block(lambda g: np.full_like(g, np.nan)),
    "float32": lambda: check_block(with_one(np.nan), dtype=np.float32),
}

NEAR_MISSES = {
    "right": lambda: check_block(np.array),
    "large": lambda: check_block(lambda g: 1e30 * g),
    "one entry wrong": lambda: check_block(with_one(1e6)),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())
