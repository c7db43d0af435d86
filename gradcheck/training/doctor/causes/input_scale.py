"""Inputs whose size or spread makes the problem ill-conditioned.

**Number.** The root mean square of each input over the samples, and its mean against its standard deviation.

**Thresholds.** Above 100; a hundred times from one input to another; or a mean of more than 30 standard deviations. The
curvature goes as the square of the input, so its condition number is at least 1e3 to 1e4 then, and so is the number
of steps (Y. LeCun et al., Efficient BackProp, 1998, section 4.3: inputs of mean 0 and equal variance).
"""

from __future__ import annotations

import numpy as np

from gradcheck.training.doctor.causes.cause import Illness, Symptom
from gradcheck.training.doctor.measurements import Examination

#: Root mean square, ratio of two of them, and mean over standard deviation.
LARGE, APART, OFF = 100.0, 100.0, 30.0


def look(examination: Examination) -> Symptom | None:
    """What is out of scale."""
    samples = examination.patient.inputs
    if samples is None or not examination.held_up:
        return None
    size = np.sqrt(np.mean(samples**2, axis=0))
    used = size[size > 0]
    if not used.size:
        return None
    deviation, mean = samples.std(axis=0), np.abs(samples.mean(axis=0))
    varying = deviation > 0
    off = float((mean[varying] / deviation[varying]).max(initial=0.0))
    largest, apart = float(used.max()), float(used.max() / used.min())
    if largest > LARGE:
        what = f"an input is as large as {largest:.3g} (root mean square; large above {LARGE:g})"
    elif apart > APART:
        what = f"one input is {apart:.3g} times as large as another (apart above {APART:g})"
    elif off > OFF:
        what = f"the mean of an input is {off:.3g} standard deviations (off above {OFF:g})"
    else:
        return None
    return Symptom(
        "inputs",
        "the inputs are out of scale: no step size suits all weights",
        what,
        "Subtract the mean of each input, and divide by its standard deviation.",
    )


ILLNESS = Illness("GT111", "input-scale", look)
