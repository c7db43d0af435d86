"""A loss whose solvers stop later than the user's: how much of a gap their tolerance makes can be measured with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gradcheck.differences.settings import EPSILON
from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.point import LossNoise, PointData, point_data
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES
from gradcheck.tracebacks import pass_on_signal


@dataclass(frozen=True, slots=True)
class TightenedLoss:
    """Loss and claimed gradient with smaller tolerances of the solvers inside.

    Attributes
    ----------
    evaluator : Evaluator
        Of a subject that differs from the user's in these tolerances alone.
    complete : bool
        Whether nothing else in the loss is known to be more than rounding off.
    """

    evaluator: Evaluator
    complete: bool

    def at(self, prober: Prober) -> Prober | None:
        """A prober of it at the same point; None where it has the same loss and claim, or they cannot be computed."""
        data, space, evaluator = prober.data, prober.subject.space, self.evaluator
        if evaluator.left < PROBES.detail_cost or not data.noise.steady:
            return None
        try:
            value, claim = evaluator.loss(space.copy(data.point)), evaluator.gradient(space.copy(data.point))
        except Exception as error:
            pass_on_signal(error)
            return None
        if not math.isfinite(value) or any(space.not_finite(array) for array in claim):
            return None
        there = point_data(
            evaluator.subject,
            data.place,
            data.point,
            value,
            claim,
            data.rtol,
            noise=LossNoise(),
            known=data.scaling,
            cancelled=data.cancelled,
        )
        moved = abs(value - data.value) > PROBES.clear * EPSILON * abs(value)
        return Prober(there, evaluator, prober.rng).with_measured_noise() if moved or _differs(there, data) else None


def _differs(one: PointData, other: PointData) -> bool:
    """Whether two claims differ by more than rounding."""
    space = one.subject.space
    pairs = zip(one.claim, other.claim, strict=True)
    return any(space.difference(a, b) > PROBES.clear * EPSILON * space.norm(b) for a, b in pairs)
