"""What an expression of a wrong line has to be: in sums, slices, calls that add to an array, and inside a line."""

from __future__ import annotations

import linecache
import types

import numpy as np
import pytest

import gradcheck

FUN = """\
import numpy as np


def fun(p, X, rows):
    z = X @ p[0]
    picked = p[1][rows]
    return np.sum(np.sin(z)) + 0.5 * np.sum(picked**2) * np.exp(0.3 * p[0][0]) + np.sum(p[2] ** 3)


def grad(p, X, rows):
    z = X @ p[0]
    picked = p[1][rows]
    scale = np.exp(0.3 * p[0][0])
    g0 = X.T @ np.cos(z)
    g0[:1] += 0.15 * np.sum(picked**2) * scale
    g1 = np.zeros_like(p[1])
    np.add.at(g1, rows, picked * scale)
    g2 = np.zeros_like(p[2])
    for i in range(len(g2)):
        g2[i] = 3 * p[2][i] ** 2
    return g0, g1, g2
"""

#: A line as it is right, and written wrongly.
WRONG = [
    ("g0[:1] += 0.15 * np.sum(picked**2) * scale", "g0[:1] += 0.15 * np.sum(picked**2) * np.log(scale)"),
    ("np.add.at(g1, rows, picked * scale)", "np.add.at(g1, rows, picked * scale - z[0])"),
    ("g2[i] = 3 * p[2][i] ** 2", "g2[i] = 3 * p[2][i] ** 2 * np.exp(p[0][0])"),
    ("g0 = X.T @ np.cos(z)", "g0 = X.T @ np.cosh(z)"),
]


def report_of(source: str) -> gradcheck.Report:
    file = f"<requirement {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    made = types.ModuleType("requirement")
    exec(compile(source, file, "exec", dont_inherit=True), made.__dict__)
    rng = np.random.default_rng(4)
    x0 = (rng.normal(size=3), rng.normal(size=(5, 2)), rng.normal(size=3))
    args = (rng.normal(size=(6, 3)), np.array([0, 2, 2, 4]))
    return gradcheck.check_gradients(made.fun, made.grad, x0, args=args, rng=0)


@pytest.mark.parametrize(("right", "wrong"), WRONG)
def test_the_line_is_repaired(right: str, wrong: str) -> None:
    """The repaired program passes, whatever its line looks like."""
    report = report_of(FUN.replace(right, wrong))
    lines = [line for line in report.lines if line.verdict.value == "fail"]
    assert [line.text for line in lines] == [wrong]
    fixes = [
        row.partition("Write: ")[2] for f in report.findings for row in (f.fix or "").splitlines() if "Write: " in row
    ]
    assert fixes
    assert report_of(FUN.replace(right, fixes[0])).verdict.value == "pass"


def test_the_right_program_passes() -> None:
    report = report_of(FUN)
    assert report.verdict.value == "pass"
    assert not report.lines


LOSSES = {"sum": "np.sum(x)", "rectified": "np.sum(np.maximum(x, 0))", "sine": "np.sum(np.sin(x))"}


def claimed_zero(loss: str, zeros: str, x: list[float]) -> str:
    """The advice on a gradient of zeros."""
    source = "import numpy as np\n\n\n"
    source += f"def fun(x):\n    return {LOSSES[loss]}\n\n\ndef grad(x):\n    g = {zeros}\n    return g\n"
    file = f"<zeros {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    made = types.ModuleType("zeros")
    exec(compile(source, file, "exec", dont_inherit=True), made.__dict__)
    report = gradcheck.check_gradients(made.fun, made.grad, np.array(x), rng=0)
    assert [finding.slug for finding in report.findings] == ["zero-gradient"]
    return report.findings[0].fix


@pytest.mark.parametrize("zeros", ["0 * x", "np.zeros_like(x)", "0.0 * np.cos(x)", "x - x", "np.zeros_like(x) * x"])
@pytest.mark.parametrize(
    ("loss", "x"), [("sum", [0.5, 1.2, 2.0]), ("sum", [0.5, -1.2, 2.0]), ("rectified", [0.5, 1.2, 2.0])]
)
def test_zeros_that_have_to_be_one_number_are_not_repaired(loss: str, x: list[float], zeros: str) -> None:
    """A mask of positive numbers, a sign, a quotient of a number by itself are ones as well."""
    assert "Write" not in claimed_zero(loss, zeros, x)


@pytest.mark.parametrize("zeros", ["0 * x", "np.zeros_like(x)"])
@pytest.mark.parametrize(("loss", "repaired"), [("rectified", "Write: g = (x > 0)"), ("sine", "Write: g = np.cos(x)")])
def test_zeros_that_have_to_be_different_numbers_are(loss: str, repaired: str, zeros: str) -> None:
    assert claimed_zero(loss, zeros, [0.5, -1.2, 2.0]).startswith(repaired)
