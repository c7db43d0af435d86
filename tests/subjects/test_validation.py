"""Parameters that cannot be checked are refused with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import SubjectError, SubjectTypeError, check_gradients
from gradcheck.subjects.validation import validated_parameters
from tests.cases import logcosh, verdict

REFUSED: list[tuple[Any, type[Exception], str]] = [
    (3, SubjectTypeError, "x0 has dtype int64.*float"),
    (True, SubjectTypeError, "x0 has dtype bool.*float"),
    ([1, 2, 3], SubjectTypeError, "x0 has dtype int64.*astype\\(float\\)"),
    (np.arange(3), SubjectTypeError, "x0 has dtype int64.*astype\\(float\\)"),
    (np.array([1.0, None]), SubjectTypeError, "x0 has dtype object.*floats"),
    ("abc", SubjectTypeError, "x0 is a str"),
    (np.array(["a"]), SubjectTypeError, "x0 has dtype <U1"),
    (np.array(["2020-01-01"], dtype="M8[D]"), SubjectTypeError, "x0 has dtype datetime64"),
    ({"n": 3, "b": None}, SubjectTypeError, "x0\\['n'\\] has dtype int64"),
    ({"b": None, "n": 3}, SubjectTypeError, "x0\\['b'\\] is None"),
    ({"W": ["abc"]}, SubjectTypeError, "x0\\['W.0'\\] is a str"),
    ({"W": np.ones(2), "o": np.array([1.0, None])}, SubjectTypeError, "x0\\['o'\\] has dtype object"),
    (np.ma.masked_less([1.0, -1.0, -2.0], 0), SubjectError, "x0 has 2 masked entries.*compressed"),
    ({}, SubjectError, "x0 is empty"),
    ([], SubjectError, "x0 is empty"),
    ({"layers": []}, SubjectError, "x0 is empty"),
    (np.zeros(0), SubjectError, "x0 has no entries"),
    ({"a": np.zeros((0, 3)), "b": np.zeros(0)}, SubjectError, "x0 has no entries"),
    (np.nan, SubjectError, "x0 is nan.*finite"),
    (np.array([[1.0, np.nan]]), SubjectError, "x0\\[0, 1\\] is nan.*finite"),
    ({"W": np.array([np.inf])}, SubjectError, "x0\\['W'\\]\\[0\\] is inf.*finite"),
]


@pytest.mark.parametrize(
    ("x0", "message"),
    [(np.array([1.0, 2.0 + 1j]), "x0 is complex.*real and imaginary parts"), ({"z": 1j}, "x0\\['z'\\] is complex")],
)
def test_complex_parameters_are_pairs_before_they_are_read(x0: Any, message: str) -> None:
    with pytest.raises(SubjectTypeError, match=message):
        validated_parameters(x0, "x0")


@pytest.mark.parametrize(("x0", "error", "message"), REFUSED)
def test_point_that_cannot_be_checked_is_named_with_the_remedy(x0: Any, error: type[Exception], message: str) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("evaluated")

    with pytest.raises(error, match=message):
        check_gradients(never, never, x0, rng=0)


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (1.01, "fail")])
def test_empty_block_next_to_a_real_one_does_no_harm(factor: float, expected: str) -> None:
    report = check_gradients(
        lambda p: logcosh(p["W"]),
        lambda p: {"none": np.zeros((0, 3)), "W": factor * np.tanh(p["W"])},
        {"none": np.zeros((0, 3)), "W": np.linspace(-1, 2, 5)},
        rng=0,
    )
    assert report.blocks["none"].verdict.value == "pass"
    assert report.verdict.value == expected
    assert str(report)


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.float32])
def test_gradient_of_another_type_is_taken(dtype: Any) -> None:
    assert verdict(lambda x: float(np.sum(x)), lambda x: np.ones(3, dtype=dtype), np.array([1.0, 2.0, 4.0])) == "pass"
    assert verdict(lambda x: 2 * float(np.sum(x)), lambda x: np.ones(3, dtype=dtype), np.ones(3)) == "fail"
