"""Wrong lines are named, right ones are not, whatever the variables are called."""

from __future__ import annotations

import linecache
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.recording.budget import Budget
from gradcheck.reports.json import plain
from gradcheck.reports.report import Report
from tests.recording.planted import Planted, check, neutral, planted, right

#: Programs that take a fraction of a second each.
QUICK = ("dict_mlp", "tanh_layer", "linear_regression", "matrix_factorisation", "gru_step")

#: Lines that are one of two which explain the gradient equally well: none may be named.
SILENT = 0.1


def accused(report: Report) -> set[int]:
    return {line.line for line in report.lines if line.verdict is gradcheck.Verdict.FAIL}


@pytest.mark.parametrize("name", QUICK)
def test_the_planted_line_is_named_and_no_other(name: str) -> None:
    assert check(right(name)).verdict.value == "pass"
    cases = list(planted(name))
    reports = [check(case) for case in cases]
    assert all(report.verdict.value == "fail" for report in reports)
    assert all(accused(report) <= {case.line} for case, report in zip(cases, reports, strict=True))
    silent = sum(not accused(report) for report in reports)
    assert silent <= SILENT * len(cases)


@pytest.mark.parametrize("name", ["tanh_layer", "linear_regression", "gru_step"])
def test_names_decide_nothing(name: str) -> None:
    for case in planted(name):
        renamed = neutral(case.source)
        assert renamed != case.source
        before, after = check(case), check(case, renamed)
        assert accused(before) == accused(after)
        assert [f.code for f in before.findings] == [f.code for f in after.findings]


def test_the_repair_is_in_the_authors_own_text() -> None:
    case = next(each for each in planted("dict_mlp") if each.text == "d1 = d1 * (1 - a1)")
    report = check(case)
    assert "Write: d1 = d1 * (1 - a1**2)" in report.findings[0].fix
    assert report.findings[0].line == case.line
    assert f"line {case.line}" in str(report)
    assert [line["line"] for line in plain(report)["lines"] if line["verdict"] == "fail"] == [case.line]


def module(source: str) -> types.ModuleType:
    file = f"<lines {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    made = types.ModuleType("lines")
    exec(compile(source, file, "exec", dont_inherit=True), made.__dict__)
    return made


TWO_READINGS = """
import numpy as np

def fun(p, X):
    return 0.5 * np.sum(np.tanh(X @ p) ** 2)

def grad(p, X):
    h = np.tanh(X @ p)
    back = h * 1.0
    return X.T @ back
"""


def test_a_line_that_is_one_of_two_is_not_named() -> None:
    made = module(TWO_READINGS)
    X = np.random.default_rng(0).normal(size=(6, 3))
    report = gradcheck.check_gradients(made.fun, made.grad, np.array([0.3, -0.4, 0.8]), args=(X,), rng=0)
    assert report.verdict.value == "fail"
    assert len(accused(report)) <= 1


#: Mistakes that lines after them, right ones, carry on: by a slope of a helper, by a multiple of a derivative.
CARRIED = {
    "dense_stack_generator": "return 1 / (1 + np.exp(z))",
    "triplet_embedding": "gq = on * -2 * (ea - eq)",
    "word_vectors": "pull = p * self.outer[context]",
    "policy_expected": "return visits[:, None] * advantage",
    "beta_regression": "return np.append(X.T @ d_eta, d_phi)",
}


@pytest.mark.parametrize("name", CARRIED)
def test_a_right_line_that_carries_a_mistake_on_is_not_named(name: str) -> None:
    case = next(each for each in planted(name) if each.text == CARRIED[name])
    report = check(case)
    assert report.verdict.value == "fail"
    assert accused(report) <= {case.line}


