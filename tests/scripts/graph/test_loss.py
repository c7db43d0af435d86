"""Which number is the loss: the one whose gradient the updates follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import SubjectError
from gradcheck.scripts.graph.loss import independent_of
from gradcheck.scripts.hints import Hints
from gradcheck.scripts.program import check_program
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import analysed, blamed, checked, planted, written
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


TWO_LOSSES = """\
import numpy as np

rng = np.random.default_rng(0)


def s(z):
    return 1 / (1 + np.exp(-z))


g, c, w, b = 0.5, 0.0, 0.3, 0.1
for step in range(100):
    real = rng.normal(2.0, 1.0, size=16)
    z = rng.normal(size=16)
    fake = g * z + c
    pr, pf = s(w * real + b), s(w * fake + b)
    v1 = -np.mean(np.log(pr)) - np.mean(np.log(1 - pf))
    v2 = -np.mean(np.log(pf))
    dr, df = (pr - 1) / 16, pf / 16
    dw = np.sum(dr * real) + np.sum(df * fake)
    db = np.sum(dr) + np.sum(df)
    e = (pf - 1) * w / 16
    dg = np.sum(e * z)
    dc = np.sum(e)
    w -= 0.1 * dw
    b -= 0.1 * db
    g -= 0.05 * dg
    c -= 0.05 * dc
"""


def test_parameters_that_follow_another_number_are_not_checked_and_said(tmp_path: Path) -> None:
    report = checked(tmp_path, TWO_LOSSES)
    assert report.verdict is Verdict.PASS
    others = {"w", "b", "g", "c"} - set(report.blocks)
    assert len(report.blocks) == len(others) == 2
    (note,) = (note for note in report.notes if note.startswith("Not checked"))
    assert all(name in note for name in others)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("dg = np.sum(e * z)", "dg = np.sum(e * z * z)"),
        ("db = np.sum(dr) + np.sum(df)", "db = np.sum(dr) - np.sum(df)"),
    ],
)
def test_a_wrong_gradient_is_compared_with_the_number_of_its_neighbours(tmp_path: Path, right: str, wrong: str) -> None:
    text, line = planted(TWO_LOSSES, right, wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}


def test_a_number_that_is_only_looked_at_in_contrastive_divergence_is_not_decided(tmp_path: Path) -> None:
    text = (
        "import numpy as np\nrng = np.random.default_rng(0)\nV = (rng.random((20, 6)) < 0.4) * 1.0\n"
        "W, a, b = rng.normal(size=(6, 4)) * 0.1, np.zeros(6), np.zeros(4)\ns = lambda z: 1 / (1 + np.exp(-z))\n"
        "for epoch in range(50):\n    p = s(V @ W + b)\n    h = (rng.random(p.shape) < p) * 1.0\n"
        "    q = s(h @ W.T + a)\n    r = s(q @ W + b)\n    W += 0.1 * (V.T @ p - q.T @ r) / 20\n"
        "    a += 0.1 * (V - q).mean(axis=0)\n    b += 0.1 * (p - r).mean(axis=0)\n"
        "    loss = np.mean((V - q) ** 2)\n    print(loss)\n"
    )
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.UNDECIDED
    assert not blamed(report)
    assert "does not depend on b" in str(report).replace("\n", " ")


def test_a_loss_that_changes_in_jumps_only_is_not_decided(tmp_path: Path) -> None:
    text = LINEAR.replace("loss = 0.5 * np.sum(r**2)", "loss = np.sum(np.round(20 * r)) / 1.0")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.UNDECIDED
    assert not blamed(report)


def test_variables_with_a_slope_are_not_moved_to_see_that_the_loss_depends_on_them(tmp_path: Path) -> None:
    text = LINEAR.replace("for i", "b = 0.1\nu = np.ones(3)\nfor i").replace("x @ w - y", "x @ w + b - y")
    text = text.replace("    w -= 0.1 * g\n", "    w -= 0.1 * g\n    b -= 0.1 * r.sum()\n    u -= 0.1 * g\n")
    analysis = analysed(tmp_path, text)
    variables = [analysis.graph.base.trace.before[path] for path in (("w",), ("b",), ("u",))]
    runs = analysis.step.runs
    assert independent_of(analysis.graph, variables[:2], analysis.loss) == set()
    assert analysis.step.runs == runs
    assert independent_of(analysis.graph, variables, analysis.loss) == {("u",)}


#: A loss that is kept, and shown in another form.
_SHOWN = """\
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.standard_normal((20, 3)), rng.standard_normal(20)
w, kept, n = rng.standard_normal(3), [], len(y)
for i in range(100):
    r = x @ w - y
    loss = LOSS
    kept.append(loss)
    dw = FACTOR * x.T @ r
    w = w - 0.1 * dw
    print(f"{i}: {SHOWN}")
"""


@pytest.mark.parametrize("shown", ["np.round(loss, 4)", "round(loss, 2)", "100 * loss", "round(100 * loss)", "-loss"])
def test_a_loss_that_is_shown_in_another_form_is_that_which_is_kept(shown: str, tmp_path: Path) -> None:
    text = _SHOWN.replace("LOSS", "np.mean(r**2)").replace("SHOWN", shown)
    report = checked(tmp_path, text.replace("FACTOR", "2 / n"))
    assert report.verdict is Verdict.PASS, str(report)
    assert checked(tmp_path, text.replace("FACTOR", "2")).verdict is Verdict.FAIL


@pytest.mark.parametrize(("factor", "verdict"), [("2 / n", Verdict.PASS), ("2", Verdict.PASS), ("1", Verdict.FAIL)])
def test_of_a_sum_that_is_kept_and_its_mean_that_is_shown_either_is_the_loss(
    factor: str, verdict: Verdict, tmp_path: Path
) -> None:
    text = _SHOWN.replace("LOSS", "np.sum(r**2)").replace("SHOWN", "loss / n")
    report = checked(tmp_path, text.replace("FACTOR", factor))
    assert report.verdict is verdict, str(report)


#: A classifier without a loss, of features of very different sizes; away from its first weights its sigmoid saturates.
_SATURATED = """\
import numpy as np

rng = np.random.default_rng(0)
x = np.abs(rng.standard_normal((40, 4))) * np.array([1.0, 30.0, 300.0, 900.0])
y = (rng.uniform(size=40) > 0.4) * 1.0
w, b = np.zeros(4), 0.0
for epoch in range(100):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    dw = x.T @ (p - y) / 40
    db = np.sum(p - y) / 40
    w = w - 1e-6 * dw
    b = b - 1e-6 * db
"""


@pytest.mark.parametrize("seed", [0, 2, 4])
def test_a_loss_is_compared_where_its_slopes_are_finite(seed: int, tmp_path: Path) -> None:
    assert check_program(written(tmp_path, _SATURATED), rng=seed).verdict is Verdict.PASS
    wrong, line = planted(_SATURATED, "x.T @ (p - y)", "x.T @ np.abs(p - y)")
    report = check_program(written(tmp_path, wrong), rng=seed)
    assert report.verdict is Verdict.FAIL
    assert {each.line for each in report.lines if each.verdict is Verdict.FAIL} <= {line}
