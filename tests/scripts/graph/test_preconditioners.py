"""Gradients behind updates that clip or precondition them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.scripts.analysis import Analysis
from gradcheck.scripts.graph.preconditioners import Bounds, Directions, Treatment, common_bounds
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import analysed, blamed, checked, planted
from tests.scripts.samples import LINEAR


def with_update(folder: Path, update: str, value: str = "x.T @ r") -> Analysis:
    return analysed(folder, LINEAR.replace("w -= 0.1 * g", update).replace("g = x.T @ r", f"q = {value}"))


@pytest.mark.parametrize("value", ["x.T @ r", "x.T @ r**3"])
def test_a_clipped_gradient_whether_it_is_right_or_not(tmp_path: Path, value: str) -> None:
    found = with_update(tmp_path, "c = q / max(1.0, np.linalg.norm(q))\n    w -= 0.1 * c", value)
    assert [t.treatment for t in found.treated] == [Treatment.SCALED]
    assert found.parameters[0].claim.label == "q"


@pytest.mark.parametrize("value", ["x.T @ r", "x.T @ r**3"])
@pytest.mark.parametrize(
    "update",
    [
        "s = np.linalg.solve(x.T @ x + np.eye(3), q)\n    w -= 0.1 * s",
        "K = np.linalg.inv(x.T @ x + np.eye(3))\n    w -= 0.1 * K @ q",
    ],
)
def test_a_newton_step(tmp_path: Path, update: str, value: str) -> None:
    found = with_update(tmp_path, update, value)
    assert [t.treatment for t in found.treated] == [Treatment.PRECONDITIONED]
    assert found.parameters[0].claim.label == "q"


def test_a_constant_or_an_added_term_is_the_gradients_own_error(tmp_path: Path) -> None:
    for update in ("c = 3.0 * q\n    w -= 0.1 * c", "c = q + 1.0\n    w -= 0.1 * c"):
        assert with_update(tmp_path, update).treated == ()


def test_values_that_are_multiples_of_each_other_are_near(tmp_path: Path) -> None:
    text = "c = -3.0 * q\n    e = q + 1.0\n    w -= 0.1 * c"
    found = with_update(tmp_path, text)
    directions = Directions(found.graph, found.bases)
    nodes = {node.label: node for node in found.graph.nodes}
    near = directions.near(nodes["c"])
    assert {nodes["q"].index, nodes["c"].index} <= near
    assert nodes["e"].index not in near
    assert directions.solving == set()


CLIPPED = """\
import numpy as np

rng = np.random.default_rng(0)
X, y = rng.normal(size=(20, 5)), rng.normal(size=(20, 3))
W, b = 0.5 * rng.normal(size=(5, 6)), np.zeros(6)
V, c = 0.5 * rng.normal(size=(6, 3)), np.zeros(3)
for step in range(200):
    h = np.tanh(X @ W + b)
    r = h @ V + c - y
    loss = np.sum(r**2)
    dr = 2 * r
    dV = h.T @ dr
    dc = dr.sum(axis=0)
    dz = (dr @ V.T) * (1 - h**2)
    dW = X.T @ dz
    db = dz.sum(axis=0)
    {clip}
    W -= 0.001 * {dW}
    b -= 0.001 * {db}
    V -= 0.001 * {dV}
    c -= 0.001 * {dc}
"""

NAMES = ("dW", "db", "dV", "dc")

#: How the entries are kept between bounds. In the last parameter all of them are beyond, so that nothing depends on it.
CLIPS = {
    "in place": "for d in (dW, db, dV, dc): np.clip(d, -5, 5, out=d)",
    "in a comprehension": "dW, db, dV, dc = [np.clip(d, -5, 5) for d in (dW, db, dV, dc)]",
    "by two functions": "dW, db, dV, dc = (np.maximum(np.minimum(d, 5), -5) for d in (dW, db, dV, dc))",
    "by a choice": "dW, db, dV, dc = (np.where(abs(d) > 5, 5 * np.sign(d), d) for d in (dW, db, dV, dc))",
    "by masks": "for d in (dW, db, dV, dc): d[d > 5] = 5; d[d < -5] = -5",
    "with other bounds": "dW, db, dV, dc = [np.clip(d, -3, 7) for d in (dW, db, dV, dc)]",
    "in the update": "",
}


def with_clip(how: str) -> str:
    written = {name: f"np.clip({name}, -5, 5)" if how == "in the update" else name for name in NAMES}
    return CLIPPED.format(clip=CLIPS.get(how, how) or "pass", **written)


@pytest.mark.parametrize("how", CLIPS)
def test_a_right_gradient_that_is_kept_between_bounds(how: str, tmp_path: Path) -> None:
    report = checked(tmp_path, with_clip(how))
    assert report.verdict is Verdict.PASS, str(report)
    assert str(report).count("is clipped before the update") == 4
    assert blamed(report) == set()


@pytest.mark.parametrize("how", CLIPS)
@pytest.mark.parametrize("wrong", ["(1 - h)", "(1 + h**2)"])
def test_a_wrong_one(how: str, wrong: str, tmp_path: Path) -> None:
    text, line = planted(with_clip(how), "(1 - h**2)", wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}
    assert [report.blocks[name].verdict for name in ("V", "c")] == [Verdict.PASS] * 2


@pytest.mark.parametrize(
    "how",
    [
        "dW = np.maximum(dW, 0)",
        "dW = np.where(dW > 5, 0, dW)",
        "dz = np.clip(dz, -1, 1); dW = X.T @ dz; db = dz.sum(axis=0)",
        "dW = np.clip(dW, -5, 5) + 0.1 * dW",
        "dW[:, 0] = 5",
    ],
)
def test_what_else_happens_to_a_gradient_is_its_error(how: str, tmp_path: Path) -> None:
    report = checked(tmp_path, with_clip(how))
    assert report.blocks["W"].verdict is Verdict.FAIL, str(report)
    assert "is clipped before the update" not in str(report)


def test_bounds_of_one_parameter_are_those_of_others() -> None:
    one, other = Bounds(-5.0, 3.2, 0.1), Bounds(-4.0, 5.0, 0.1)
    assert common_bounds([]) == []
    assert common_bounds([one, other]) == [Bounds(-5.0, 5.0, 0.1)]
    assert common_bounds([one]) == [one, Bounds(-5.0, 5.0, 0.1)]
