"""A line through a point: the loss as a function of one real number, φ(t) = loss(point + t·v)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradcheck.probes.evaluator import Evaluator
from gradcheck.subjects.spaces import space
from gradcheck.subjects.spaces.space import Contribution, Direction, Vector


@dataclass(frozen=True, slots=True)
class Line:
    """φ(t) = loss(point + t·v), and the slope g·v that is claimed for it at 0.

    Attributes
    ----------
    evaluator : Evaluator
    point : tuple of array
    direction : Direction
        v, with what each block contributes to the claimed slope.
    loss : callable or None
        Another loss than that of the subject.
    """

    evaluator: Evaluator
    point: Vector
    direction: Direction
    loss: Callable[[Vector], float] | None = None

    def __call__(self, steps: Sequence[float]) -> list[float]:
        """Loss at several steps; NaN where it raises, for then the step has left its domain."""
        step = self.evaluator.subject.space.step
        points = (step(self.point, self.direction, t) for t in steps)
        return self.evaluator.losses_at(points, len(steps), self.loss)

    def contribution(self, block: int) -> Contribution:
        """What a block that moves along this line contributes to the claimed slope."""
        return space.contribution(self.direction, block)

    @property
    def claimed(self) -> float:
        """The claimed slope."""
        return self.direction.slope

    @property
    def rounding(self) -> float:
        """How far the claimed slope may be off because the claim is rounded to its type."""
        return space.rounding(self.direction)

    @property
    def norm(self) -> float:
        """Root of the sum of squares of what every entry contributes to the claimed slope."""
        return space.norm(self.direction)

    @property
    def small(self) -> float:
        """What one small entry contributes: the least over all blocks that are not zero; 0 if all are."""
        return space.small(self.direction)

    def __str__(self) -> str:
        subject = self.evaluator.subject
        moved = ", ".join(subject.blocks[b].name for b in subject.space.moved(self.direction))
        return f"line through {subject.name} along {moved}: claimed slope {self.claimed:.6g}"
