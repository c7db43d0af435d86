"""Which number is the loss."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import SubjectError
from gradcheck.scripts.hints import Hints
from tests.scripts.planted import analysed
from tests.scripts.samples import LINEAR, LINEAR_HEAD


def loss_of(folder: Path, text: str, hints: Hints | None = None) -> str:
    return analysed(folder, text, hints).loss.label


def test_the_usual_name_comes_first(tmp_path: Path) -> None:
    assert loss_of(tmp_path, LINEAR.replace("    g =", "    mse = np.mean(r**2)\n    g =")) == "loss"


def test_a_monitored_loss_is_not_the_loss(tmp_path: Path) -> None:
    assert loss_of(tmp_path, LINEAR.replace("    g =", "    val_loss = np.mean((2 * x @ w) ** 2)\n    g =")) == "loss"


def test_a_single_number_needs_no_name(tmp_path: Path) -> None:
    assert loss_of(tmp_path, LINEAR.replace("loss", "q")) == "q"


def test_several_numbers_without_a_name_are_reported(tmp_path: Path) -> None:
    text = LINEAR.replace("loss", "q").replace("    g =", "    p = np.sum(np.abs(r))\n    g =")
    with pytest.raises(SubjectError, match="none has the name of a loss: q"):
        loss_of(tmp_path, text)
    analysis = analysed(tmp_path, text, Hints(loss="q"))
    (q,) = (node for node in analysis.graph.nodes if "q" in node.names)
    assert analysis.base.value(analysis.loss) == analysis.base.value(q)


def test_a_missing_and_an_infinite_loss_are_reported(tmp_path: Path) -> None:
    step = "for i in range(9):\n    r = x @ w - y\n{}    g = x.T @ r\n    w -= 0.1 * g\n"
    with pytest.raises(SubjectError, match="never computes its loss"):
        loss_of(tmp_path, LINEAR_HEAD + step.format(""))
    with pytest.raises(SubjectError, match="is inf in the first iteration"):
        loss_of(tmp_path, LINEAR_HEAD + step.format("    loss = np.sum(r**2) / 0.0\n"))


def test_a_given_loss_has_to_depend_on_the_parameters(tmp_path: Path) -> None:
    with pytest.raises(SubjectError, match="depends on the parameters"):
        loss_of(tmp_path, LINEAR, Hints(loss="np.sum(y)"))
