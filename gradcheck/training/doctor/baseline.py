"""The loss of an answer that is the same for every sample: what there is to be had by chance.

With labels of k classes in shares p the best constant answer has the cross-entropy −Σ p ln p, ln k if they are equally
many (T. M. Cover and J. A. Thomas, Elements of Information Theory, 2006, theorem 2.6.3: nothing that does not look at
the sample can do better); with a squared error it has the variance of the targets. Measured, it needs no labels: all
weights at zero, so that nothing of the sample arrives, and what is left, the biases, where the loss is least.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.run import Patient

Array = NDArray[np.float64]

#: Values of the loss that may be spent.
EVALUATIONS = 80


@dataclass(frozen=True)
class Chance:
    """The loss of the best constant answer.

    Attributes
    ----------
    level : float
    name : str
        ``ln 2``, where it is the logarithm of a small number; else empty.
    """

    level: float
    name: str

    def __str__(self) -> str:
        return f"{self.level:.6g}" + (f" = {self.name}" if self.name else "")


def chance(patient: Patient) -> Chance | None:
    """Measure it; None for something without weights, or without a finite loss where they are zero."""
    from scipy.optimize import minimize

    if not patient.weights:
        return None
    start = patient.start.copy()
    free = np.ones(start.size, dtype=bool)
    for weights in patient.weights:
        where = patient.space.slices[weights.block]
        start[where], free[where] = 0.0, False
    level = patient.loss(start)
    if not math.isfinite(level):
        return None
    if free.any():

        def both(x: Array) -> tuple[float, Array]:
            theta = start.copy()
            theta[free] = x
            return patient.loss(theta), patient.gradient(theta)[free]

        found = minimize(both, start[free], jac=True, method="L-BFGS-B", options={"maxfun": EVALUATIONS})
        if math.isfinite(float(found.fun)):
            level = min(level, float(found.fun))
    if not level > 0:
        return None
    name = next((f"ln {k}" for k in range(2, 21) if abs(level - math.log(k)) < 1e-4 * level), "")
    return Chance(level, name)
