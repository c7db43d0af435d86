"""Updates of state variables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gradcheck.scripts.graph.dataflow import DataflowGraph
from gradcheck.scripts.graph.updates import Update, changed_variables, find_updates, suppress
from tests.scripts.planted import captured
from tests.scripts.samples import LINEAR, LINEAR_HEAD


def found(folder: Path, text: str) -> tuple[DataflowGraph, list[Update]]:
    step = captured(folder, text)
    graph = DataflowGraph(step, step.prepare(), np.random.default_rng(0))
    return graph, find_updates(graph, changed_variables(graph))


def test_a_velocity_is_not_updated_but_added(tmp_path: Path) -> None:
    text = LINEAR.replace("for i", "v = np.zeros(3)\nfor i").replace(
        "w -= 0.1 * g", "v = 0.9 * v - 0.1 * g\n    w = w + v"
    )
    assert [update.variable.name for update in found(tmp_path, text)[1]] == ["w"]


def test_what_is_replaced_is_changed_but_not_updated(tmp_path: Path) -> None:
    graph, updates = found(tmp_path, LINEAR.replace("for i", "r = np.zeros(12)\nfor i"))
    assert {variable.name for variable in changed_variables(graph)} == {"r", "w"}
    assert [update.variable.name for update in updates] == ["w"]


def test_only_the_row_that_is_updated_is_a_parameter(tmp_path: Path) -> None:
    text = LINEAR_HEAD + (
        "U = rng.standard_normal((4, 3))\nfor u in [2]:\n    r = x @ U[u] - y\n    loss = 0.5 * np.sum(r**2)\n"
        "    U[u] -= 0.1 * (x.T @ r)\n"
    )
    (update,) = found(tmp_path, text)[1]
    assert (update.variable.part, update.variable.value.shape) == (True, (1, 3))


def test_suppressed_updates_leave_the_old_values(tmp_path: Path) -> None:
    graph, updates = found(tmp_path, LINEAR + "    after = 1.0 * w\n")
    (node,) = (node for node in graph.nodes if "after" in node.names)
    base = replace(graph.base, suppressed=suppress(graph.base, updates))
    old = graph.base.trace.before["w",].value
    for updating, expected in ((False, old), (True, graph.base.value(node))):
        (seen,) = base.run([node], updating=updating) or []
        np.testing.assert_array_equal(seen, expected)
