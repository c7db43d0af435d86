"""Predicates and conversions of values."""

from __future__ import annotations

import numpy as np

from gradcheck.scripts.instrument.values import (
    apply_action,
    broadcasts_to,
    is_float,
    is_integer,
    reshape_or_broadcast,
    selects_scattered,
    selects_slices,
)


def test_floats_and_integers() -> None:
    assert is_float(1.0)
    assert is_float(np.zeros(2, dtype=np.float32))
    assert not any(map(is_float, (1, True, np.zeros(0), np.zeros(2, dtype=int), "1.0", None)))
    assert is_integer(1)
    assert is_integer(np.arange(3))
    assert not any(map(is_integer, (True, 1.0, np.zeros(2))))


def test_indices() -> None:
    assert selects_scattered(np.array([True, False]))
    assert selects_scattered((slice(None), [0, 2]))
    assert selects_scattered(slice(None))
    assert not selects_scattered((0, slice(None)))
    assert selects_slices((slice(0, 2), slice(None)))
    assert not selects_slices(0)


def test_an_action_keeps_the_type() -> None:
    single = np.ones(2, dtype=np.float32)
    assert apply_action(lambda v: 2 * v, single, in_place=False).dtype == np.float32
    assert type(apply_action(lambda v: 2 * v, 1.5, in_place=False)) is float


def test_an_action_in_place_keeps_the_array() -> None:
    array = np.ones(2)
    assert apply_action(lambda v: v + 1, array, in_place=True) is array
    np.testing.assert_array_equal(array, [2, 2])


def test_shapes() -> None:
    assert broadcasts_to((3,), (2, 3))
    assert not broadcasts_to((2, 3), (3,))
    assert reshape_or_broadcast(np.zeros(6), (2, 3)).shape == (2, 3)
    assert reshape_or_broadcast(np.zeros(3), (2, 3)).shape == (2, 3)
