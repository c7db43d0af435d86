"""What is examined: a subject as a function of one vector, and how it is trained."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.finding import Finding
from gradcheck.subjects.subject import Subject
from gradcheck.training.doctor.backward_norms import Signal
from gradcheck.training.doctor.flat import Space
from gradcheck.training.doctor.units import Layer
from gradcheck.training.doctor.update_rule import Regimen

Array = NDArray[np.float64]

#: Steps that a training takes if nobody says how many.
PLANNED = 10_000


@dataclass(frozen=True)
class Weights:
    """A block that mixes the outputs of one layer into the inputs of the next.

    Attributes
    ----------
    block : int
    inputs, outputs : int
        Numbers that a unit is connected to on either side: fan-in and fan-out.
    rows : bool
        Whether inputs lie along the first axis.
    """

    block: int
    inputs: int
    outputs: int
    rows: bool


@dataclass
class Patient:
    """A loss, its gradient, and how its parameters are changed by it.

    Attributes
    ----------
    subject : Subject
    regimen : Regimen or None
        None where the update of a program was not understood.
    planned : int
        Steps that the training takes, or `PLANNED`.
    said : bool
        Whether somebody said so: the caller, or the program's loop.
    weights : tuple of Weights
        In the order of the forward pass.
    inputs : ndarray or None
        The samples, one a row, if they are numbers.
    observe : callable or None
        Hidden layers at a point.
    signals : callable or None
        Gradients that arrive at the layers, at a point.
    another : callable or None
        The parameters as the program draws them from another seed, if it draws them.
    both : callable or None
        Loss and gradient at a vector at once, where there is a shorter way than through the subject.
    suspicions : tuple of Finding
        About the update itself, seen while it was read.
    iterations : str
        What to say of the number of steps, in a report.
    losses, gradients : int
        Evaluated so far.
    """

    subject: Subject
    regimen: Regimen | None
    planned: int = PLANNED
    said: bool = False
    weights: tuple[Weights, ...] = ()
    inputs: Array | None = None
    observe: Callable[[Array], list[Layer]] | None = None
    signals: Callable[[Array], list[Signal]] | None = None
    another: Callable[[int], Array | None] | None = None
    both: Callable[[Array], tuple[float, Array]] | None = None
    suspicions: tuple[Finding, ...] = ()
    iterations: str = ""
    losses: int = 0
    gradients: int = 0
    space: Space = field(init=False)
    start: Array = field(init=False)

    def __post_init__(self) -> None:
        self.space = Space(self.subject.blocks)
        self.start = self.space.vector(self.subject.point)

    def loss(self, theta: Array) -> float:
        """Loss at a point, NaN where it cannot be had."""
        self.losses += 1
        if self.both is not None:
            found = self._quiet(self.both, theta)
            return float(found[0]) if isinstance(found, tuple) else math.nan
        return float(self._quiet(lambda x: self.subject.loss(self.space.point(x)), theta))

    def gradient(self, theta: Array) -> Array:
        """Gradient at a point."""
        self.gradients += 1
        if self.both is not None:
            found = self._quiet(self.both, theta)
            return np.asarray(found[1]) if isinstance(found, tuple) else np.full(self.space.size, np.nan)
        found = self._quiet(lambda x: self.subject.gradient(self.space.point(x)), theta)
        return self.space.vector(found) if isinstance(found, tuple) else np.full(self.space.size, np.nan)

    def _quiet(self, function: Callable[[Any], Any], theta: Array) -> Any:
        """Call the user's function where it may have no value: far from the start nobody has tried it."""
        if not np.isfinite(theta).all():
            return np.nan
        with np.errstate(all="ignore"):
            try:
                return function(theta)
            except Exception:  # the start has been evaluated; whatever is raised elsewhere is an edge of the domain
                return np.nan


def redrawn(patient: Patient, rng: np.random.Generator) -> Array:
    """Weights drawn anew at the size that they have."""
    theta = patient.start.copy()
    for weights in patient.weights:
        part = patient.space.part(theta, weights.block)
        part[...] = np.sqrt(np.mean(part**2)) * rng.standard_normal(part.shape)
    return theta
