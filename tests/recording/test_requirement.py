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
