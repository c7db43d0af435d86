"""Programs that differentiate number by number, with an engine of their own, are checked as any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import SubjectError, TargetError
from gradcheck.scripts.hints import Hints
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted

#: Each number has a closure that passes its derivative on; the numbers that it is made of are a set.
_CLOSURES = """\
import math
import random

random.seed(4)


class Number:
    def __init__(self, data, made_of=()):
        self.data, self.grad = data, 0.0
        self.made_of = set(made_of)
        self.back = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Number) else Number(other)
        out = Number(self.data + other.data, (self, other))

        def back():
            self.grad += out.grad
            other.grad += out.grad

        out.back = back
        return out

    __radd__ = __add__

    def __mul__(self, other):
        other = other if isinstance(other, Number) else Number(other)
        out = Number(self.data * other.data, (self, other))

        def back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.back = back
        return out

    def tanh(self):
        out = Number(math.tanh(self.data), (self,))

        def back():
            self.grad += (1 - out.data**2) * out.grad

        out.back = back
        return out

    def backward(self):
        order, seen = [], set()

        def visit(number):
            if number not in seen:
                seen.add(number)
                for inner in number.made_of:
                    visit(inner)
                order.append(number)

        visit(self)
        self.grad = 1.0
        for number in reversed(order):
            number.back()


class Neuron:
    def __init__(self, n):
        self.w = [Number(random.gauss(0, 1)) for _ in range(n)]
        self.b = Number(0.1)

    def __call__(self, x):
        return sum((w * each for w, each in zip(self.w, x)), self.b).tanh()


hidden, last = [Neuron(2), Neuron(2)], Neuron(2)
rows = [[0.5, -1.0], [1.5, 0.3], [-0.7, 0.9]]
goals = [0.4, -0.6, 0.8]
numbers = [p for neuron in (*hidden, last) for p in (*neuron.w, neuron.b)]
for step in range(50):
    rests = [last([h(row) for h in hidden]) + -goal for row, goal in zip(rows, goals)]
    loss = sum(rest * rest for rest in rests)
    for p in numbers:
        p.grad = 0.0
    loss.backward()
    for p in numbers:
        p.data -= 0.05 * p.grad
    print(step, loss.data)
"""

#: One list of operations, which is gone through from its end; no closures.
_TAPE = """\
from math import exp, log

tape = []


class Var:
    __slots__ = ("value", "slope")

    def __init__(self, value):
        self.value, self.slope = value, 0.0


def noted(value, *uses):
    out = Var(value)
    tape.append((out, uses))
    return out


def times(a, b):
    return noted(a.value * b.value, (a, b.value), (b, a.value))


def plus(a, b):
    return noted(a.value + b.value, (a, 1.0), (b, 1.0))


def logistic(a):
    s = 1 / (1 + exp(-a.value))
    return noted(s, (a, s * (1 - s)))


def surprise(a, goal):
    p = a.value
    return noted(-log(p if goal else 1 - p), (a, -1 / p if goal else 1 / (1 - p)))


slope, shift = Var(0.3), Var(-0.2)
points = [(0.5, 1), (-1.2, 0), (2.0, 1), (0.1, 0)]
for turn in range(30):
    tape.clear()
    total = Var(0.0)
    for x, goal in points:
        total = plus(total, surprise(logistic(plus(times(slope, Var(x)), shift)), goal))
    for out, uses in tape:
        out.slope = 0.0
    slope.slope = shift.slope = 0.0
    total.slope = 1.0
    for out, uses in reversed(tape):
        for var, local in uses:
            var.slope += local * out.slope
    slope.value -= 0.1 * slope.slope
    shift.value -= 0.1 * shift.slope
    error = total.value
"""


@pytest.mark.parametrize(("text", "count"), [(_CLOSURES, 9), (_TAPE, 2)], ids=["closures", "tape"])
def test_a_right_engine_passes(text: str, count: int, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)
    assert len(report.blocks) == count


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (_CLOSURES, "self.grad += (1 - out.data**2) * out.grad", "self.grad += (1 + out.data**2) * out.grad"),
        (_CLOSURES, "other.grad += self.data * out.grad", "other.grad += other.data * out.grad"),
        (_CLOSURES, "self.grad += other.data * out.grad", "self.grad += 2 * other.data * out.grad"),
        (_TAPE, "(a, s * (1 - s))", "(a, s * (1 + s))"),
        (_TAPE, "-1 / p if goal else 1 / (1 - p)", "-1 / p if goal else 1 / p"),
    ],
)
def test_a_wrong_engine_fails_and_no_right_line_is_accused(text: str, right: str, wrong: str, tmp_path: Path) -> None:
    text, line = planted(text, right, wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert blamed(report) <= {line, None}


def test_several_numbers_that_may_be_the_loss_of_a_wrong_engine_are_listed(tmp_path: Path) -> None:
    text = _CLOSURES.replace("self.grad += (1 - out.data**2) * out.grad", "self.grad += (1 - out.data) * out.grad")
    text = text.replace("print(step, loss.data)", "print(step, loss and loss.data)")
    with pytest.raises(SubjectError, match="Choose one with --loss"):
        checked(tmp_path, text)
    assert checked(tmp_path, text, hints=Hints(loss="loss.data")).verdict is Verdict.FAIL


def test_a_step_of_too_many_numbers_is_refused_before_it_ends(tmp_path: Path) -> None:
    text = _TAPE.replace("for x, goal in points:", "for x, goal in points * 5000:")
    with pytest.raises(TargetError, match="too many to follow"):
        checked(tmp_path, text)
