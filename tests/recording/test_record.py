"""The recorded adjoints are the derivatives: compared with formulas and with central differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradcheck.recording.operations import same
from gradcheck.recording.record import Recording, record
from gradcheck.recording.recorder import Recorder


def recorded(fun: Any, x: Any) -> Recording:
    found = record((fun,), lambda: float(fun(x)), lambda: [np.ones_like(x)], [x])
    assert found is not None
    return found


def in_place(x: Any) -> Any:
    y = np.zeros((3, 2))
    y[:, 0] = x[:3]
    y[1:, 1] += x[3:] * 2.0
    view = y.T
    y *= x[0]
    np.add.at(y, ([0, 0, 2], [1, 1, 0]), x[1:4])
    return np.sum(view**2) + y.reshape(-1)[3]


def loops(x: Any) -> Any:
    total = 0.0
    for value, factor in zip(x, [1.0, 2.0, 3.0, 4.0, 5.0], strict=True):
        total += math.sin(value) * factor
    first, *rest = x
    return total + math.exp(first) + sum(math.sqrt(abs(r)) for r in rest) + max(0.0, float(x[1]))


def stacked(x: Any) -> Any:
    both = np.concatenate([x[::-1], np.tanh(x)])
    grid = np.stack([both, both**2], axis=1)
    return np.einsum("ij,ij->", grid, grid[::-1]) + np.linalg.norm(np.array([x[0] * x[1], x[2]]))


def without_rule(x: Any) -> Any:
    return np.sum(np.interp(x, [-9.0, 9.0], [-3.0, 3.0]) * np.convolve(x, [1.0, 2.0, -1.0], "same"))


def from_the_end(x: Any) -> Any:
    total = 0.0
    for value, (i, factor) in zip(reversed(x), enumerate(reversed(np.arange(5))), strict=True):
        total += np.cos(value) * factor * i
    return total + sum(sorted(x)[:2])


@pytest.mark.parametrize("fun", [in_place, loops, stacked, without_rule, from_the_end])
def test_adjoints_are_derivatives(fun: Any) -> None:
    x = np.random.default_rng(3).normal(size=5) + 0.1
    step = 1e-5
    numeric = [(fun(x + step * e) - fun(x - step * e)) / (2 * step) for e in np.eye(5)]
    np.testing.assert_allclose(recorded(fun, x).truths[0], numeric, rtol=1e-6, atol=1e-8)


ANNOTATED: Any = {"square": lambda x: np.sum(x**2)}
SUMMED: Any = [lambda x: np.sum(x**3)]
SUMMED += [lambda x: np.sum(x**2)]


@pytest.mark.parametrize("fun", [ANNOTATED["square"], SUMMED[1]])
def test_functions_in_annotated_and_extended_variables_are_recorded(fun: Any) -> None:
    x = np.array([1.0, -2.0])
    np.testing.assert_allclose(recorded(fun, x).truths[0], 2 * x)


def test_arrays_and_results_are_as_without_the_recorder() -> None:
    x = np.random.default_rng(3).normal(size=5)
    seen: list[Any] = []

    def fun(v: Any) -> Any:
        seen.append(type(v @ v))
        return v @ v

    plain = fun(x)
    assert recorded(fun, x).loss == plain
    assert set(seen) == {np.float64}


def test_a_mark_is_a_value_of_its_own_and_a_copy_if_it_is_not_in_place() -> None:
    recorder, array = Recorder(), np.arange(4.0)
    with recorder.recording(0, ()):
        before = recorder.value_of(array)
        out, mark = recorder.marked(array)
        assert before is not None
        assert mark is not None
        assert out is not array
        assert not np.shares_memory(out, array)
        assert mark.function is same
        assert mark.inputs == (before.id,)
        assert recorder.value_of(out) is mark
        assert recorder.value_of(array) is before
        number, of_number = recorder.marked(0.5)
        assert number == 0.5
        assert of_number is not None
        assert recorder.value_of(0.5 * 1.0) is not of_number
        assert recorder.marked("text") == ("text", None)
    recorder.release()


def test_a_mark_in_place_is_what_the_memory_holds() -> None:
    recorder, array = Recorder(), np.arange(4.0)
    with recorder.recording(0, ()):
        view = array[1:3]
        out, mark = recorder.marked(view, in_place=True)
        whole = recorder.value_of(array)
        assert out is view
        assert mark is not None
        assert whole is not None
        assert mark.id in recorder.graph.ancestors([whole.id])
        assert recorder.started() == {id(array): 0}
    recorder.release()


WEIGHTS = np.array([1.0, -2.0, 0.5])


def weighted(x: Any) -> Any:
    return np.sum(WEIGHTS * np.sin(x[:3]))


def test_a_recording_stays_what_it_was_when_the_program_writes_into_its_arrays() -> None:
    """Parameters of a model are the same arrays at each point."""
    x = np.random.default_rng(3).normal(size=5)
    found, before = recorded(weighted, x), (x.copy(), WEIGHTS.copy())
    try:
        x += 1.0
        WEIGHTS[:] = 0.0
        read = [value.array for value in found.graph.values if value.function is None]
        assert len(read) == 2
        for array in read:
            assert any(np.array_equal(array, each) for each in before)
    finally:
        WEIGHTS[:] = before[1]
