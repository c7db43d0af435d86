"""A corpus of losses with exact gradients, conditions to put them under, and mistakes to plant in them."""

from __future__ import annotations

from functools import cache

from benchmarks.corpus import (
    convolution,
    elementwise,
    linear_algebra,
    losses,
    models,
    networks,
    normalisation,
    optimisation,
    reductions,
    sequences,
)
from benchmarks.corpus.problem import Problem

__all__ = ["Problem", "problems"]


@cache
def problems() -> tuple[Problem, ...]:
    """Return every problem of the corpus."""
    return (
        *elementwise.problems(),
        *reductions.problems(),
        *linear_algebra.problems(),
        *convolution.problems(),
        *normalisation.problems(),
        *losses.problems(),
        *networks.problems(),
        *sequences.problems(),
        *optimisation.problems(),
        *models.problems(),
    )
