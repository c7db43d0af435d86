"""Which value depends directly on which other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gradcheck.scripts.graph.dataflow import DataflowGraph, random_direction
from tests.scripts.planted import captured
from tests.scripts.samples import TWO_LAYERS


def measured(folder: Path) -> DataflowGraph:
    step = captured(folder, TWO_LAYERS)
    graph = DataflowGraph(step, step.prepare(), np.random.default_rng(0))
    graph.find_successors()
    return graph


def index(graph: DataflowGraph, name: str) -> int:
    return next(node.index for node in graph.nodes if name in node.names)


def test_a_value_depends_directly_on_what_its_line_reads(tmp_path: Path) -> None:
    graph = measured(tmp_path)
    labels = {graph.nodes[i].label for i in graph.predecessors[index(graph, "dz")]}
    assert labels == {"dh", "h"}
    assert index(graph, "out") in graph.successors[index(graph, "h")]
    assert index(graph, "loss") not in graph.successors[index(graph, "h")]


def test_ancestors_and_descendants(tmp_path: Path) -> None:
    graph = measured(tmp_path)
    loss, z, out, h = (index(graph, name) for name in ("loss", "z", "out", "h"))
    assert {z, h, out, loss} <= graph.ancestors([loss])
    assert z not in graph.ancestors([loss], stop=[h])
    assert index(graph, "dW1") in graph.descendants([z])
    assert index(graph, "dW2") not in graph.descendants([index(graph, "dh")])


def test_what_depends_on_a_state_variable(tmp_path: Path) -> None:
    graph = measured(tmp_path)
    variable = graph.base.trace.before["b1",]
    shift, changes = graph.responses_to(variable)
    assert shift.shape == (4,)
    assert {graph.nodes[i].label for i in changes} == {"z", "b1"}


def test_a_base_point_reads_and_replays(tmp_path: Path) -> None:
    graph = measured(tmp_path)
    node = graph.nodes[index(graph, "out")]
    (same,) = graph.base.run([node]) or []
    np.testing.assert_array_equal(same, graph.base.value(node))
    other = replace(graph.base)
    assert graph.at(other).base is other
    assert graph.at(other).successors is graph.successors


def test_directions_have_the_size_of_a_value() -> None:
    rng = np.random.default_rng(0)
    direction = random_direction(np.full(1000, 3.0), rng)
    assert (np.abs(direction) >= 1.5).all()
    assert (np.abs(direction) <= 4.5).all()
    assert abs(np.sign(direction).mean()) < 0.2
    assert np.isfinite(random_direction(np.zeros(3), rng)).all()
