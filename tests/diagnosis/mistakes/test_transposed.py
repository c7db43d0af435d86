"""GC201 is named for exchanged axes, also through a reshape; not where the gradient is symmetric."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.diagnosis.mistakes.cases import check_block, matrices, slugs, wrong_gradients

SLUG = "transposed"

A = np.random.default_rng(1).normal(size=(4, 4))
ONE_PAIR = np.add.outer(np.arange(4), np.arange(4)) == 1


def symmetric(x: Any) -> float:
    """A function whose gradient, 4(x + xᵀ), is a symmetric matrix."""
    return float(np.sum((x + x.T) ** 2))


WRONG = {
    "square": lambda: check_block(np.transpose, (4, 4)),
    "reshaped": lambda: check_block(lambda g: g.T.reshape(g.shape), (3, 5)),
    "reshaped the other way": lambda: check_block(lambda g: g.reshape(5, 3).T, (3, 5)),
    "inner axes": lambda: check_block(lambda g: g.swapaxes(1, 2), (2, 4, 4)),
    "outer axes": lambda: check_block(lambda g: g.swapaxes(0, 2), (3, 2, 3)),
    "with a sign": lambda: check_block(lambda g: -g.T, (4, 4)),
    "float32": lambda: check_block(np.transpose, (4, 4), np.float32),
    "a matrix in a vector": lambda: check_block(lambda g: g.reshape(3, 5).T.ravel(), (15,)),
    "large": lambda: check_block(np.transpose, (40, 40)),
}

NEAR_MISSES = {
    "right": lambda: check_block(np.array, (4, 4)),
    "symmetric gradient": lambda: check_gradients(symmetric, lambda x: 4 * (x + x.T).T, A, rng=0),
    "one pair only": lambda: check_block(lambda g: np.where(ONE_PAIR, g.T, g), (4, 4)),
    "both axes reversed": lambda: check_block(lambda g: g[::-1, ::-1], (4, 4)),
    "a vector permuted": lambda: check_block(lambda g: g[np.random.default_rng(2).permutation(15)], (15,)),
    "rows permuted": lambda: check_block(lambda g: g[[1, 3, 0, 2]], (4, 4)),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_variants_exchange_axes_where_that_changes_the_gradient() -> None:
    square = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(wrong_gradients(SLUG, square)["axes 0 and 1"], square.T)
    assert not wrong_gradients(SLUG, square + square.T)
    assert not wrong_gradients(SLUG, np.arange(5.0))
    for g in matrices():
        for wrong in wrong_gradients(SLUG, g).values():
            assert wrong.shape == g.shape
            assert sorted(wrong.ravel()) == sorted(g.ravel())


def test_variants_of_a_vector_are_those_of_the_matrices_that_it_may_hold() -> None:
    found = wrong_gradients(SLUG, np.arange(6.0))
    np.testing.assert_array_equal(found["of the 2 × 3 matrix in it"], [0, 3, 1, 4, 2, 5])
    np.testing.assert_array_equal(found["of the 3 × 2 matrix in it"], [0, 2, 4, 1, 3, 5])
    assert len(found) == 2
