"""A line through a subject: the loss as a function of one real number, and the slope that is claimed for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from gradcheck.errors import GradcheckError
from gradcheck.probes.budget import Effort
from gradcheck.probes.direction import Direction, Share
from gradcheck.subjects.subject import Point, Subject


@dataclass(frozen=True, slots=True)
class Ray:
    """φ(t) = loss(point + t·v).

    Attributes
    ----------
    subject : Subject
    point : tuple of ndarray
    direction : Direction
        v, with the claimed slope g·v.
    effort : Effort
    """

    subject: Subject
    point: Point
    direction: Direction
    effort: Effort

    def __call__(self, steps: Sequence[float]) -> list[float]:
        """Loss at several steps; NaN where it raises, for then the step has left its domain."""
        self.effort.spend(losses=len(steps))
        points = (self.direction.from_point(self.point, step) for step in steps)
        return list(self.effort.map(partial(_loss, self.subject), points))

    def share(self, block: int) -> Share:
        """What a block that this ray moves contributes to the claimed slope."""
        found = self.direction.shares[block]
        assert found is not None, "the ray does not move this block"
        return found

    @property
    def claim(self) -> float:
        """The claimed slope."""
        return self.direction.slope

    @property
    def rounding(self) -> float:
        """How far the claim may be off because it is rounded to its type."""
        return math.hypot(*(share.rounding for share in self.direction.shares if share is not None))

    @property
    def norm(self) -> float:
        """Root of the sum of squares of what every entry contributes to the claimed slope."""
        return math.hypot(*(share.norm for share in self.direction.shares if share is not None))

    @property
    def small(self) -> float:
        """What one small entry contributes: the least over all blocks that are not zero; 0 if all are."""
        smalls = [share.small for share in self.direction.shares if share is not None and not share.zero]
        return min(smalls, default=0.0)

    def __str__(self) -> str:
        moved = [b.name for b, v in zip(self.subject.blocks, self.direction.arrays, strict=True) if v is not None]
        return f"ray through {self.subject.name} along {', '.join(moved)}: claimed slope {self.claim:.6g}"


def _loss(subject: Subject, point: Point) -> float:
    try:
        return subject.loss(point)
    except GradcheckError:
        raise
    except Exception:
        return math.nan
