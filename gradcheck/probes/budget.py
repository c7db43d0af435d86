"""What a check has spent, and may spend."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

#: Called with the evaluations of the loss so far and what is being done.
Progress = Callable[[int, str], None]

#: Like the built-in `map`.
Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


@dataclass(slots=True)
class Effort:
    """Counts evaluations.

    Attributes
    ----------
    budget : int
        Evaluations of the loss that may be spent; when it is used up, what is still open stays undecided.
    losses, gradients : int
        Evaluations so far.
    progress : callable, optional
        Told after each evaluation.
    stage : str
        What is being done, for `progress`.
    map : callable
        Like the built-in: evaluates a function at several points, perhaps in parallel.
    brief : bool
        Only the verdict is wanted: once it is certain that the gradient is wrong, nothing more is looked for.
    """

    budget: int
    progress: Progress | None = None
    losses: int = 0
    gradients: int = 0
    stage: str = "all blocks together"
    map: Map = map
    brief: bool = False

    def spend(self, losses: int = 0, gradients: int = 0) -> None:
        """Count evaluations and tell who listens."""
        self.losses += losses
        self.gradients += gradients
        if self.progress is not None:
            self.progress(self.losses, self.stage)

    @property
    def left(self) -> int:
        """Evaluations of the loss that are left."""
        return max(self.budget - self.losses, 0)
