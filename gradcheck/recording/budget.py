"""The work that one search for lines may do: counted in recorded operations, and the same on any machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from gradcheck.recording.graph import Graph
from gradcheck.recording.settings import RECORDING


@dataclass
class Budget:
    """Work that is left.

    Attributes
    ----------
    left : float
        In operations. The last thing that is done may make it negative.
    """

    left: float

    def spend(self, work: float) -> None:
        """Count some work."""
        self.left -= work

    @contextmanager
    def reserving(self, work: float) -> Iterator[None]:
        """While it lasts, some work is held back for what follows."""
        self.left -= work
        try:
            yield
        finally:
            self.left += work

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0.0


@dataclass(frozen=True)
class Costs:
    """What one call of each of the author's functions costs.

    Attributes
    ----------
    loss, gradient : float
        In operations.
    """

    loss: float
    gradient: float

    @classmethod
    def of(cls, graph: Graph) -> Costs:
        """The costs of the calls that were recorded.

        An operation on a large array counts as several, in proportion to the entries that it reads and makes.
        """
        found = [1.0, 1.0]
        for value in graph.values:
            if value.function is not None:
                entries = sum(np.size(graph.values[i].array) for i in value.inputs) + np.size(value.array)
                found[value.phase] += 1.0 + entries / RECORDING.entries_of_operation
        return cls(*found)

    def budget(self, losses: int, gradients: int) -> Budget:
        """What a search may do after so many calls: a multiple of what they did, or a fixed amount if that is more."""
        spent = losses * self.loss + gradients * self.gradient
        return Budget(max(RECORDING.least_work, RECORDING.most_work * spent))
