"""Arrays are compared in another shape of the same size."""

from __future__ import annotations

import numpy as np

from gradcheck.recording.matching import reshaped


def test_a_matrix_may_be_transposed_and_other_shapes_are_read_by_rows() -> None:
    matrix = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(reshaped(matrix, (2, 3)), [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(reshaped(matrix, (3, 2)), [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(reshaped(matrix, (6, 1, 1)).reshape(-1), range(6))
    np.testing.assert_array_equal(reshaped(np.arange(6), (3, 2)), [[0, 1], [2, 3], [4, 5]])


def test_other_sizes_have_no_such_shape() -> None:
    assert reshaped(np.arange(6), (2, 2)) is None
    assert reshaped(None, (2, 2)) is None
