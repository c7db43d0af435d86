"""Rules are called in the form in which they are written, with state of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectTypeError
from gradcheck.training.optimisers.calling import take_steps
from gradcheck.training.optimisers.gradient_sequence import draw_gradient_sequence

SEQUENCE = draw_gradient_sequence({"a": np.zeros(3), "b": np.zeros(2)}, 0, steps=3)
DESCENT = SEQUENCE.start - np.vstack([np.zeros(5), np.cumsum(SEQUENCE.grads, axis=0)])


def in_place(params: dict[str, Any], grads: dict[str, Any]) -> None:
    for name in params:
        params[name] -= grads[name]


def returning(params: dict[str, Any], grads: dict[str, Any]) -> dict[str, Any]:
    return {name: params[name] - grads[name] for name in params}


class Step:
    step = staticmethod(in_place)


class Update:
    update = staticmethod(in_place)


class Callable_:
    def __call__(self, params: dict[str, Any], grads: dict[str, Any]) -> dict[str, Any]:
        return returning(params, grads)


@pytest.mark.parametrize("rule", [in_place, returning, Step(), Update(), Callable_()])
def test_each_form_takes_the_same_steps(rule: Any) -> None:
    path, notes = take_steps(rule, SEQUENCE)
    np.testing.assert_allclose(path, DESCENT, rtol=1e-15)
    assert notes == ()


def test_with_each_every_array_has_its_own_state() -> None:
    def counting(w: Any, dw: Any, state: dict[str, int]) -> Any:
        state["calls"] = state.get("calls", 0) + 1
        return w - state["calls"] * np.ones_like(dw)

    path, _ = take_steps(counting, SEQUENCE, each=True)
    np.testing.assert_array_equal(np.diff(path, axis=0), -np.array([[1.0], [2.0], [3.0]]) * np.ones(5))


def test_returned_state_is_passed_to_the_next_call() -> None:
    def counting(w: Any, dw: Any, calls: int) -> tuple[Any, int]:
        return w - calls, calls + 1

    path, _ = take_steps(counting, SEQUENCE, each=True, state=(1,))
    np.testing.assert_array_equal(np.diff(path, axis=0)[:, 0], [-1.0, -2.0, -3.0])


def test_a_third_argument_with_another_default_is_not_a_state() -> None:
    def rule(w: Any, dw: Any, rate: float = 0.5) -> Any:
        return w - rate * dw

    path, _ = take_steps(rule, SEQUENCE, each=True)
    np.testing.assert_allclose(np.diff(path, axis=0)[0], -0.5 * SEQUENCE.grads[0])


def test_a_rule_that_cannot_be_copied_is_rejected() -> None:
    class Uncopyable(Step):
        def __deepcopy__(self, memo: Any) -> Any:
            raise RuntimeError("no")

    with pytest.raises(SubjectTypeError, match="cannot be copied"):
        take_steps(Uncopyable(), SEQUENCE)
