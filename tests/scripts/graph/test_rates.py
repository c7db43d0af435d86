"""Learning rates are told from gradients by dataflow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import analysed, blamed, checked, planted
from tests.scripts.samples import LINEAR, LINEAR_HEAD, TWO_LAYERS

#: The mean of squares, whose gradient needs 2/n.
MEAN = LINEAR_HEAD + (
    "n, k = len(y), 0.3\nfor i in range(9):\n    r = x @ w - y\n    v1 = np.mean(r**2)\n    {0}\n    {1}\n"
)


def parts(folder: Path, first: str, second: str) -> tuple[bool, float]:
    """Whether the gradient is right, and how large it is beside the right one."""
    analysis = analysed(folder, MEAN.format(first, second))
    (parameter,) = analysis.parameters
    base = analysis.base
    x, y = (next(v for path, v in base.trace.before.items() if path == (name,)).value for name in "xy")
    right = 2 * x.T @ (x @ base.state(parameter.variable.path) - y) / len(y)
    claimed = parameter.gradient(base.value(parameter.claim))
    return analysis.rated.is_right, float(np.linalg.norm(claimed) / np.linalg.norm(right))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("g = 2 * x.T @ r / n", "w -= k * g"),
        ("g = x.T @ r", "w -= k * 2 / n * g"),
        ("g = x.T @ r", "w -= k * g / n * 2"),
        ("g = 2 * x.T @ r", "w -= k / n * g"),
        ("g = x.T @ r", "w -= 0.1 * (2 / n) * g"),
        ("g = 2 * x.T @ r / n", "w -= 0.1 * 2 * g"),
        ("g = 2 * x.T @ r / n", "w -= k / n * g"),
        ("pass", "w -= k * 2 * x.T @ r / n"),
        ("pass", "w -= 0.1 * 2 / n * x.T @ r"),
        ("g = 2 * x.T @ r / n\n    h = k * g", "w -= h"),
        ("g = 2 * x.T @ r / n\n    h = 0.1 * g\n    h = -h", "w += h"),
        ("g = 2 * x.T @ r / n", "w -= k * g + k * 0.0 * w"),
    ],
)
def test_factors_of_the_update_are_rates_or_belong_to_the_gradient(tmp_path: Path, first: str, second: str) -> None:
    is_right, size = parts(tmp_path, first, second)
    assert is_right
    assert size == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("first", "second", "factor"),
    [
        ("g = x.T @ r", "w -= k * g", 6.0),
        ("g = x.T @ r / n", "w -= k * g", 0.5),
        ("g = x.T @ r / n", "w -= 0.5 * g", 0.5),
        ("g = 4 * x.T @ r / n", "w -= 0.5 * g", 2.0),
        ("g = 3 * x.T @ r / n", "w -= k * g", 1.5),
    ],
)
def test_a_factor_of_the_backward_pass_is_no_rate(tmp_path: Path, first: str, second: str, factor: float) -> None:
    is_right, size = parts(tmp_path, first, second)
    assert not is_right
    assert size == pytest.approx(factor)


def test_a_factor_that_the_loss_has_as_well_belongs_to_the_gradient(tmp_path: Path) -> None:
    text = MEAN.replace("np.mean(r**2)", "k * np.mean(r**2)").format("g = 2 * x.T @ r / n", "w -= 0.1 * k * g")
    assert analysed(tmp_path, text).rated.is_right
    alone = MEAN.replace("np.mean(r**2)", "k * np.mean(r**2)").format("g = 2 * x.T @ r / n", "w -= k * g")
    assert analysed(tmp_path, alone).rated.is_right


def test_one_factor_is_a_rate_in_all_updates_or_in_none(tmp_path: Path) -> None:
    """The gradient of b is n times too large, and a rate of 1/n does not make it right."""
    text = TWO_LAYERS.replace("lr = 0.1", "lr = 1 / 9")
    text = text.replace("np.sum((out - y) ** 2)", "np.mean(np.sum((out - y) ** 2, axis=1))")
    text = text.replace("dout = out - y", "dout = (out - y) / 9")
    assert checked(tmp_path, text).verdict is Verdict.PASS
    wrong, line = planted(text, "db1 = dz.sum(axis=0)", "db1 = 9 * dz.sum(axis=0)")
    report = checked(tmp_path, wrong)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}


def test_a_rate_that_the_backward_pass_multiplies_in_early_is_said(tmp_path: Path) -> None:
    text = TWO_LAYERS.replace("lr * ", "").replace("dout = out - y", "dout = lr * (out - y)")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS
    assert any("multiplies all gradients with 0.1" in note for note in report.notes)
    wrong, line = planted(text, "dout = lr * (out - y)", "dout = 3 * (out - y)")
    report = checked(tmp_path, wrong)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}


@pytest.mark.parametrize("name", ["loss", "log_lik", "v1"])
def test_a_program_that_adds_the_gradient_maximises(tmp_path: Path, name: str) -> None:
    text = LINEAR.replace("loss", name).replace("w -=", "w +=")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS
    assert any(f"add the gradient of {name}, so the program maximises it" in note for note in report.notes)
    wrong, line = planted(text, "g = x.T @ r", "g = x.T @ r**2")
    report = checked(tmp_path, wrong)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) <= {line, None}  # nothing names the mistake


@pytest.mark.parametrize("name", ["loss", "log_lik", "v1"])
@pytest.mark.parametrize("update", ["w -= 0.1 * g", "w += -0.1 * g", "u = -0.1 * g\n    w += u"])
def test_a_gradient_of_the_wrong_sign_is_no_ascent(tmp_path: Path, name: str, update: str) -> None:
    text = LINEAR.replace("loss", name).replace("w -= 0.1 * g", update)
    assert checked(tmp_path, text).verdict is Verdict.PASS
    wrong, line = planted(text, "g = x.T @ r", "g = -x.T @ r")
    report = checked(tmp_path, wrong)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}


def test_one_factor_that_no_single_line_explains_is_said_and_no_line_accused(tmp_path: Path) -> None:
    text = LINEAR_HEAD + (
        "b = 0.5\nfor i in range(9):\n    p = x @ w + b\n    e = np.mean((p - y) ** 2)\n    g = x.T @ (p - y)\n"
        "    h = np.sum(p - y)\n    w -= 0.1 * g\n    b -= 0.1 * h\n"
    )
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {None}
    assert report.notes[0].startswith("Each gradient is 6 times that of e (line 10): fine if intended")


@pytest.mark.parametrize(
    ("setup", "start"),
    [("", "lr *= 0.99"), ("last = 1e9", "lr = lr * 1.05 if loss < last else lr * 0.5\n    last = loss")],
    ids=["decaying", "bold driver"],
)
def test_a_rate_that_the_step_changes_is_no_parameter(tmp_path: Path, setup: str, start: str) -> None:
    text = TWO_LAYERS.replace("for step", f"{setup}\nfor step").replace("    W1 -=", f"    {start}\n    W1 -=")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS
    assert set(report.blocks) == {"W1", "b1", "W2"}
    assert not blamed(report)
    wrong, line = planted(text, "dW2 = h.T @ dout", "dW2 = z.T @ dout")
    report = checked(tmp_path, wrong)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}


@pytest.mark.parametrize(
    ("line", "factor"),
    [("g = g / n", 1 / 12), ("g /= n", 1 / 12), ("g = 2 * g", 2.0), ("g *= 3.0", 3.0), ("g = g * n", 12.0)],
)
def test_a_line_that_scales_a_right_gradient_once_more_is_no_rate(tmp_path: Path, line: str, factor: float) -> None:
    is_right, size = parts(tmp_path, f"g = 2 * x.T @ r / n\n    {line}", "w -= k * g")
    assert not is_right
    assert size == pytest.approx(factor)


@pytest.mark.parametrize("line", ["g = k * g", "g *= k", "g = g / (1 / k)", "g = np.multiply(g, k)"])
def test_a_line_that_multiplies_with_a_rate_is_none(tmp_path: Path, line: str) -> None:
    is_right, size = parts(tmp_path, f"g = 2 * x.T @ r / n\n    {line}", "w -= g")
    assert is_right
    assert size == pytest.approx(1.0)


#: A bias whose gradient is written entry by entry, with a rate of one that a target has as well.
_ENTRIES = """\
import numpy as np

