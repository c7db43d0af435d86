"""Derivatives of the penalties λ/2 Σ w² and λ Σ |w|: terms that a gradient lacks, or wrongly has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import AdditiveTerm


def penalty_terms(context: Context, block: int, sign: int) -> Iterator[AdditiveTerm]:
    """Yield the derivatives of both penalties for a block of a whole model; sign is −1 where they are missing.

    The second one is left out if all entries have the same size: both terms are the same then, up to λ.
    """
    point = context.point[block]
    if context.view is None and point.any():
        yield AdditiveTerm("λ w", point, sign, block)
        if (np.abs(point) != np.abs(point).flat[0]).any():
            yield AdditiveTerm("λ sign(w)", np.sign(point), sign, block)


def with_strength(description: str, detail: str, strength: float) -> str:
    """Describe a penalty with its fitted strength λ."""
    return f"{description}: {detail} with λ = {strength:.6g}"
