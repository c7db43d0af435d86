"""Conversions to narrow floats give float64; those that only read memory, or describe a type, stay."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck.recording.casts import wide_call, wide_type


@pytest.mark.parametrize("kind", [np.float32, np.float16, "float32", "f4", "e", np.dtype("f2"), np.dtype("<f4")])
def test_a_narrow_type_becomes_float64(kind: object) -> None:
    assert wide_type(kind) is np.float64


@pytest.mark.parametrize("kind", [np.float64, float, int, np.int32, "int32", bool, np.complex64, "no type", 3, None])
def test_another_type_stays(kind: object) -> None:
    assert wide_type(kind) is kind


def _carried_out(function: object, *args: object, **options: object) -> np.ndarray:
    called, changed, named = wide_call(function, args, options)
    return np.asarray(called(*changed, **named))


@pytest.mark.parametrize(
    "made",
    [
        _carried_out(np.array([math.pi, 1.0]).astype, np.float32),
        _carried_out(np.array([math.pi, 1.0]).astype, "float16", copy=False),
        _carried_out(np.asarray, [math.pi, 1.0], np.float32),
        _carried_out(np.full, 2, math.pi, dtype="f4"),
        _carried_out(np.float32, math.pi),
        _carried_out(np.sum, [math.pi, 0.0], dtype=np.float16),
    ],
)
def test_a_value_that_is_converted_keeps_its_digits(made: np.ndarray) -> None:
    assert made.dtype == np.float64
    assert made.reshape(-1)[0] == math.pi


def test_memory_is_read_as_what_it_is() -> None:
    memory = np.array([1.5, 2.5], dtype=np.float32).tobytes()
    assert _carried_out(np.frombuffer, memory, dtype=np.float32).tolist() == [1.5, 2.5]
    assert _carried_out(np.finfo, np.float32).item().eps == np.finfo(np.float32).eps


def test_a_function_of_the_program_gets_what_it_is_given() -> None:
    def astype(kind: object) -> object:
        return kind

    assert wide_call(astype, (np.float32,), {"dtype": np.float32}) == (astype, (np.float32,), {"dtype": np.float32})
