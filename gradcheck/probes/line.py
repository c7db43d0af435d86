"""A line through a point: the loss as a function of one real number, φ(t) = loss(point + t·v)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
    known : mapping of float to float
        Steps at which the loss is known already.
    claimed : ClaimedSlope
    """

    evaluator: Evaluator
    point: Vector
    direction: Direction
    loss: Callable[[Vector], float] | None = None
    known: Mapping[float, float] = field(default_factory=dict)
    claimed: ClaimedSlope = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "claimed", claimed_slope(self.direction))

    def __call__(self, steps: Sequence[float]) -> list[float]:
        """Loss at several steps; NaN where it raises, for then the step has left its domain."""
        fresh = [step for step in steps if step not in self.known]
        found = self.evaluator.losses_along(self.point, self.direction, fresh, self.loss) if fresh else []
        values = dict(zip(fresh, found, strict=True)) if self.known else {}
        return [self.known.get(step, values.get(step, math.nan)) for step in steps] if self.known else found

    def fresh(self) -> Line:
        """The same line, with nothing known: each value is evaluated."""
        return replace(self, known={}) if self.known else self

    def contribution(self, block: int) -> Contribution:
        """What a block that moves along this line contributes to the claimed slope."""
        found = self.direction.contributions[block]
        assert found is not None, "the line does not move this block"
        return found

    def __str__(self) -> str:
        subject = self.evaluator.subject
        moved = ", ".join(subject.blocks[b].name for b in subject.space.moved(self.direction))
        return f"line through {subject.name} along {moved}: claimed slope {self.claimed.value:.6g}"
