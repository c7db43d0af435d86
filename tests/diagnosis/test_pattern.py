"""Where most of a block is wrong and no mistake has a name for it, rows, columns and samples are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gradcheck import check_gradients
from tests.cases import logcosh

RNG = np.random.default_rng(3)
FACTORS = RNG.uniform(1.2, 2.0, (6, 7))


def message(shape: tuple[int, ...], wrong: NDArray[np.bool_]) -> str:
    x0 = np.random.default_rng(0).uniform(0.5, 2.0, shape)
    factors = np.where(wrong, np.random.default_rng(1).uniform(1.2, 2.0, shape), 1.0)

    gradient = eval("lambda x: np.tanh(x) * factors", {"np": np, "factors": factors})  # has no source, thus no line
    (finding,) = check_gradients(logcosh, gradient, x0, rng=0).findings
    return finding.message


def chosen(shape: tuple[int, ...], axis: int, index: Any) -> NDArray[np.bool_]:
    found = np.zeros(shape, dtype=bool)
    found.swapaxes(0, axis)[index] = True
    return found


@pytest.mark.parametrize(
    ("shape", "axis", "index", "words"),
    [
        ((6, 7), 0, 3, "in row 3 only"),
        ((6, 7), 1, 5, "in column 5 only"),
        ((6, 7), 0, slice(1, None), "in every row except row 0"),
        ((6, 7), 1, slice(0, 6), "in every column except column 6"),
        ((3, 4, 5), 1, 2, "at index 2 of axis 1 only"),
        ((5, 3, 4), 0, slice(1, None), "at every index of axis 0 except 0"),
        ((8, 5), 0, [1, 6], "in row 1 and 6 only"),
    ],
)
def test_rows_columns_and_channels_are_told(shape: tuple[int, ...], axis: int, index: Any, words: str) -> None:
    assert words in message(shape, chosen(shape, axis, index))


def test_a_block_that_is_wrong_everywhere_has_no_pattern() -> None:
    text = message((6, 7), np.ones((6, 7), dtype=bool))
    assert " only" not in text
    assert "except" not in text
    assert "no known mistake explains this" in text


def test_a_vector_has_no_rows() -> None:
    text = message((30,), np.arange(30) % 2 == 0)
    assert "row" not in text


@pytest.mark.parametrize("factor", [3.0, 100.0])
def test_the_pattern_is_that_of_the_point_that_decided(factor: float) -> None:
    """All rows but row 1 are wrong at the user's point, all but row 4 elsewhere: far too steep claims or not."""
    x0 = np.random.default_rng(0).uniform(0.5, 1.5, (6, 40))

    def gradient(x: Any) -> Any:
        rows = np.full((6, 1), factor)
        rows[1 if np.abs(x - x0).max() < 1e-3 else 4] = 1.0
        return x * rows

    (finding,) = check_gradients(lambda x: float((x**2).sum() / 2), gradient, x0, rng=0).findings
    assert "in every row except row 1" in f"{finding.message}\n{finding.evidence}"
