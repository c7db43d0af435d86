"""Which line is to blame, where names do not tell: the one that a small change of makes the gradients right."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.hints import Hints
from gradcheck.scripts.instrument.events import Diverged
from gradcheck.scripts.repair.edits import edits, exchanges
from gradcheck.scripts.repair.patch import Exchange
from gradcheck.scripts.repair.search import Mending
from gradcheck.scripts.replay.capture import Program
from gradcheck.scripts.text.source import read
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import accused, checked, planted


@dataclass(frozen=True)
class Case:
    """A program, a line of it, what stands there instead, and what the line should be said to be."""

    name: str
    text: str
    right: str
    wrong: str
    fix: str = ""

    def __str__(self) -> str:
        return self.name


NORMALISED = """\
import numpy as np

rng = np.random.default_rng(1)
x, y = rng.standard_normal((9, 4)), rng.standard_normal((9, 1))
W, V = 0.5 * rng.standard_normal((4, 3)), rng.standard_normal((3, 1))
n, lr = len(x), 0.05
for step in range(500):
    h = x @ W
    mu = h.mean(axis=0)
    hc = h - mu
    sq = hc**2
    var = sq.mean(axis=0)
    std = np.sqrt(var + 1e-3)
    inv = 1.0 / std
    hn = hc * inv
    a = np.tanh(hn)
    out = a @ V
    loss = np.mean((out - y) ** 2)
    dout = 2 * (out - y) / n
    dV = a.T @ dout
    dhn = (dout @ V.T) * (1 - a**2)
    dinv = (dhn * hc).sum(axis=0)
    dhc1 = dhn * inv
    dstd = -1.0 / std**2 * dinv
    dvar = 0.5 / std * dstd
    dsq = np.ones((n, 3)) / n * dvar
    dhc2 = 2 * hc * dsq
    dh1 = dhc1 + dhc2
    dmu = -(dhc1 + dhc2).sum(axis=0)
    dh2 = np.ones((n, 3)) / n * dmu
    dh = dh1 + dh2
    dW = x.T @ dh
    W -= lr * dW
    V -= lr * dV
"""

SIAMESE = """\
import numpy as np

rng = np.random.default_rng(2)
x1, x2 = rng.standard_normal((7, 3)), rng.standard_normal((7, 3))
goal = rng.random(7)
W = 0.5 * rng.standard_normal((3, 2))
for step in range(500):
    e1, e2 = np.tanh(x1 @ W), np.tanh(x2 @ W)
    diff = e1 - e2
    dist = np.sqrt((diff**2).sum(axis=1) + 1e-6)
    loss = 0.5 * np.mean((dist - goal) ** 2)
    ddist = (dist - goal) / len(goal)
    ddiff = ddist[:, None] * diff / dist[:, None]
    de1, de2 = ddiff, -ddiff
    dz1 = de1 * (1 - e1**2)
    dz2 = de2 * (1 - e2**2)
    dW = x1.T @ dz1 + x2.T @ dz2
    W -= 0.1 * dW
"""

RECURRENT = """\
import numpy as np

rng = np.random.default_rng(4)
seq, goal = rng.standard_normal((5, 2)), rng.standard_normal(3)
Wx, Wh = 0.6 * rng.standard_normal((3, 2)), 0.6 * rng.standard_normal((3, 3))


class Net:
    def run(self, seq):
        self.h = [np.zeros(3)]
        for x in seq:
            self.h.append(np.tanh(Wx @ x + Wh @ self.h[-1]))
        return self.h[-1]

    def back(self, dh):
        dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
        for t in reversed(range(len(seq))):
            dz = dh * (1 - self.h[t + 1] ** 2)
            dWx += np.outer(dz, seq[t])
            dWh += np.outer(dz, self.h[t])
            dh = Wh.T @ dz
        return dWx, dWh


net = Net()
for step in range(500):
    out = net.run(seq)
    loss = 0.5 * np.sum((out - goal) ** 2)
    dWx, dWh = net.back(out - goal)
    Wx -= 0.05 * dWx
    Wh -= 0.05 * dWh
"""

PARTIAL = """\
import numpy as np

