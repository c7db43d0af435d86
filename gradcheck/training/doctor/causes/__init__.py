"""The causes of a stalled loss: one per file, each with its quantity, its threshold and the source of the threshold."""

from __future__ import annotations

from gradcheck.training.doctor.causes import (
    biased_average,
    chance_plateau,
    dead_units,
    exploding_gradient,
    idle_parameters,
    input_scale,
    rising_loss,
    saddle,
    saturated_units,
    step_too_large,
    step_too_small,
    symmetric_units,
    vanishing_gradient,
)
from gradcheck.training.doctor.causes.cause import Cause

#: All causes that are looked for in measurements, in the order in which they are reported: causes before effects.
CAUSES: tuple[Cause, ...] = (
    input_scale.CAUSE,
    dead_units.DEAD_AT_START,
    saturated_units.CAUSE,
    exploding_gradient.CAUSE,
    vanishing_gradient.CAUSE,
    symmetric_units.EQUAL_UNITS,
    idle_parameters.CAUSE,
    step_too_large.CAUSE,
    rising_loss.CAUSE,
    dead_units.DIED_IN_TRAINING,
    chance_plateau.CAUSE,
    symmetric_units.NEARLY_EQUAL_UNITS,
    saddle.CAUSE,
    step_too_small.CAUSE,
)

#: Code of every finding about training, by slug. A biased average is read from the update, not from measurements.
CODES = {cause.slug: cause.code for cause in CAUSES} | {biased_average.SLUG: biased_average.CODE}
