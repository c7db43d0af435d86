"""Which number is the loss: the one whose gradient the updates follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import SubjectError
from gradcheck.scripts.hints import Hints
from tests.scripts.planted import analysed
from tests.scripts.samples import LINEAR, LINEAR_HEAD


def loss_of(folder: Path, text: str, hints: Hints | None = None) -> str:
    return analysed(folder, text, hints).loss.label


@pytest.mark.parametrize("names", [("loss", "mse"), ("mse", "loss"), ("v1", "v2")])
def test_of_two_numbers_of_one_direction_the_one_with_the_right_length(tmp_path: Path, names: tuple[str, str]) -> None:
    text = LINEAR.replace("loss", names[0]).replace("    g =", f"    {names[1]} = np.mean(r**2)\n    g =")
    assert loss_of(tmp_path, text) == names[0]


@pytest.mark.parametrize("names", [("loss", "val_loss"), ("q", "loss"), ("accuracy", "cost"), ("v1", "v2")])
def test_a_number_on_other_data_is_not_the_loss(tmp_path: Path, names: tuple[str, str]) -> None:
    text = LINEAR.replace("loss", names[0]).replace("    g =", f"    {names[1]} = np.mean((2 * x @ w) ** 2)\n    g =")
    assert loss_of(tmp_path, text) == names[0]


@pytest.mark.parametrize(
    "line",
    [
        "total = np.mean(np.sign(r) > 0)",
        "total = 0.9 * total + 0.1 * {0}",
        "total += {0}",
        "total = np.exp({0} / 9)",
        "total = np.sqrt({0})",
        "total = np.linalg.norm(g)",
        "total = w @ w",
        "total = round(float({0}), 3)",
    ],
)
@pytest.mark.parametrize("name", ["loss", "reward", "v1"])
def test_numbers_that_are_only_looked_at_are_not_the_loss(tmp_path: Path, line: str, name: str) -> None:
    text = LINEAR.replace("loss", name).replace("for i", "total = 0.0\nfor i")
    assert loss_of(tmp_path, text + f"    {line.format(name)}\n    print(total)\n") == name


def test_a_penalty_that_the_gradient_lacks_belongs_to_the_loss(tmp_path: Path) -> None:
    text = LINEAR.replace("    g =", "    whole = loss + 0.1 * np.sum(w**2)\n    g =")
    assert loss_of(tmp_path, text) == "whole"


def test_the_loss_of_the_iteration_before(tmp_path: Path) -> None:
    text = LINEAR_HEAD + (
        "r = x @ w - y\nfor i in range(9):\n    e = 0.5 * np.sum(r**2)\n    w = w - 0.1 * x.T @ r\n    r = x @ w - y\n"
    )
    assert loss_of(tmp_path, text) == "e"


def test_a_single_number_needs_no_name(tmp_path: Path) -> None:
    assert loss_of(tmp_path, LINEAR.replace("loss", "q")) == "q"


def test_several_numbers_that_no_update_follows_are_reported(tmp_path: Path) -> None:
    text = LINEAR.replace("loss", "q").replace("    g =", "    p = np.sum(np.abs(r))\n    g =")
    text = text.replace("g = x.T @ r", "g = x.T @ r**2")
    with pytest.raises(SubjectError, match="follow the gradient of none more than of the others: q"):
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
