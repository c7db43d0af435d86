"""GC202 is named for one or several reversed axes, not for other permutations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import check_block, slugs, wrong_gradients

SLUG = "reversed-axis"


WRONG = {
    "vector": lambda: check_block(lambda g: g[::-1], (6,)),
    "rows": lambda: check_block(lambda g: g[::-1]),
    "columns": lambda: check_block(lambda g: g[:, ::-1]),
    "kernel": lambda: check_block(lambda g: g[:, :, ::-1, ::-1], (2, 3, 3, 3)),
    "sequence": lambda: check_block(lambda g: g[:, ::-1], (2, 5, 3)),
    "with a constant": lambda: check_block(lambda g: 2.5 * g[::-1]),
    "float32": lambda: check_block(lambda g: g[::-1], (8,), np.float32),
}

NEAR_MISSES = {
    "right": lambda: check_block(np.array),
    "halves exchanged": lambda: check_block(lambda g: np.roll(g, 3, 0), (6, 2)),
    "one row reversed": lambda: check_block(lambda g: np.concatenate([g[:1, ::-1], g[1:]])),
    "sorted": lambda: check_block(np.sort, (7,)),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_variants_flip_the_axes_whose_order_matters() -> None:
    g = np.arange(6.0).reshape(2, 3)
    found = wrong_gradients(SLUG, g)
    assert sorted(found) == ["axes 0 and 1", "axis 0", "axis 1"]
    np.testing.assert_array_equal(found["axis 1"], g[:, ::-1])
    assert not wrong_gradients(SLUG, np.array([1.0, 2.0, 1.0]))
