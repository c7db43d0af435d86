"""Loops over samples, layers and time steps: the line that is wrong each time is named, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.recording.edits import with_constant
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted

#: One sample after the other through a list of layers; the backward pass repeats the forward pass under other names.
SAMPLES = """\
import numpy as np

rng = np.random.default_rng(3)
sizes = (4, 6, 5, 2)
weights = [0.7 * rng.standard_normal((b, a)) for a, b in zip(sizes, sizes[1:])]
offsets = [0.3 * rng.standard_normal((b, 1)) for b in sizes[1:]]
data = [(rng.standard_normal((4, 1)), rng.standard_normal((2, 1))) for _ in range(5)]


def squash(u):
    return 1.0 / (1.0 + np.exp(-u))


def predicted(q):
    for w, b in zip(weights, offsets):
        q = squash(w @ q + b)
    return q


def pulled_back(q, goal):
    inputs, outputs = [q], []
    for w, b in zip(weights, offsets):
        outputs.append(w @ inputs[-1] + b)
        inputs.append(squash(outputs[-1]))
    slope = inputs[-1] * (1 - inputs[-1])
    error = (inputs[-1] - goal) * slope
    of_w, of_b = [None] * 3, [None] * 3
    of_b[-1] = error
    of_w[-1] = error @ inputs[-2].T
    for k in range(2, 4):
        steep = squash(outputs[-k]) * (1 - squash(outputs[-k]))
        error = (weights[-k + 1].T @ error) * steep
        of_b[-k] = error
        of_w[-k] = error @ inputs[-k - 1].T
    return of_w, of_b


for turn in range(100):
    total = 0.0
    sums_w, sums_b = [0.0 * w for w in weights], [0.0 * b for b in offsets]
    for q, goal in data:
        total += 0.5 * np.sum((predicted(q) - goal) ** 2)
        of_w, of_b = pulled_back(q, goal)
        sums_w = [s + d for s, d in zip(sums_w, of_w)]
        sums_b = [s + d for s, d in zip(sums_b, of_b)]
    weights = [w - 0.1 * d for w, d in zip(weights, sums_w)]
    offsets = [b - 0.1 * d for b, d in zip(offsets, sums_b)]
"""

#: The adjoint of an explicit Euler method, with a matrix of derivatives at each step.
ADJOINT = """\
import numpy as np

dt, n = 0.1, 9
theta = np.array([0.8, 0.3])
goal = np.array([0.35, 0.9])
for turn in range(100):
    k, c = theta
    u = np.zeros((n + 1, 2))
    u[0] = 1.0, 0.5
    for i in range(n):
        x, v = u[i]
        u[i + 1] = u[i] + dt * np.array([v, -k * x - c * v**3])
    misfit = 0.5 * np.sum((u[n] - goal) ** 2)
    lam = u[n] - goal
    g = np.zeros(2)
    for i in range(n - 1, -1, -1):
        x, v = u[i]
        by_state = np.array([[0.0, 1.0], [-k, -3 * c * v**2]])
        by_theta = np.array([[0.0, 0.0], [-x, -(v**3)]])
        g = g + dt * by_theta.T @ lam
        lam = lam + dt * by_state.T @ lam
    theta = theta - 0.05 * g
"""

#: A softmax with a penalty: the derivative of the scores is right up to the number of samples.
PENALTY = """\
import numpy as np

rng = np.random.default_rng(5)
x, y = rng.standard_normal((12, 4)), rng.integers(0, 3, 12)
W = 0.1 * rng.standard_normal((4, 3))
for turn in range(100):
    scores = x @ W
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(12), y])) + 0.5 * 0.1 * np.sum(W * W)
    d = p.copy()
    d[np.arange(12), y] -= 1
    d /= 12
    dW = x.T @ d
    dW += 0.1 * W
    W -= 0.5 * dW
"""

STATE = "by_state = np.array([[0.0, 1.0], [-k, {}]])"

CASES = [
    (SAMPLES, "error = (weights[-k + 1].T @ error) * steep", "error = weights[-k + 1].T @ error", ""),
    (SAMPLES, "of_w[-k] = error @ inputs[-k - 1].T", "of_w[-k] = -error @ inputs[-k - 1].T", "sign-flipped"),
    (SAMPLES, "error = (inputs[-1] - goal) * slope", "error = inputs[-1] - goal", "missing-activation-derivative"),
    (SAMPLES, "steep = squash(outputs[-k]) * (1 - squash(outputs[-k]))", "steep = 1 - squash(outputs[-k])", ""),
    (ADJOINT, "lam = lam + dt * by_state.T @ lam", "lam = lam + dt * by_state @ lam", "transposed"),
    (ADJOINT, "lam = lam + dt * by_state.T @ lam", "lam = lam * 1.0", ""),
    (
        ADJOINT,
        "by_state = np.array([[0.0, 1.0], [-k, -3 * c * v**2]])",
        "by_state = np.array([[0.0, 1.0], [-k, 0.0]])",
        "",
    ),
    (PENALTY, "dW += 0.1 * W", "dW += 0.0 * W", "regulariser-missing"),
    (PENALTY, "d /= 12", "d /= 1", ""),
]


@pytest.mark.parametrize("text", [SAMPLES, ADJOINT, PENALTY], ids=["samples", "adjoint", "penalty"])
def test_a_right_program_passes(text: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)
    assert not blamed(report)


@pytest.mark.parametrize(("text", "right", "wrong", "slug"), CASES, ids=[case[2] for case in CASES])
def test_the_wrong_line_alone_is_named(text: str, right: str, wrong: str, slug: str, tmp_path: Path) -> None:
    planted_text, line = planted(text, right, wrong)
    report = checked(tmp_path, planted_text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}, str(report)
    assert not slug or report.findings[0].slug == slug


def test_the_constant_that_is_missing_is_the_repair(tmp_path: Path) -> None:
    report = checked(tmp_path, planted(PENALTY, "dW += 0.1 * W", "dW += 0.0 * W")[0])
    assert "Write: dW += 0.1 * W\n" in report.findings[0].fix
    text, _ = planted(PENALTY, "dW = x.T @ d\n    dW += 0.1 * W", "dW = 6 * x.T @ d + 0.1 * W")
    report = checked(tmp_path, text)
    assert "Write: dW = " in report.findings[0].fix


@pytest.mark.parametrize(
    ("text", "constant", "slug", "written"),
    [
        ("X.T @ r", 1 / 25, "mean-sum", "X.T @ r / 25"),
        ("a + b", 2.0, "constant-factor", "2 * (a + b)"),
        ("f(x)", 0.5, "constant-factor", "f(x) / 2"),
        ("f(x)", -1.0, "", ""),
        ("0.0 * W", 0.01, "regulariser-missing", "0.01 * W"),
        ("a", 1.2345678, "", ""),
    ],
)
def test_a_constant_is_written_as_a_person_does(text: str, constant: float, slug: str, written: str) -> None:
    assert with_constant(text, constant) == (slug, written)
