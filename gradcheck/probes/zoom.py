"""Far shorter steps, for a claim that is far steeper than the slope that was measured."""

from __future__ import annotations

import math
from dataclasses import replace

from gradcheck.differences.noise import noise_at
from gradcheck.differences.settings import EPSILON, STEPS
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.prober import Prober
from gradcheck.probes.settings import PROBES
from gradcheck.probes.steps import StepPolicy


def zoomed(prober: Prober, block: int, found: Comparison) -> Prober | None:
    """A prober with far shorter steps, if the claim for a block is far steeper than the measured slope; else None.

    Over steps longer than the features of the loss its slope can look like anything, or like noise. A claim that is
    right makes the loss change by all that it was seen to change within a short distance: steps are that short there.
    No step is chosen by agreement: a wrong claim is measured as closely, and disagrees there as well.
    """
    data, estimate = prober.data, found.estimate
    slope = abs(estimate.value) + estimate.error
    clear = slope * estimate.step > PROBES.clear * data.noise.level or data.chaotic
    if not (clear and abs(found.claimed) > PROBES.steep * slope) or prober.evaluator.left < PROBES.detail_cost:
        return None
    bits = int(PROBES.zoomed_bits * data.mantissa)
    change = max(slope * estimate.step, data.noise.level)
    start = max(math.frexp(change / abs(found.claimed))[1] - PROBES.zoom, STEPS.run - bits)
    policy = StepPolicy(bits, largest=start + PROBES.zoom, start=start)
    close = prober.again(data=replace(data, zoomed=True), policy=policy)
    noise = noise_at(close.line([block]), data.value, start)
    if noise is None:
        return None
    return close.again(
        data=close.data.with_noise(replace(data.noise, level=max(noise.level, EPSILON * abs(data.value))))
    )
