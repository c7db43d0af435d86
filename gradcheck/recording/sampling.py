"""Random states that a program draws with probabilities that it computes, as a Boltzmann machine does."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import numpy as np

from gradcheck.recording.graph import Graph
from gradcheck.recording.operations import COMPARE

#: Comparisons of arrays.
_COMPARISONS = tuple(rule for _, rule in COMPARE.values())


def sampled_states(graph: Graph, leaves: Iterable[int]) -> set[int]:
    """The values that are drawn with probabilities which some values make, or compared with what was drawn.

    Parameters
    ----------
    graph : Graph
    leaves : iterable of int
        The parameters.
    """
    made, drawn, found = set(leaves), set[int](), set[int]()
    for value in graph.values:
        active, random = _meets(value.inputs, made), _meets(value.inputs, drawn)
        if active:
            made.add(value.id)
        if _is_draw(value.function):
            drawn.add(value.id)
            found |= {value.id} if active else set()
        elif random:
            drawn.add(value.id)
            found |= {value.id} if active and value.function in _COMPARISONS else set()
    return found


def _meets(inputs: Iterable[int], known: Container[int]) -> bool:
    return any(i in known for i in inputs)


def _is_draw(function: Any) -> bool:
    """Whether a function is one of a random generator."""
    return isinstance(getattr(function, "__self__", None), (np.random.RandomState, np.random.Generator))
