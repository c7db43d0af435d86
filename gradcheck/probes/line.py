"""A line through a point: the loss as a function of one real number, φ(t) = loss(point + t·v)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gradcheck.probes.evaluator import Evaluator
from gradcheck.subjects.spaces.space import ClaimedSlope, Contribution, Direction, Vector, claimed_slope


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
    claimed : ClaimedSlope
    """

    evaluator: Evaluator
    point: Vector
    direction: Direction
    loss: Callable[[Vector], float] | None = None
    claimed: ClaimedSlope = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "claimed", claimed_slope(self.direction))

    def __call__(self, steps: Sequence[float]) -> list[float]:
        """Loss at several steps; NaN where it raises, for then the step has left its domain."""
        return self.evaluator.losses_along(self.point, self.direction, steps, self.loss)

    def contribution(self, block: int) -> Contribution:
        """What a block that moves along this line contributes to the claimed slope."""
        found = self.direction.contributions[block]
        assert found is not None, "the line does not move this block"
        return found

    def __str__(self) -> str:
        subject = self.evaluator.subject
        moved = ", ".join(subject.blocks[b].name for b in subject.space.moved(self.direction))
        return f"line through {subject.name} along {moved}: claimed slope {self.claimed.value:.6g}"
