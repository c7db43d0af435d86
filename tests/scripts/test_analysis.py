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
