"""Gradients computed with parameters that the same step has updated already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.scripts.graph.dataflow import Base, Flow
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.replay.step import Trace

Array = NDArray[Any]

#: Values that differ by more than this part of themselves have read what was updated.
DIFFER = 1e-9


@dataclass(frozen=True)
class Stale:
    """A line that reads updated parameters, and what is wrong because of it.

    Attributes
    ----------
    node : Node
        The first value that comes out different if updates do nothing.
    names : tuple of str
        Of the parameters whose gradients are made of it.
    """

    node: Node
    names: tuple[str, ...]

    def finding(self) -> Finding:
        """What is to be told of it."""
        mistake, site = BY_SLUG["stale-weights"], self.node.site
        return Finding(
            mistake.code,
            mistake.slug,
            self.node.label,
            f"line {site.line}: {site.text} reads parameters that were updated before, in the same step",
            "held against the same line with all updates left out, which gives another value; wrong because of it: "
            + ", ".join(self.names),
            "Compute all gradients first, and update the parameters after that.",
            site.file,
            site.line,
        )


def stale(flow: Flow, real: Trace, base: Base, parameters: Sequence[Parameter], forward: set[int]) -> list[Stale]:
    """Lines of the backward pass that read updated parameters.

    Parameters
    ----------
    real : Trace
        Of the step as it is, with its updates.
    base : Base
        The same point with updates that do nothing.

    Returns
    -------
    list of Stale
        Empty as well where the forward pass is computed again from updated parameters: steps that follow each other.
    """
    updates = {n.index for p in parameters for n in p.updates}
    backward = sorted(flow.ancestors([p.claim.index for p in parameters], stop=updates) - updates)

    def differs(node: Node) -> bool:
        old, new = base.value(node), node.read(lambda event: real.events[event].value)
        return bool(np.abs(new - old).max(initial=0.0) > DIFFER * np.abs(old).max(initial=0.0))

    changed = {i for i in backward if differs(flow.nodes[i])}
    first = [i for i in changed if not (flow.ancestors([i], stop=updates) - {i}) & changed]
    if any(i in forward or _computed_again(flow, base, i) for i in first):
        return []
    found = []
    for i in sorted(first):
        below = flow.descendants([i])
        names = tuple(p.name for p in parameters if p.claim.index in below and p.claim.index in changed)
        if names:
            found.append(Stale(flow.nodes[i], names))
    return found


def _computed_again(flow: Flow, base: Base, index: int) -> bool:
    """Whether a value is one that was there before, computed once more."""
    node = flow.nodes[index]
    value = base.value(node)
    same = (other for other in flow.nodes[:index] if other.shape == node.shape and node.size > 1)
    return any(np.array_equal(base.value(other), value) for other in same)
