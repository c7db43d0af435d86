"""GC201: two axes exchanged, also through a reshape, and symmetric blocks where that is nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.diagnosis.mistakes.cases import committed, matrices, of_block, slugs

SLUG = "transposed"

A = np.random.default_rng(1).normal(size=(4, 4))
ONE_PAIR = np.add.outer(np.arange(4), np.arange(4)) == 1


def symmetric(x: Any) -> float:
    """A function whose gradient is a symmetric matrix."""
    return float(np.sum((x + x.T) ** 2))


HITS = {
    "square": lambda: of_block(np.transpose, (4, 4)),
    "reshaped": lambda: of_block(lambda g: g.T.reshape(g.shape), (3, 5)),
    "reshaped the other way": lambda: of_block(lambda g: g.reshape(5, 3).T, (3, 5)),
    "inner axes": lambda: of_block(lambda g: g.swapaxes(1, 2), (2, 4, 4)),
    "outer axes": lambda: of_block(lambda g: g.swapaxes(0, 2), (3, 2, 3)),
    "with a sign": lambda: of_block(lambda g: -g.T, (4, 4)),
    "float32": lambda: of_block(np.transpose, (4, 4), np.float32),
    "large": lambda: of_block(np.transpose, (40, 40)),
}

SILENT = {
    "right": lambda: of_block(np.array, (4, 4)),
    "symmetric gradient": lambda: check_gradients(
        lambda x: float(np.sum((x + x.T) ** 2)), lambda x: 4 * (x + x.T).T, A, rng=0
    ),
    "one pair only": lambda: of_block(
        lambda g: np.where(np.add.outer(np.arange(4), np.arange(4)) == 1, g.T, g), (4, 4)
    ),
    "both axes reversed": lambda: of_block(lambda g: g[::-1, ::-1], (4, 4)),
    "rows permuted": lambda: of_block(lambda g: g[[1, 3, 0, 2]], (4, 4)),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())


def test_committing_it_exchanges_axes_or_refuses() -> None:
    square = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(committed(SLUG, square)["axes 0 and 1"], square.T)
    assert not committed(SLUG, square + square.T)
    assert not committed(SLUG, np.arange(5.0))
    for g in matrices():
        for wrong in committed(SLUG, g).values():
            assert wrong.shape == g.shape
            assert sorted(wrong.ravel()) == sorted(g.ravel())
