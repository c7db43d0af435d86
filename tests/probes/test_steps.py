"""The first step lies between the limits, and is as long as the noise demands."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from gradcheck.differences.settings import STEPS
from gradcheck.probes.steps import StepPolicy
from tests.probers import prober_of

NOISES = [0.0, 1e-300, 1e-16, 1e-12, 1e-8, 1e-4, 1.0, 1e6]
TARGETS = [1e-12, 1e-8, 1e-6, 1e-3, 1.0]


@pytest.mark.parametrize("bits", [4, 13, 30, 41])
@pytest.mark.parametrize("largest", [7, 0, -6])
def test_the_first_step_leaves_room_for_a_run_within_the_limits(bits: int, largest: int) -> None:
    policy = StepPolicy(bits, largest)
    smallest, end = policy.limits
    assert smallest == -bits
    assert end - smallest >= STEPS.run - 1
    for noise, target in itertools.product(NOISES, [*TARGETS, 0.0, -1.0]):
        step = policy.first_step(noise, target)
        assert step + STEPS.run - 1 <= end
        if bits > 20:
            assert smallest <= step


def test_limits_are_the_policy_where_there_is_room() -> None:
    assert StepPolicy(30, 5).limits == (-30, 5)
    smallest, largest = StepPolicy(2, -10).limits
    assert largest > -10
    assert largest - smallest == STEPS.run - 1


def test_more_noise_takes_longer_steps() -> None:
    policy = StepPolicy(30)
    for target in TARGETS:
        steps = [policy.first_step(noise, target) for noise in NOISES]
        assert steps == sorted(steps)
    assert policy.first_step(1e-8, 1e-4) > policy.first_step(1e-16, 1e-4)


def test_a_sharper_target_takes_longer_steps() -> None:
    policy = StepPolicy(30)
    for noise in NOISES:
        steps = [policy.first_step(noise, target) for target in sorted(TARGETS, reverse=True)]
        assert steps == sorted(steps)
    assert policy.first_step(1e-16, 1e-10) > policy.first_step(1e-16, 1e-4)


@pytest.mark.parametrize("noise", [1e-16, 1e-13, 1e-10, 1e-7])
@pytest.mark.parametrize("target", [1e-6, 1e-4, 1e-2])
def test_round_off_at_the_first_step_reaches_the_target(noise: float, target: float) -> None:
    """Half a central difference is off by at most the noise over the step."""
    assert math.ldexp(noise, -StepPolicy(30).first_step(noise, target)) <= target


def test_without_a_target_the_noise_does_not_matter() -> None:
    policy = StepPolicy(30)
    assert len({policy.first_step(noise, 0.0) for noise in NOISES}) == 1
    assert len({policy.first_step(noise, 1e-6) for noise in NOISES}) > 3


def test_another_start_leaves_the_policy_as_it_is() -> None:
    policy = StepPolicy(30, largest=3)
    other = policy.with_start(-9)
    assert (other.start, other.bits, other.largest) == (-9, 30, 3)
    assert policy.start is None
    assert other.with_start(None) == policy


@pytest.mark.parametrize("bits", [13, 30, 41])
@pytest.mark.parametrize("target", [*TARGETS, 0.0])
def test_the_first_step_leaves_room_to_shrink(target: float, bits: int) -> None:
    """A loss of zero has no noise: but the first step is not the smallest, for a kink may be near."""
    assert StepPolicy(bits).first_step(0.0, target) - STEPS.shrink >= -bits


@pytest.mark.parametrize("exponent", [-20, -24, -26, -27])
def test_a_kink_however_near_is_left_behind(exponent: int) -> None:
    """The loss is zero at the point; steps start as short as its rounding allows, or shrink until they are."""
    near = math.ldexp(1.0, exponent)
    prober = prober_of(lambda x: x[0] - 1 + 2 * max(x[0] - 1 - near, 0.0), np.ones_like, np.ones(1))
    found = prober.measure(prober.line())
    assert found.agrees
    assert exponent < -20 or found.estimate.evaluations == 2 * STEPS.run
    assert found.estimate.step <= near
