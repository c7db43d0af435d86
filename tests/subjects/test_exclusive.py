"""Checks of one model in several threads wait for each other; those of different models do not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from gradcheck import SubjectError, check_gradients
from gradcheck.subjects.exclusive import exclusive
from tests.cases import bits


class Waves:
    """Sum of sines; `within` is called in each loss."""

    def __init__(self, factor: float = 1.0, within: Callable[[], object] = lambda: None) -> None:
        self.params = {f"a{i}": np.random.default_rng(i).standard_normal((4, 3)) for i in range(2)}
        self.factor, self.within = factor, within

    def loss(self) -> float:
        self.within()
        return sum(float(np.sum(np.sin(value))) for value in self.params.values())

    def gradient(self) -> Any:
        return {name: self.factor * np.cos(value) for name, value in self.params.items()}


def in_threads(tasks: list[Callable[[], Any]]) -> list[Any]:
    """What each task returns or raises; they start together."""
    found: list[Any] = [None] * len(tasks)
    start = threading.Barrier(len(tasks))

    def run(i: int) -> None:
        start.wait()
        try:
            found[i] = tasks[i]()
        except Exception as error:
            found[i] = error

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return found


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (1.1, "fail")])
def test_one_model_in_many_threads_keeps_its_parameters_and_its_verdict(factor: float, expected: str) -> None:
    for _ in range(3):
        model = Waves(factor)
        before = bits(model.params)
        reports = in_threads([partial(check_gradients, model, rng=i) for i in range(6)])
        assert [report.verdict.value for report in reports] == [expected] * 6
        assert bits(model.params) == before


def test_two_models_with_the_same_arrays_wait_as_well() -> None:
    first, second = Waves(), Waves()
    second.params = {name: value.reshape(-1) for name, value in first.params.items()}
    before = bits(first.params)
    reports = in_threads([partial(check_gradients, each, rng=0) for each in (first, second) * 3])
    assert all(report.verdict.value == "pass" for report in reports)
    assert bits(first.params) == before


def test_different_models_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=30)
    once = [iter((True,)), iter((True,))]
    models = [Waves(within=lambda i=i: next(once[i], None) and both.wait()) for i in range(2)]  # type: ignore[misc]
    reports = in_threads([partial(check_gradients, model, rng=0) for model in models])
    assert all(reports)


def test_a_loss_may_check_another_model_or_its_own() -> None:
    inner = Waves()
    assert check_gradients(Waves(within=lambda: check_gradients(inner, rng=0)), rng=0, budget=40)
    model = object()
    with exclusive([model]), exclusive([model, inner]):
        pass
    assert in_threads([lambda: check_gradients(inner, rng=0)])[0]


def test_checks_that_would_wait_for_each_other_for_ever_are_refused() -> None:
    first, second = Waves(), Waves()
    both = threading.Barrier(2, timeout=30)
    once = [iter((True,)), iter((True,))]

    def crossing(i: int, other: Waves) -> Callable[[], object]:
        def within() -> object:
            if next(once[i], None):
                both.wait()
                return check_gradients(other, rng=0)
            return None

        return within

    first.within, second.within = crossing(0, second), crossing(1, first)
    before = bits(first.params), bits(second.params)
    found = in_threads([partial(check_gradients, each, rng=0) for each in (first, second)])
    refused = [each for each in found if isinstance(each, SubjectError)]
    assert refused
    assert "wait for each other" in str(refused[0])
    assert (bits(first.params), bits(second.params)) == before
