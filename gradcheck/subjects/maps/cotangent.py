"""Random cotangents along which every output of a map matters about equally."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck.differences.settings import EPSILON
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.maps.settings import MAPS
from gradcheck.subjects.subject import Point, copied
from gradcheck.tracebacks import pass_on_signal

Vector = NDArray[np.float64]


def output_scales(subject: MapSubject, rng: np.random.Generator) -> Vector:
    """How far each output moves when all parameters move by their typical sizes, as measured and as claimed.

    The larger of the two counts, so that a row that is claimed to be zero, or far too large, is seen as well.
    """
    point = subject.point
    direction = tuple(_typical(x) * _random(x.shape, rng) for x in point)
    moved = _moved(subject, point, direction)
    value = np.abs(subject.at_point)
    if subject.claim.pushes:
        claimed = np.abs(subject.product(copied(point), direction))
        moved = np.maximum(moved, np.where(np.isfinite(claimed), claimed, 0.0))
    some = moved[moved > 0]
    median = float(np.median(some)) if some.size else 1.0
    scales = np.where(moved > 0, moved, median)
    some = value[value > 0]
    offset = float(np.median(scales[value > 0] / some)) / MAPS.offset_factor if some.size else 0.0
    return np.maximum(scales, np.maximum(offset * value, MAPS.least_part * median))


def random_cotangent(scales: Vector, rng: np.random.Generator) -> Vector:
    """Signs and magnitudes at random, divided by how far each output moves."""
    return np.asarray(_random(scales.shape, rng) / scales)


def _moved(subject: MapSubject, point: Point, direction: Point) -> Vector:
    for exponent in MAPS.step_exponents:
        step = 2.0**exponent
        try:
            ahead = subject.outputs_at(tuple(x + step * d for x, d in zip(point, direction, strict=True)))
            back = subject.outputs_at(tuple(x - step * d for x, d in zip(point, direction, strict=True)))
        except Exception as error:  # outside the domain
            pass_on_signal(error)
            continue
        change = np.abs(ahead - back)
        if np.isfinite(change).all():
            noise = MAPS.roundings * EPSILON * np.abs(subject.at_point)
            return np.asarray(np.where(change > noise, change / (2 * step), 0.0))
    return np.zeros(subject.outputs.size)


def _typical(x: NDArray[np.float64]) -> NDArray[np.float64]:
    sizes = np.abs(x)
    some = sizes[sizes > 0]
    return np.maximum(sizes, float(np.median(some)) if some.size else 1.0)


def _random(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    least, most = MAPS.magnitudes
    random = rng.uniform(-1.0, 1.0, shape)
    return np.asarray(np.copysign(least + (most - least) * np.abs(random), random))
