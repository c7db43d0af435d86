"""Gradients behind updates that clip or precondition them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.scripts.analysis import Analysis
from gradcheck.scripts.graph.preconditioners import Directions, Treatment
from tests.scripts.planted import analysed
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
