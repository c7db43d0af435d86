"""Points near the user's, where nothing is special, and whether a recorded loss has the slope measured there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.probes.evaluator import Evaluator
from gradcheck.recording.settings import RECORDING
from gradcheck.subjects.subject import Point, Subject


def point_near(subject: Subject, rng: np.random.Generator) -> Point:
    """Each entry of the user's point multiplied by a random factor, which keeps its sign; zeros become small numbers.

    Parameters
    ----------
    subject : Subject
    rng : numpy.random.Generator
    """
    moved = []
    for x in subject.point:
        factor = 1.0 + RECORDING.spread * rng.uniform(-1.0, 1.0, np.shape(x))
        noise = RECORDING.least_spread * rng.standard_normal(np.shape(x))
        moved.append(np.asarray(np.where(x == 0, noise, x * factor), dtype=x.dtype))
    return subject.representable(tuple(moved))


def is_whole(own: Evaluator, point: Point, gradient: Sequence[Any], rng: np.random.Generator) -> bool:
    """Whether all that the loss depends on was recorded: its slope along a line is the recorded one.

    Parameters
    ----------
    own : Evaluator
        Of the loss. Four evaluations.
    point : tuple of ndarray
    gradient : sequence of (ndarray or None)
        The recorded one; None for blocks that the loss was not seen to read.
    rng : numpy.random.Generator
    """
    h = RECORDING.stencil
    moves = [h * np.maximum(np.abs(x), 1e-300) * rng.standard_normal(np.shape(x)) for x in point]
    one, two = (
        own.loss(tuple(x + k * d for x, d in zip(point, moves, strict=True)))
        - own.loss(tuple(x - k * d for x, d in zip(point, moves, strict=True)))
        for k in (1.0, 2.0)
    )
    parts = [t * d for t, d in zip(gradient, moves, strict=True) if t is not None]
    size = float(np.sqrt(sum(np.sum(each**2) for each in parts)))
    return abs((8.0 * one - two) / 12.0 - float(sum(map(np.sum, parts)))) <= RECORDING.whole * size
