"""Every call of the user's functions is counted, whatever it does, and nothing else is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectError
from gradcheck.nn import Network
from gradcheck.probes.evaluator import Evaluator
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.spaces.numpy_space import NUMPY
from gradcheck.subjects.split import SplitSubject
from gradcheck.subjects.subject import Point
from tests.cases import BATCH, Array, TanhModel

AT = (np.array([1.0]),)
ALONG = NUMPY.given({0: np.array([1.0])}, AT)


class Counted:
    """x² and its derivative; both raise left of zero, and both count their calls."""

    def __init__(self) -> None:
        self.losses = self.gradients = 0

    def loss(self, x: Array) -> float:
        self.losses += 1
        if x[0] < 0:
            raise ValueError("left of zero")
        return float(x[0] ** 2)

    def gradient(self, x: Array) -> Array:
        self.gradients += 1
        if x[0] < 0:
            raise ValueError("left of zero")
        return 2 * x


def evaluator_of(counted: Counted, budget: int = 100, **options: Any) -> Evaluator:
    return Evaluator(as_subject(counted.loss, counted.gradient, np.array([1.0])), budget, **options)


def test_counts_are_those_of_the_calls() -> None:
    counted = Counted()
    evaluator = evaluator_of(counted)
    assert evaluator.loss(AT) == 1.0
    assert evaluator.gradient(AT)[0] == 2.0
    assert evaluator.losses_along(AT, ALONG, [0.5, -0.5, 2.0]) == [2.25, 0.25, 9.0]
    assert (evaluator.losses, evaluator.gradients) == (counted.losses, counted.gradients) == (4, 1)
    assert (evaluator.spent, evaluator.left) == (4, 96)


def test_calls_that_raise_are_counted() -> None:
    counted = Counted()
    evaluator = evaluator_of(counted)
    left_of_zero = (np.array([-1.0]),)
    with pytest.raises(ValueError, match="left of zero"):
        evaluator.loss(left_of_zero)
    with pytest.raises(ValueError, match="left of zero"):
        evaluator.gradient(left_of_zero)
    evaluator.losses_along(AT, ALONG, [-3.0, -4.0])
    assert (evaluator.losses, evaluator.gradients) == (counted.losses, counted.gradients) == (3, 1)


def test_evaluations_that_reading_a_model_took_are_counted() -> None:
    model = TanhModel()
    model.params = {name: x.astype(np.float32) for name, x in model.params.items()}
    calls = 0
    loss = model.loss

    def counted(inputs: Array, targets: Array) -> Any:
        nonlocal calls
        calls += 1
        return loss(inputs, targets)

    model.loss = counted  # type: ignore[method-assign]
    evaluator = Evaluator(as_subject(model, batch=BATCH), 10)
    assert evaluator.losses == calls > 0
    assert evaluator.left == 10 - calls


def test_the_loss_is_nan_along_a_line_where_it_raises() -> None:
    found = evaluator_of(Counted()).losses_along(AT, ALONG, [-2.0, -1.0, 1.0])
    assert math.isnan(found[0])
    assert found[1:] == [0.0, 4.0]


def test_what_gradcheck_raises_is_passed_on_along_a_line() -> None:
    evaluator = Evaluator(as_subject(lambda x: "text" if x[0] > 2 else float(x[0]), np.ones_like, [1.0]), 10)
    assert evaluator.losses_along(AT, ALONG, [0.5]) == [1.5]
    with pytest.raises((SubjectError, TypeError), match="str"):
        evaluator.losses_along(AT, ALONG, [2.0])


def test_another_loss_along_a_line_is_counted_too() -> None:
    counted = Counted()
    evaluator = evaluator_of(counted)
    assert evaluator.losses_along(AT, ALONG, [1.0, 2.0], lambda point: float(point[0][0]) ** 3) == [8.0, 27.0]
    assert (evaluator.losses, counted.losses) == (2, 0)


@pytest.mark.parametrize(("calls", "left"), [(0, 5), (3, 2), (5, 0), (9, 0)])
def test_what_is_left_is_never_negative(calls: int, left: int) -> None:
    evaluator = evaluator_of(Counted(), budget=5)
    for _ in range(calls):
        evaluator.loss(AT)
    assert evaluator.left == left


def test_progress_is_the_number_of_evaluations_and_the_stage() -> None:
    seen: list[tuple[int, str]] = []
    evaluator = evaluator_of(Counted(), progress=lambda count, stage: seen.append((count, stage)))
    evaluator.loss(AT)
    evaluator.enter("block by block")
    evaluator.losses_along(AT, ALONG, [0.5, 1.0])
    evaluator.gradient(AT)
    assert [count for count, _ in seen] == [1, 3, 3]
    assert [stage for _, stage in seen][1:] == ["block by block"] * 2
    assert seen[0][1] != "block by block"


def test_the_progress_of_a_part_continues_and_its_budget_is_its_own() -> None:
    seen: list[tuple[int, str]] = []
    layers = [{"kind": "Dense", "inputs": 3, "outputs": 2}, {"kind": "Tanh"}]
    network = Network.from_spec({"layers": layers, "loss": {"kind": "MeanSquaredError"}}, rng=np.random.default_rng(0))
    whole = Evaluator(as_subject(network, batch=BATCH), 50, lambda count, stage: seen.append((count, stage)))
    for _ in range(7):
        whole.loss(whole.subject.point)
    before = whole.losses
    part = whole.of_part(next(iter(whole.subject.parts())))
    with part.subject.session():
        part.loss(part.subject.point)
    assert part.losses == part.subject.preparations + 1
    assert part.left == 50 - part.losses
    assert whole.losses == before
    assert part.spent == before + part.losses
    assert seen[-1] == (part.spent, f"{part.subject.name} on its own")


def test_points_along_a_line_go_through_the_map_that_was_given() -> None:
    sizes: list[int] = []

    def backwards(function: Callable[[Any], Any], points: Iterable[Any]) -> list[Any]:
        listed = list(points)
        sizes.append(len(listed))
        return [function(point) for point in reversed(listed)][::-1]

    evaluator = evaluator_of(Counted(), map=backwards)
    assert evaluator.losses_along(AT, ALONG, [1.0, 2.0, -5.0])[:2] == [4.0, 9.0]
    assert sizes == [3]


def test_the_points_along_a_line_are_not_shared() -> None:
    def spoils(x: Array) -> float:
        value = float(x[0])
        x[0] = 99.0
        return value

    at: Point = (np.array([1.0]),)
    evaluator = Evaluator(as_subject(spoils, np.ones_like, [1.0]), 10)
    assert evaluator.losses_along(at, ALONG, [1.0, 1.0, 0.0]) == [2.0, 2.0, 1.0]
    assert at[0][0] == 1.0


def test_evaluations_in_other_blocks_count_as_those_of_the_whole() -> None:
    subject = as_subject(lambda x: float(np.sum(x)), np.ones_like, np.arange(4.0))
    whole = Evaluator(subject, 10)
    own = whole.in_other_blocks(SplitSubject(subject, 0, [0, 1, 4]))
    own.loss(own.subject.point)
    own.gradient(own.subject.point)
    assert (whole.losses, whole.gradients) == (subject.preparations + 1, 1)
    assert own.left == whole.left


@pytest.mark.parametrize("exponent", [10, -10, 900])
def test_a_rescaled_evaluator_divides_loss_and_gradient_and_counts_on(exponent: int) -> None:
    counted = Counted()
    evaluator = evaluator_of(counted)
    assert evaluator.loss(AT) == 1.0
    evaluator.rescale(exponent)
    assert evaluator.loss(AT) == 2.0**-exponent
    assert evaluator.gradient(AT)[0] == 2.0 ** (1 - exponent)
    assert evaluator.losses_along(AT, ALONG, [1.0, -0.5]) == [4 * 2.0**-exponent, 0.25 * 2.0**-exponent]
    assert evaluator.subject.for_user(2.0**-exponent) == 1.0
    assert (evaluator.losses, evaluator.gradients) == (counted.losses, counted.gradients) == (4, 1)
    assert evaluator.left == 96