@pytest.mark.parametrize("most", [3e4, 1e5, 1.2e5, 1.5e5, 2e5, 4e5])
def test_a_line_is_not_named_while_others_are_not_tried(most: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """With less work than the edits of all lines take, the first that helps is not known to be the only one."""
    monkeypatch.setattr("gradcheck.recording.budget.Costs.budget", lambda *_: Budget(most))
    case = next(each for each in planted("policy_expected") if each.text == CARRIED["policy_expected"])
    assert accused(check(case)) <= {case.line}


TWO_REPAIRS = """
import numpy as np

def fun(p, X, a):
    return np.sum(a * np.sin(X @ p) ** 2)

def grad(p, X, a):
    a = np.asarray(a)
    z = X @ p
    back = np.sin(2 * z)
    return X.T @ back
"""


@pytest.mark.parametrize("renamed", [False, True])
def test_where_two_changes_help_both_are_shown_and_no_line_is_named(renamed: bool) -> None:
    """The weights may be missing where the derivative is made, and where it is used."""
    made = module(neutral(TWO_REPAIRS) if renamed else TWO_REPAIRS)
    rng = np.random.default_rng(0)
    fun, grad = [each for each in vars(made).values() if isinstance(each, types.FunctionType)]
    report = gradcheck.check_gradients(
        fun, grad, np.array([0.3, -0.4, 0.8]), args=(rng.normal(size=(6, 3)), rng.uniform(1, 2, 6)), rng=0
    )
    assert report.verdict.value == "fail"
    assert not accused(report)
    assert "Each of these changes alone makes the gradients right:" in str(report)


def test_functions_have_their_own_code_again_whatever_happens() -> None:
    made = module(right("logistic_pair").source)
    before = {name: f.__code__ for name, f in vars(made).items() if isinstance(f, types.FunctionType)}
    arguments = made.subject(np.random.default_rng(0))

    def raising(theta: Any, *args: Any) -> Any:
        made.grad(theta, *args)
        raise ArithmeticError

    gradients: list[Callable[..., Any]] = [lambda t, *a: {k: 2 * v for k, v in made.grad(t, *a).items()}]
    report = gradcheck.check_gradients(**{**arguments, "grad": gradients[0]}, rng=0)
    assert report.verdict.value == "fail"
    with pytest.raises(ArithmeticError):
        gradcheck.check_gradients(**{**arguments, "grad": raising}, rng=0)
    assert {name: f.__code__ for name, f in vars(made).items() if isinstance(f, types.FunctionType)} == before


def test_without_source_the_report_is_without_lines() -> None:
    space: dict[str, Any] = {"np": np}
    exec("def fun(x): return float(np.sum(x ** 2))\ndef grad(x): return x", space)
    report = gradcheck.check_gradients(space["fun"], space["grad"], np.arange(1.0, 4.0), rng=0)
    assert report.verdict.value == "fail"
    assert report.lines == ()
    assert report.findings[0].line is None


def test_a_pass_records_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcheck.recording.recorder.Recorder.__init__", lambda self: pytest.fail("recorded"))
    assert check(Planted("linear_regression", 0, "", right("linear_regression").source))


def test_a_derivative_written_forward_from_one_number_has_its_line() -> None:
    case = next(each for each in planted("scalar_chain") if each.text == "da = math.cos(x) * x - math.sin(x)")
    report = check(case)
    assert accused(report) == {case.line}
    assert report.findings[0].code == "GC101"


def test_a_factor_that_differs_from_point_to_point_is_no_constant() -> None:
    made = module(
        "import numpy as np\n\ndef fun(x):\n    return np.sum(np.log(np.cosh(x)))\n\ndef grad(x):\n"
        "    g = np.tanh(x)\n    return g / np.linalg.norm(g)\n"
    )
    report = gradcheck.check_gradients(made.fun, made.grad, np.linspace(0.2, 1.4, 6), rng=0)
    assert accused(report) == {8}
    assert "GC102" not in [finding.code for finding in report.findings]
    assert "Write: return g" in report.findings[0].fix


UNNAMED = """
import numpy as np

def fun(p, X):
    return np.sum(np.tanh(X @ p) ** 2)

def grad(p, X):
    h = {}
    back = 2 * h * (1 - h**2)
    return X.T @ back
"""


@pytest.mark.parametrize(("line", "allowed"), [("np.tanh(X @ p) + 0.1 * X[:, 0] ** 2", {8}), ("np.arctan(X @ p)", {8})])
def test_a_line_that_reads_what_is_wrong_is_not_accused(line: str, allowed: set[int]) -> None:
    made = module(UNNAMED.format(line))
    X = np.random.default_rng(0).normal(size=(6, 3))
    report = gradcheck.check_gradients(made.fun, made.grad, np.array([0.3, -0.4, 0.8]), args=(X,), rng=0)
    assert report.verdict.value == "fail"
    assert accused(report) <= allowed


def test_repairs_warn_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    case = next(each for each in planted("batch_norm") if each.line == 25)
    check(case)
    assert [str(each.message) for each in recwarn] == []


FROM_OUTSIDE = """
def make(factor):
    return lambda x: 2 * factor * x

def fun(x):
    return x @ x
"""


def test_a_factor_from_outside_of_a_function_can_be_dropped() -> None:
    made = module(FROM_OUTSIDE)
    report = gradcheck.check_gradients(made.fun, made.make(1.5), np.arange(1.0, 5.0), rng=0)
    assert "Write: 2 * x" in report.findings[0].fix


def test_lines_are_counted_as_python_counts_them() -> None:
    """A form feed between functions, as in files of the GNU style, ends no line."""
    text = (
        "import numpy as np\n\x0c\n\x0c\ndef loss(x):\n    return float(np.sum(np.sin(x)))\n\n\n"
        "def slope(x):\n    c = np.cos(x)\n    return c * c\n\n\n"
        "def subject(rng):\n    return {'target': loss, 'grad': slope, 'x0': np.array([0.3, 0.8, 1.1])}\n"
    )
    report = check(Planted("form_feed", 10, "return c * c", text))
    assert [line.line for line in report.lines if line.verdict.value == "fail"] == [10]
    assert (report.findings[0].fix or "").startswith("Write: return c\n")