rng = np.random.default_rng(0)
x, y = np.array([0.4, -1.2]), np.array([1.0])
W, b, V, c = rng.normal(size=(2, 4)), np.zeros(4), rng.normal(size=(4, 1)), np.zeros(1)


def of_bias(d, n):
    found = np.zeros(n)
    for j in range(n):
        found[j] = d[j]
    return found


def update(rate):
    global W, b, V, c
    h = np.tanh(x @ W + b)
    out = h @ V + c
    loss = 0.5 * np.sum((out - y) ** 2)
    d = out - y
    e = V @ d * (1 - h**2)
    db, dc, dW, dV = of_bias(e, 4), of_bias(d, 1), np.outer(x, e), np.outer(h, d)
    b -= rate * db
    c -= rate * dc
    W -= rate * dW
    V -= rate * dV
    return loss


for epoch in range(100):
    print(update(RATE))
"""


@pytest.mark.parametrize("rate", ["1.0", "0.1"])
def test_a_factor_of_entries_is_no_rate_beside_the_rate_of_the_update(rate: str, tmp_path: Path) -> None:
    text = _ENTRIES.replace("RATE", rate)
    assert checked(tmp_path, text).verdict is Verdict.PASS
    for wrong in ("found[j] = 0.5 * d[j]", "found[j] = np.multiply(0.5, d[j])"):
        mistaken, line = planted(text, "found[j] = d[j]", wrong)
        report = checked(tmp_path, mistaken)
        assert report.verdict is Verdict.FAIL, str(report)
        assert blamed(report) == {line}
        assert {name for name, block in report.blocks.items() if block.verdict is Verdict.FAIL} == {"b", "c"}


def test_a_rate_that_a_function_multiplies_with_is_one(tmp_path: Path) -> None:
    right = LINEAR.replace("w -= 0.1 * g", "h = np.multiply(0.1, g)\n    w -= h")
    assert checked(tmp_path, right).verdict is Verdict.PASS
    wrong = LINEAR.replace("g = x.T @ r", "g = np.multiply(0.5, x.T @ r)")
    assert checked(tmp_path, wrong).verdict is Verdict.FAIL


def test_a_number_in_a_tuple_that_is_equal_to_the_rate_is_left_alone(tmp_path: Path) -> None:
    text = LINEAR.replace("for i in", "samples = [(0.5, 1.0), (1.0, 0.5)]\nrate = 1.0\nfor i in")
    text = text.replace("0.1 * g", "rate * g").replace("r = x @ w - y", "r = samples[0][1] * (x @ w - y)")
    assert checked(tmp_path, text).verdict is Verdict.PASS
    assert checked(tmp_path, text.replace("g = x.T @ r", "g = -(x.T @ r)")).verdict is Verdict.FAIL