rng = np.random.default_rng(5)
x, y = rng.standard_normal((6, 2)), rng.random(6)
w1, w2, w3, w4, b1, b2 = rng.standard_normal(6)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(z):
    return sigmoid(z) * (1 - sigmoid(z))


for step in range(500):
    for row, target in zip(x, y):
        s1 = w1 * row[0] + w2 * row[1] + b1
        h1 = sigmoid(s1)
        s2 = w3 * row[0] + w4 * row[1] + b2
        h2 = sigmoid(s2)
        out = h1 * h2
        loss = (target - out) ** 2
        d_L_d_out = -2 * (target - out)
        d_out_d_h1 = h2
        d_out_d_h2 = h1
        w1 -= 0.1 * d_L_d_out * d_out_d_h1 * row[0] * slope(s1)
        w2 -= 0.1 * d_L_d_out * d_out_d_h1 * row[1] * slope(s1)
        b1 -= 0.1 * d_L_d_out * d_out_d_h1 * slope(s1)
        w3 -= 0.1 * d_L_d_out * d_out_d_h2 * row[0] * slope(s2)
        w4 -= 0.1 * d_L_d_out * d_out_d_h2 * row[1] * slope(s2)
        b2 -= 0.1 * d_L_d_out * d_out_d_h2 * slope(s2)
"""

SOFTMAX = """\
import numpy as np

rng = np.random.default_rng(6)
x, labels = rng.standard_normal((10, 3)), rng.integers(0, 4, 10)
W, b = 0.3 * rng.standard_normal((3, 4)), np.zeros(4)


class Dense:
    def forward(self, x):
        self.x = x
        return x @ W + b

    def backward(self, g):
        self.dW = self.x.T @ g
        self.db = g.sum(axis=0)


dense = Dense()
for step in range(500):
    z = dense.forward(x)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(10), labels]))
    dz = p.copy()
    dz[np.arange(10), labels] -= 1
    dz /= 10
    dense.backward(dz)
    W -= 0.5 * dense.dW
    b -= 0.5 * dense.db
