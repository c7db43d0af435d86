"""Parameters and their claimed gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradcheck.errors import SubjectError
from gradcheck.scripts.hints import Hints
from tests.scripts.planted import analysed
from tests.scripts.samples import LINEAR, LINEAR_HEAD, TWO_LAYERS


def claims(folder: Path, text: str, hints: Hints | None = None) -> dict[str, str]:
    return {p.name: p.claim.label for p in analysed(folder, text, hints).parameters}


@pytest.mark.parametrize(
    "update",
    ["w -= 0.1 * g", "w = w - 0.1 * g", "w[:] = w - 0.1 * g", "w += -0.1 * g"],
)
def test_forms_of_an_update(update: str, tmp_path: Path) -> None:
    analysis = analysed(tmp_path, LINEAR.replace("w -= 0.1 * g", update))
    (parameter,) = analysis.parameters
    (gradient,) = (node for node in analysis.graph.nodes if "g" in node.names)
    np.testing.assert_allclose(
        parameter.gradient(analysis.base.value(parameter.claim)), analysis.base.value(gradient), rtol=1e-12
    )


@pytest.mark.parametrize(
    "update",
    [
        "v = 0.9 * v - 0.1 * g\n    w = w + v",
        "v = 0.9 * v + 0.1 * g**2\n    w -= 0.1 * g / (np.sqrt(v) + 1e-8)",
    ],
    ids=["momentum", "rmsprop"],
)
def test_the_gradient_behind_an_optimiser(update: str, tmp_path: Path) -> None:
    text = LINEAR.replace("for i", "v = np.zeros(3)\nfor i").replace("w -= 0.1 * g", update)
    assert claims(tmp_path, text) == {"w": "g"}


def test_data_and_counters_are_not_parameters(tmp_path: Path) -> None:
    text = TWO_LAYERS.replace("    z =", "    lr = lr * 0.99\n    z =").replace("lr = 0.1", "lr = 0.1\ntotal = 0.0")
    assert set(claims(tmp_path, text + "    total += loss\n")) == {"W1", "b1", "W2"}


def test_the_user_may_name_the_gradient(tmp_path: Path) -> None:
    text = LINEAR.replace("    w -=", "    other = 2.0 * g\n    w -=")
    assert claims(tmp_path, text, Hints(pairs=(("w", "other"),))) == {"w": "other"}


def test_a_function_without_updates_has_parameters_by_name(tmp_path: Path) -> None:
    text = LINEAR_HEAD + (
        "def f(w):\n    r = x @ w - y\n    loss = 0.5 * np.sum(r**2)\n    dw = x.T @ r\n    return loss, dw\nf(w)\n"
    )
    assert claims(tmp_path, text, Hints(function="f")) == {"w": "dw"}


def test_a_loop_that_updates_nothing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SubjectError, match="updates no parameters"):
        analysed(tmp_path, LINEAR.replace("w -= 0.1 * g", "v = w - 0.1 * g"))
