"""GC102: a constant is too many, or missing."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Moved, Scale, Variant, near

#: Constants to commit it with.
CONSTANTS = (2.0, 0.5, 3.0, -2.5, 1.1)


class ConstantFactor(Scale):
    """A constant times the right gradient."""

    code, slug = "GC102", "constant-factor"
    says = "a constant times the right gradient"
    fix = "Look for the factor in the loss: a square gives 2, a half takes it away; and for one that was applied twice."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """One for each constant that no count of the shapes explains."""
        counts = scene.subject.counts()
        if scene.claim[block].any():
            for k in CONSTANTS:
                if not any(near(abs(k), float(n) ** power, 1e-9) for n in counts for power in (1, -1)):
                    yield Moved(f"{k:g}", block, partial(np.multiply, k))

    def reads(self, factor: float, error: float, counts: dict[int, str]) -> str | None:
        """Any factor but 1."""
        if near(factor, 1.0, error) or error > 0.01 * abs(factor):
            return None
        simple = Fraction(factor).limit_denominator(12)
        exact = simple != 0 and simple.denominator > 1 and near(factor, float(simple), error)
        return f"{factor:.6g} times the right gradient" + (f" ({simple})" if exact else "")