"""

CASES = [
    Case(
        "sign inside a chain of steps",
        NORMALISED,
        "dstd = -1.0 / std**2 * dinv",
        "dstd = 1.0 / std**2 * dinv",
    ),
    Case("term that is left out", NORMALISED, "dh = dh1 + dh2", "dh = dh1", "dh = dh1 + dh2"),
    Case("term left out one step before", NORMALISED, "dh1 = dhc1 + dhc2", "dh1 = dhc1", "dh1 = dhc1 + dhc2"),
    Case("factor of a part", NORMALISED, "dhc2 = 2 * hc * dsq", "dhc2 = hc * dsq", "dhc2 = 2 * (hc * dsq)"),
    Case("name that promises another sign", SIAMESE, "de1, de2 = ddiff, -ddiff", "de1, de2 = ddiff, ddiff"),
    Case("value that only passes", SIAMESE, "dz2 = de2 * (1 - e2**2)", "dz2 = de2"),
    Case("transposed, in a method", RECURRENT, "dh = Wh.T @ dz", "dh = Wh @ dz", "dh = Wh.T @ dz"),
    Case("path through time", RECURRENT, "dz = dh * (1 - self.h[t + 1] ** 2)", "dz = dh * (1 - self.h[t] ** 2)"),
    Case("sign of a factor of all", PARTIAL, "d_L_d_out = -2 * (target - out)", "d_L_d_out = 2 * (target - out)"),
    Case("one of two partial derivatives", PARTIAL, "d_out_d_h1 = h2", "d_out_d_h1 = h1", "d_out_d_h1 = h2"),
    Case("only the first sample", SOFTMAX, "self.db = g.sum(axis=0)", "self.db = g[0]"),
    Case("scaling by one", SOFTMAX, "dz /= 10", "dz /= 1"),
]


@pytest.mark.parametrize(
    "text",
    [NORMALISED, SIAMESE, RECURRENT, PARTIAL, SOFTMAX],
    ids=["normalised", "siamese", "recurrent", "partial", "softmax"],
)
def test_a_right_program_passes(text: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)
    assert not accused(report)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_wrong_line_alone_is_to_blame(case: Case, tmp_path: Path) -> None:
    text, line = planted(case.text, case.right, case.wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert accused(report) == {line}, str(report)
    if case.fix:
        assert f"Write: {case.fix}" in (report.findings[0].fix or "")


# -- what is exchanged ------------------------------------------------------------------------------------------------


def analysed(folder: Path, text: str) -> Analysis:
    (folder / "program.py").write_text(text, encoding="utf-8")
    program = Program(folder / "program.py", read(folder / "program.py"))
    with np.errstate(all="ignore"):
        return Analysis(program.captured(())[0], Hints(), np.random.default_rng(0))


@pytest.mark.parametrize(("text", "part"), [(NORMALISED, "dW = "), (RECURRENT, "dh = Wh.T")], ids=["loop", "method"])
def test_a_statement_is_exchanged_and_put_back(text: str, part: str, tmp_path: Path) -> None:
    """With what it always did the gradients are right; with its negative they are not; then all is as it was."""
    analysis = analysed(tmp_path, text)
    step, file = analysis.step, str(tmp_path / "program.py")
    line = text[: text.index(part)].count("\n") + 1
    sites, layout = len(step.tape.sites), list(step.tape.layout or [])
    exchange, mending = Exchange(step, file, line), Mending(analysis, list(analysis.parameters))
    for _ in range(2):
        with exchange.made() as changed:
            assert mending.right(changed)
            exchange.put(ast.UnaryOp(ast.USub(), exchange.statement.part))
            assert not mending.right(changed)
            exchange.put(ast.Name("no_such_name", ast.Load()))
            assert not mending.right(changed)
        assert (len(step.tape.sites), step.tape.layout) == (sites, layout)
    claims = analysis.base.run([p.claim for p in analysis.parameters])
    assert claims is not None
    for p, value in zip(analysis.parameters, claims, strict=True):
        np.testing.assert_array_equal(value, analysis.base.value(p.claim))


def test_a_change_of_the_loss_is_no_repair(tmp_path: Path) -> None:
    """The line of the loss could be made to fit any gradient."""
    text = NORMALISED.replace("dout = 2 * (out - y) / n", "dout = (out - y) / n")
    analysis = analysed(tmp_path, text)
    line = text[: text.index("loss = ")].count("\n") + 1
    exchange = Exchange(analysis.step, str(tmp_path / "program.py"), line)
    mending = Mending(analysis, list(analysis.parameters))
    with exchange.made() as changed, pytest.raises(Diverged, match="inside what was exchanged"):
        mending.right(changed)
    text = text.replace("loss = np.mean((out - y) ** 2)", "error = out - y\n    loss = np.mean(error**2)")
    analysis = analysed(tmp_path, text)
    line = text[: text.index("error = ")].count("\n") + 1
    exchange, mending = Exchange(analysis.step, str(tmp_path / "program.py"), line), Mending(analysis, [])
    with exchange.made() as changed:
        assert mending.right(changed), "nothing is asked for but the loss"
        exchange.put(ast.parse("(out - y) / 2**0.5", mode="eval").body)
        assert not mending.right(changed)


def test_a_line_without_a_statement_is_refused(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, NORMALISED)
    with pytest.raises(Diverged, match="has no value"), Exchange(analysis.step, str(tmp_path / "program.py"), 2).made():
        pass


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("a @ b", "a.T @ b"),
        ("a.T @ b", "a @ b"),
        ("y - p", "p - y"),
        ("x[i]", "x[i + 1]"),
        ("g.sum(axis=0)", "g.mean(axis=0)"),
        ("g.sum(axis=1)", "g.sum(axis=0)"),
        ("g * (x < 0)", "g * (x > 0)"),
        ("a + x**2", "a + 3 * x**2"),
        ("g", "-g"),
    ],
)
def test_changes_that_people_make(wrong: str, right: str) -> None:
    found = {ast.unparse(edit.part) for edit in edits(ast.parse(wrong, mode="eval").body)}
    assert ast.unparse(ast.parse(right)) in found


def test_two_names_in_each_others_place() -> None:
    part = ast.parse("[dW1, db2, db1]", mode="eval").body
    found = {ast.unparse(edit.part): edit.slug for edit in exchanges(part)}
    assert found["[dW1, db1, db2]"] == "swapped-blocks"
    assert ast.unparse(part) == "[dW1, db2, db1]", "what is changed is a copy"
