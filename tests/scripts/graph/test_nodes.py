"""Nodes can be read, set and shifted."""

from __future__ import annotations

import numpy as np

from gradcheck.scripts.graph.nodes import Node, nodes_of
from gradcheck.scripts.instrument.events import Event, Kind, SourceLocation


def location(line: int, target: str, kind: Kind = Kind.ASSIGN, function: str = "") -> SourceLocation:
    return SourceLocation(line, "f.py", line, 0, target, function, target, kind)


def written(container: np.ndarray, keys: list[object]) -> list[Event]:
    """One event for each write of one line to parts of an array."""
    where = location(1, "a[i]")
    return [
        Event(i, where, np.array(float(i + 1)), {"a[i]": where}, container=container, key=key)
        for i, key in enumerate(keys)
    ]


def test_writes_to_one_array_are_one_node_unless_one_changes_a_later_one() -> None:
    events = written(np.zeros(3), [0, 1, 2])
    (node,) = nodes_of(events, lambda _: False)
    assert (node.shape, node.label) == ((3,), "a")
    np.testing.assert_array_equal(node.read(lambda e: events[e].value), [1, 2, 3])
    assert len(nodes_of(events, lambda _: True)) == 3


def test_an_entry_that_is_written_twice_gets_its_value_last() -> None:
    events = written(np.zeros(2), [0, 1, 0])
    (node,) = nodes_of(events, lambda _: False)
    actions = node.set_to(np.array([10.0, 20.0]))
    values = {e: np.asarray(action(events[e].value)) for e, action in actions.items()}
    np.testing.assert_array_equal(node.read(values.__getitem__), [10, 20])
    assert values[0] == 1.0  # overwritten later, so it stays


def test_a_line_with_many_values_is_one_node() -> None:
    where = location(1, "s")
    events = [Event(i, where, np.array(float(i)), {"s": where}) for i in range(400)]
    (node,) = nodes_of(events, lambda _: False)
    assert node.shape == (400,)


def test_names_of_expressions_are_no_labels() -> None:
    node = Node(0, (0,), location(1, "x"), {"np.dot(a, b)": location(1, "x"), "z": location(2, "z")}, (2,))
    assert node.label == "z"
    assert node.is_named
    assert not Node(0, (0,), location(1, "x"), {"a + b": location(1, "x")}, (2,)).is_named
