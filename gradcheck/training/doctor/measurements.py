"""All that is measured of a patient, each when it is first asked for."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.backward_norms import Signal
from gradcheck.training.doctor.baseline import Chance, chance
from gradcheck.training.doctor.curvature import Curvature, curvature
from gradcheck.training.doctor.gradient_flow import Escape, escape
from gradcheck.training.doctor.run import Patient, redrawn
from gradcheck.training.doctor.trajectory import Course, follow
from gradcheck.training.doctor.units import Layer

Array = NDArray[np.float64]

#: Steps of the patient's own training that are walked at most.
WALKED = 2_000

#: A loss that falls to this part goes down.
HALF = 0.5

#: A loss this small beside that of a constant answer is no illness, whatever it does next.
SOLVED = 0.05

#: A loss this near the one of a constant answer is at chance level.
NEAR = 0.01


class Examination:
    """Measurements of a patient.

    Parameters
    ----------
    patient : Patient
    rng : numpy.random.Generator
    """

    def __init__(self, patient: Patient, rng: np.random.Generator) -> None:
        self.patient, self._rng = patient, rng

    @property
    def loss(self) -> float:
        """At the start."""
        return self.course.start

    @cached_property
    def gradient(self) -> Array:
        """At the start."""
        return self.patient.gradient(self.patient.start)

    @cached_property
    def goal(self) -> float:
        """A loss that has gone down: half of what it was, and of that of a constant answer."""
        value = self.patient.loss(self.patient.start)
        if not (math.isfinite(value) and value > 0):
            return value - HALF * abs(value)
        return HALF * (value if self.chance is None else min(value, self.chance.level))

    @cached_property
    def course(self) -> Course:
        """The loss as the patient's own rule changes the parameters, until it is at the goal."""
        patient = self.patient
        steps = self.walked if patient.regimen is not None else 0
        rule = patient.regimen.fresh() if patient.regimen is not None else (lambda theta, _: theta)
        return follow(patient, patient.start, rule, steps, until=self.goal)

    def again(self, factor: float) -> Course:
        """The same with a step `factor` times as long."""
        patient = self.patient
        assert patient.regimen is not None
        return follow(patient, patient.start, patient.regimen.fresh(factor), self.walked, until=self.goal)

    @property
    def walked(self) -> int:
        """Steps that the course may take."""
        return min(self.patient.planned, WALKED)

    @cached_property
    def held_up(self) -> bool:
        """Whether the loss does not go down although it could: it is not at the goal, and was not small already."""
        if self.patient.regimen is None:
            return False  # how it is trained is not known, so neither is whether that is held up
        return self.course.end > self.goal and not self.solved

    @cached_property
    def solved(self) -> bool:
        """Whether the loss is small already."""
        return self.chance is not None and self.course.start <= SOLVED * self.chance.level

    @cached_property
    def chance(self) -> Chance | None:
        """The loss of a constant answer."""
        return chance(self.patient)

    @cached_property
    def at_chance(self) -> bool:
        """Whether the loss ends near that of a constant answer."""
        level, end = self.chance, self.course.end
        return level is not None and abs(end - level.level) <= NEAR * level.level

    @cached_property
    def layers(self) -> list[Layer]:
        """Hidden units at the start."""
        return self.patient.observe(self.patient.start) if self.patient.observe is not None else []

    @cached_property
    def late_layers(self) -> list[Layer]:
        """Hidden units where the course ended."""
        return self.patient.observe(self.course.last) if self.patient.observe is not None else []

    @cached_property
    def signals(self) -> list[Signal]:
        """The gradient at each layer with weights, at the start."""
        patient = self.patient
        if patient.signals is not None:
            return patient.signals(patient.start)
        return [
            Signal(patient.space.blocks[w.block].name, float(np.sqrt(np.mean(part**2))))
            for w in patient.weights
            for part in (patient.space.part(self.gradient, w.block),)
        ]

    @cached_property
    def curvature(self) -> Curvature | None:
        """At the start."""
        return curvature(self.patient, self.patient.start, self._rng)

    @cached_property
    def late_curvature(self) -> Curvature | None:
        """Where the course ended."""
        return curvature(self.patient, self.course.last, self._rng)

    @cached_property
    def escape(self) -> Escape:
        """The way out along the gradient flow, from the start."""
        return escape(self.patient, self.patient.start, self.chance.level if self.chance is not None else None)

    @cached_property
    def escape_elsewhere(self) -> Escape | None:
        """The way out from another start of the same kind; None where there is none."""
        patient = self.patient
        theta = patient.another(1) if patient.another is not None else None
        if theta is None:
            theta = redrawn(patient, self._rng)
        if np.array_equal(theta, patient.start):
            return None
        return escape(patient, theta, self.chance.level if self.chance is not None else None)
