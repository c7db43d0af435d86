"""What is worth a picture, measured: to be drawn by `gradcheck.training.doctor.plots`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.backward_norms import Signal
from gradcheck.training.doctor.gradient_flow import Escape
from gradcheck.training.doctor.measurements import Examination
from gradcheck.training.doctor.trajectory import Course
from gradcheck.training.doctor.trials import Trial
from gradcheck.training.doctor.units import Layer

Array = NDArray[np.float64]

#: Points of a slice on either side.
POINTS = 60


@dataclass(frozen=True)
class Slice:
    """The loss along a line through a point.

    Attributes
    ----------
    name : str
    distances, losses : ndarray
    here : float
        The loss at distance 0.
    curvature : float
        Along the line.
    step : float or None
        How far a step of the training goes along it.
    """

    name: str
    distances: Array
    losses: Array
    here: float
    curvature: float
    step: float | None


@dataclass(frozen=True)
class Pictures:
    """All that is drawn.

    Attributes
    ----------
    title : str
    course : Course
    trials : tuple of Trial
    level : float or None
        Loss of a constant answer, and its name.
    signals : tuple of Signal
    layers : tuple of Layer
    slices : tuple of Slice
    way : Escape or None
        The way out along the gradient flow, where it was asked for.
    rate : float or None
    """

    title: str
    course: Course
    trials: tuple[Trial, ...]
    level: tuple[float, str] | None
    signals: tuple[Signal, ...]
    layers: tuple[Layer, ...]
    slices: tuple[Slice, ...]
    way: Escape | None
    rate: float | None


def pictures(examination: Examination, trials: Sequence[Trial], title: str) -> Pictures:
    """Measure what is still missing."""
    patient, level = examination.patient, examination.chance
    walked = "escape" in vars(examination)
    return Pictures(
        title,
        examination.course,
        tuple(trials),
        None if level is None else (level.level, level.name),
        tuple(examination.signals),
        tuple(examination.layers),
        tuple(_slices(examination)),
        examination.escape if walked else None,
        None if patient.regimen is None else patient.regimen.effective,
    )


def _slices(examination: Examination) -> list[Slice]:
    """Along the gradient at the start, and along the most negative curvature where the course ended."""
    patient, found = examination.patient, []
    size = float(np.linalg.norm(examination.gradient))
    bend = examination.curvature
    if size > 0 and bend is not None:
        rate = None if patient.regimen is None else patient.regimen.step * size
        reach = max(2 / bend.along * size if bend.along > 0 else 0.0, 4 * (rate or 0.0), 1e-3)
        name = "along the negative gradient, at the start"
        found.append(_slice(examination, patient.start, -examination.gradient / size, reach, name, bend.along, rate))
    late = examination.late_curvature
    if late is not None and late.lowest < 0:
        reach = 2 * max(float(np.linalg.norm(examination.course.last)), 1.0)
        name = "along the most negative curvature, where the course ended"
        found.append(_slice(examination, examination.course.last, late.down, reach, name, late.lowest, None))
    return found


def _slice(
    examination: Examination,
    theta: Array,
    direction: Array,
    reach: float,
    name: str,
    bend: float,
    step: float | None,
) -> Slice:
    distances = reach * np.linspace(-1, 1, 2 * POINTS + 1)
    losses = np.array([examination.patient.loss(theta + t * direction) for t in distances])
    return Slice(name, distances, losses, examination.patient.loss(theta), bend, step)
