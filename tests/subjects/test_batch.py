"""Arguments of a loss as a batch: number of samples, slices, and counts that a mean may divide by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.subjects.batch import counts_of, samples_of, split
from gradcheck.subjects.subject import Block

X, Y = np.ones((5, 4)), np.ones(5)


@pytest.mark.parametrize(
    ("arguments", "samples"),
    [
        ((X, Y), 5),
        ((X, [1, 2, 3, 4, 5]), 5),
        ((X, Y, 0.5, "mean", None), 5),
        ((X, Y[:4]), 1),
        ((X, np.array(["a", "b"])), 5),
        ((X, [[1], [2, 3]]), 5),
        ((np.ones((0, 4)),), 1),
        ((0.5,), 1),
        ((), 1),
    ],
)
def test_samples_are_the_common_length_of_all_arrays_of_numbers(arguments: tuple[Any, ...], samples: int) -> None:
    assert samples_of(arguments) == samples


def test_split_slices_arrays_and_leaves_the_rest() -> None:
    options = {"mean": True}
    x, y, z, same = split((X, list(range(5)), 0.5, options), slice(1, 3))
    np.testing.assert_array_equal(x, X[1:3])
    assert y == [1, 2]
    assert z == 0.5
    assert same is options


def test_counts_name_samples_axes_and_sizes() -> None:
    counts = counts_of((X, Y), [])
    assert counts == {
        5: "The batch has 5 samples",
        4: "Axis 1 of the batch has 4 entries",
        20: "There are 20 entries in an array of the batch",
    }


def test_two_is_a_count_only_as_the_number_of_samples() -> None:
    assert counts_of((np.ones((2, 1)),), []) == {2: "The batch has 2 samples"}
    assert counts_of((np.ones((5, 2)),), []).keys() == {5, 10}


def test_without_a_batch_the_parameters_are_counted() -> None:
    blocks = [Block("W", (3, 4), "float64"), Block("b", (2,), "float64")]
    assert counts_of((), blocks) == {
        3: "Axis 0 of W has 3 entries",
        4: "Axis 1 of W has 4 entries",
        12: "There are 12 entries in an array of W",
    }
    assert 12 not in counts_of((X,), blocks)
