"""Inputs whose size or mean makes the problem ill-conditioned.

**Quantities.** The root mean square of each input over the samples, and its mean relative to its standard deviation.

**Thresholds.** A root mean square above 100, a ratio of 100 between two inputs, or a mean of more than 30 standard
deviations. The curvature is proportional to the square of the input, so its condition number is then at least 1e3 to
1e4, and so is the number of steps (Y. LeCun et al., Efficient BackProp, 1998, section 4.3: inputs of mean 0 and equal
variance).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause
from gradcheck.training.doctor.measurements import Measurements

CODE, SLUG = "GT111", "input-scale"


@dataclass(frozen=True)
class InputScaleThresholds:
    """From which values on inputs are reported; the docstring of this file has the reasons.

    Attributes
    ----------
    rms : float
        Root mean square of one input.
    ratio : float
        Ratio of the root mean squares of two inputs.
    mean_over_deviation : float
        Mean of one input, in its standard deviations.
    """

    rms: float = 100.0
    ratio: float = 100.0
    mean_over_deviation: float = 30.0


INPUT_SCALE_THRESHOLDS = InputScaleThresholds()


def find(measurements: Measurements) -> Finding | None:
    """Whether an input is too large, too different from another, or too far from zero."""
    samples = measurements.run.inputs
    if samples is None or not measurements.stalled:
        return None
    rms = np.sqrt(np.mean(samples**2, axis=0))
    used = rms[rms > 0]
    if not used.size:
        return None
    deviation, mean = samples.std(axis=0), np.abs(samples.mean(axis=0))
    varying = deviation > 0
    offset = float((mean[varying] / deviation[varying]).max(initial=0.0))
    largest, ratio = float(used.max()), float(used.max() / used.min())
    limits = INPUT_SCALE_THRESHOLDS
    if largest > limits.rms:
        evidence = f"the root mean square of an input is {largest:.3g} (reported above {limits.rms:g})"
    elif ratio > limits.ratio:
        evidence = f"one input is {ratio:.3g} times as large as another (reported above {limits.ratio:g})"
    elif offset > limits.mean_over_deviation:
        evidence = (
            f"the mean of an input is {offset:.3g} standard deviations (reported above {limits.mean_over_deviation:g})"
        )
    else:
        return None
    return Finding(
        CODE,
        SLUG,
        "inputs",
        "the inputs are badly scaled: no step size suits all weights",
        evidence,
        "Subtract the mean of each input and divide by its standard deviation.",
    )


CAUSE = Cause(CODE, SLUG, find)
