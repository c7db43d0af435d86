"""Blocks are found again in a flat vector."""

from __future__ import annotations

import numpy as np

from gradcheck.subjects.subject import Block
from gradcheck.training.doctor.parameter_layout import ParameterLayout

LAYOUT = ParameterLayout([Block("W", (2, 3), "float64"), Block("b", (), "float64"), Block("v", (2,), "float32")])


def test_a_point_survives_the_round_trip() -> None:
    point = (np.arange(6.0).reshape(2, 3), np.array(7.0), np.array([8.0, 9.0], np.float32))
    vector = LAYOUT.vector(point)
    assert vector.dtype == np.float64
    assert LAYOUT.size == vector.size == 9
    for before, after in zip(point, LAYOUT.point(vector), strict=True):
        np.testing.assert_array_equal(before, after)
        assert before.shape == after.shape


def test_a_part_is_a_view_and_a_point_is_a_copy() -> None:
    vector = np.zeros(9)
    LAYOUT.part(vector, 0)[1, 2] = 5.0
    LAYOUT.point(vector)[0][0, 0] = 1.0
    assert vector.tolist() == [0, 0, 0, 0, 0, 5, 0, 0, 0]


def test_no_blocks_have_no_entries() -> None:
    assert ParameterLayout([]).size == 0
