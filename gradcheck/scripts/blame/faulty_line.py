"""A line that is located as faulty."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck.scripts.chain_rule.pairs import AdjointPair
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.events import SourceLocation


@dataclass(frozen=True, eq=False)
class FaultyLine:
    """A line of the backward pass that is wrong.

    Attributes
    ----------
    pair : AdjointPair
    node : Node
        The value that the line computes: the adjoint, or a term of it.
    constant : float or None
        The constant that it is wrong by, if by no more than a constant.
    executions : tuple of Node
        What the line computes wrongly each time that it is executed.
    used_at : SourceLocation or None
        The line that uses the value, if that is the faulty one.
    """

    pair: AdjointPair
    node: Node
    constant: float | None = None
    executions: tuple[Node, ...] = ()
    used_at: SourceLocation | None = None

    @property
    def location(self) -> SourceLocation:
        """Where the fault is: the line that uses the value, or gave it the wrong name, or computes it."""
        if self.used_at is not None:
            return self.used_at
        if self.pair.reassigned and self.node is self.pair.node:
            others = [location for location in self.node.renamed_at if location.target.isidentifier()]
            return others[-1] if others else self.node.location
        return self.node.location
