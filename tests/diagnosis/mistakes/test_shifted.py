"""GC206 is named for a shift by one, cyclic or filled with zeros; not for a shift by two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import check_block, slugs, wrong_gradients

SLUG = "shifted"


def pushed(g: Any) -> Any:
    """Shift by one, with zero in the first place."""
    return np.concatenate([np.zeros_like(g[:1]), g[:-1]])


WRONG = {
    "cyclic": lambda: check_block(lambda g: np.roll(g, 1), (7,)),
    "back": lambda: check_block(lambda g: np.roll(g, -1, 0), (5, 3)),
    "second axis": lambda: check_block(lambda g: np.roll(g, 1, 1), (3, 5)),
    "filled with a zero": lambda: check_block(pushed, (7,)),
    "filled with a row of zeros": lambda: check_block(pushed, (5, 3)),
    "with a sign": lambda: check_block(lambda g: -np.roll(g, 1), (7,)),
    "float32": lambda: check_block(lambda g: np.roll(g, 1), (9,), np.float32),
}

NEAR_MISSES = {
    "right": lambda: check_block(np.array, (7,)),
    "by two": lambda: check_block(lambda g: np.roll(g, 2), (7,)),
    "first entry zero": lambda: check_block(lambda g: np.concatenate([0 * g[:1], g[1:]]), (7,)),
    "two entries exchanged": lambda: check_block(lambda g: g[[1, 0, 2, 3, 4, 5, 6]], (7,)),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_variants_shift_by_one_where_that_changes_the_gradient() -> None:
    g = np.arange(1.0, 5.0)
    found = wrong_gradients(SLUG, g)
    np.testing.assert_array_equal(found["axis 0, by +1, cyclic"], [4, 1, 2, 3])
    np.testing.assert_array_equal(found["axis 0, by -1, filled with zeros"], [2, 3, 4, 0])
    assert not wrong_gradients(SLUG, np.ones(2))
    assert "axis 0, by +1, cyclic" not in wrong_gradients(SLUG, np.ones(4))
