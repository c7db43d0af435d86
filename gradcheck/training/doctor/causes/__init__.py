"""The illnesses, one a file, each with its number, its threshold, and where that comes from; causes before effects."""

from __future__ import annotations

from gradcheck.training.doctor.causes import (
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
from gradcheck.training.doctor.causes.cause import Illness

#: In the order in which they are told of: what causes another comes first.
ILLNESSES: tuple[Illness, ...] = (
    input_scale.ILLNESS,
    dead_units.ILLNESS,
    saturated_units.ILLNESS,
    exploding_gradient.ILLNESS,
    vanishing_gradient.ILLNESS,
    symmetric_units.EQUAL_UNITS,
    idle_parameters.ILLNESS,
    step_too_large.ILLNESS,
    rising_loss.ILLNESS,
    dead_units.DIED,
    chance_plateau.ILLNESS,
    symmetric_units.ILLNESS,
    saddle.ILLNESS,
    step_too_small.ILLNESS,
)

#: Code and slug of an optimiser's average whose weights do not sum to one, which is read from its update.
BIASED = ("GT109", "biased-average")

#: Code of every finding about training.
CODES = {illness.slug: illness.code for illness in ILLNESSES} | {BIASED[1]: BIASED[0]}
