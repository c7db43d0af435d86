"""One reverse sweep: the adjoint of every value, and what each use of a value contributes to it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.recording.graph import Graph
from gradcheck.recording.rules import pulled_back


@dataclass
class Adjoints:
    """What a sweep has found.

    Attributes
    ----------
    of : dict of int to ndarray
        The derivative of what was seeded with respect to each value.
    uses : list of (int, int, ndarray)
        The contribution of each use: the value that uses, the one that is used, and the part of its adjoint.
    measured : bool
        Whether an operation without a rule was measured, which leaves an error of differences.
    """

    of: dict[int, Any] = field(default_factory=dict)
    uses: list[tuple[int, int, Any]] = field(default_factory=list)
    measured: bool = False


def adjoints(graph: Graph, seeds: Mapping[int, Any], within: set[int], ends: Container[int] = ()) -> Adjoints:
    """Sweep from some values to what they are made of.

    Parameters
    ----------
    graph : Graph
    seeds : dict of int to ndarray
        Cotangents of these values.
    within : set of int
        Only these values get an adjoint.
    ends : container of int
        What these are made of gets nothing from them.

    Raises
    ------
    NoRule
        If an operation has no rule and is too large to be measured.
    """
    found = Adjoints({each: np.asarray(seed) for each, seed in seeds.items()})
    for number in sorted(within.union(seeds), reverse=True):
        value = graph.values[number]
        cotangent = found.of.get(value.id)
        if cotangent is None or value.function is None or value.id in ends:
            continue
        inner, measured = pulled_back(graph, value, cotangent, within)
        found.measured |= measured
        for each, part in inner.items():
            part = np.asarray(part)
            found.uses.append((value.id, each, part))
            found.of[each] = found.of[each] + part if each in found.of else part
    return found


def made_of(graph: Graph, start: set[int]) -> set[int]:
    """Some values and all that is made of them."""
    found = set(start)
    for value in graph.values:
        if value.id not in found and any(each in found for each in value.inputs):
            found.add(value.id)
    return found
