"""What is found in a captured step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradcheck.errors import SubjectError
from gradcheck.scripts.hints import Hints
from tests.scripts.planted import analysed
from tests.scripts.samples import LINEAR, LINEAR_HEAD, TWO_LAYERS


def test_there_is_a_second_base_point_with_other_parameters(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    own, second = analysis.bases
    assert own is analysis.base is analysis.graph.base
    for parameter in analysis.parameters:
        assert not np.array_equal(own.state(parameter.variable.path), second.state(parameter.variable.path))
    assert not np.array_equal(own.value(analysis.loss), second.value(analysis.loss))


def test_a_step_that_branches_on_its_parameters_has_one_base_point(tmp_path: Path) -> None:
    text = LINEAR.replace("    r =", "    if np.abs(w - w0).max() > 0.01:\n        extra = w * 1.0\n    r =")
    assert len(analysed(tmp_path, text.replace("for i", "w0 = w.copy()\nfor i")).bases) == 1


def test_a_likelihood_is_ascended(tmp_path: Path) -> None:
    text = LINEAR.replace("loss = 0.5 * np.sum(r**2)", "log_lik = -0.5 * np.sum(r**2)").replace("g = x", "g = -x")
    (parameter,) = analysed(tmp_path, text.replace("w -=", "w +=")).parameters
    assert parameter.factor == pytest.approx(10)


def test_several_updates_in_one_iteration_need_a_loss(tmp_path: Path) -> None:
    text = LINEAR_HEAD + (
        "def update(k):\n    global w\n    g = x[k] * (x[k] @ w - y[k])\n    w = w - 0.1 * g\n"
        "for i in range(9):\n    loss = 0.5 * np.sum((x @ w - y) ** 2)\n    update(0)\n    update(1)\n"
    )
    with pytest.raises(SubjectError, match="several times"):
        analysed(tmp_path, text)


def test_a_given_loss_is_an_expression_of_the_program(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, LINEAR, Hints(loss="np.sum(r**4)"))
    r = next(n for n in analysis.graph.nodes if "r" in n.names)
    assert float(analysis.base.value(analysis.loss)) == pytest.approx(float(np.sum(analysis.base.value(r) ** 4)))


def test_numbers_that_get_their_own_values_again_are_no_parameters(tmp_path: Path) -> None:
    text = (
        "def forward(x, v, w, y):\n    return v, w, (v * w * x - y) ** 2\n\nx, y, v, w = 0.5, 0.2, 0.7, -0.4\n"
        "for i in range(50):\n    v, w, loss = forward(x, v, w, y)\n    print(loss)\n"
    )
    with pytest.raises(SubjectError, match="updates no parameters"):
        analysed(tmp_path, text)


#: A regression in plain Python, with so many weights in a list.
_NUMBERS = """\
import random

random.seed(0)
N = 4
x = [[random.gauss(0, 1) for _ in range(N)] for _ in range(5)]
y = [random.gauss(0, 1) for _ in range(5)]
w = [random.gauss(0, 1) for _ in range(N)]
for epoch in range(50):
    loss, g = 0.0, [0.0] * N
    for row, t in zip(x, y):
        e = sum(a * b for a, b in zip(w, row)) - t
        loss += 0.5 * e * e
        for i in range(N):
            g[i] += e * row[i]
    for i in range(N):
        w[i] -= 0.01 * g[i]
"""


def test_no_replay_is_taken_for_each_number(tmp_path: Path) -> None:
    few, many = (analysed(tmp_path, _NUMBERS.replace("N = 4", f"N = {n}")) for n in (4, 24))
    assert (len(few.parameters), len(many.parameters)) == (4, 24)
    assert few.step.runs == many.step.runs
    falling = _NUMBERS.replace("loss += 0.5 * e * e", "loss -= 0.5 * e * e")  # a loss that is summed up downwards
    assert [p.name for p in analysed(tmp_path, falling).parameters] == [p.name for p in few.parameters]
