"""Observers receive the report of every check."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from gradcheck import GradientMismatch, Report, assert_gradients, check_gradients
from gradcheck.checks.observers import observed_by


def double(x: float) -> float:
    return 2 * x


def square(x: float) -> float:
    return x * x


def test_observers_receive_the_report_that_the_check_returns() -> None:
    seen: list[Report] = []
    with observed_by(seen.append):
        made = [check_gradients(square, double, 1.5), check_gradients(square, double, 1.5, method="textbook")]
        with pytest.raises(GradientMismatch) as raised:
            assert_gradients(square, square, 1.5)
        thread = threading.Thread(target=lambda: made.append(check_gradients(square, double, 2.5)))
        thread.start()
        thread.join()
    check_gradients(square, double, 1.5)
    assert all(one is other for one, other in zip(seen, [*made[:2], raised.value.report, made[2]], strict=True))


def test_a_check_that_cannot_run_is_not_reported() -> None:
    seen: list[Report] = []
    with pytest.raises(ValueError, match="the loss is nan"), observed_by(seen.append):
        check_gradients(lambda x: np.nan, double, 1.5)
    assert not seen


def test_several_observers_receive_the_same_report() -> None:
    first: list[Report] = []
    second: list[Report] = []
    with observed_by(first.append), observed_by(second.append):
        check_gradients(square, double, 1.5)
    assert first == second
    assert len(first) == 1
