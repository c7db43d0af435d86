"""The constant-prediction baseline: the loss of the best prediction that ignores the input.

For labels of k classes in proportions p the best constant prediction has the cross-entropy −Σ p ln p, which is ln k for
equal proportions (T. M. Cover and J. A. Thomas, Elements of Information Theory, 2006, theorem 2.6.3). For a squared
error it is the variance of the targets. It is measured without labels: all weights are set to zero, so that the output
does not depend on the input, and the biases are optimised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.run import TrainingRun

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BaselineSettings:
    """How the baseline is measured and named.

    Attributes
    ----------
    max_evaluations : int
        Evaluations of loss and gradient by the optimiser of the biases; bounds the cost where there are many biases.
    max_classes : int
        Largest k for which a loss is written as ln k.
    name_tolerance : float
        Relative distance from ln k within which it is written so. Different ln k below 20 are 1.7% apart and more.
    """

    max_evaluations: int = 80
    max_classes: int = 20
    name_tolerance: float = 1e-4


BASELINE_SETTINGS = BaselineSettings()


@dataclass(frozen=True)
class Baseline:
    """The loss of the best constant prediction.

    Attributes
    ----------
    loss : float
    name : str
        ``ln 2``, for example, if it is the logarithm of a small integer; else empty.
    """

    loss: float
    name: str

    def __str__(self) -> str:
        return f"{self.loss:.6g}" + (f" = {self.name}" if self.name else "")


def constant_prediction_baseline(run: TrainingRun) -> Baseline | None:
    """Measure the baseline; None without weights, or if the loss at zero weights is not finite."""
    from scipy.optimize import minimize

    if not run.weights:
        return None
    start = run.start.copy()
    free = np.ones(start.size, dtype=bool)
    for weights in run.weights:
        where = run.layout.slices[weights.block]
        start[where], free[where] = 0.0, False
    lowest = run.loss(start)
    if not math.isfinite(lowest):
        return None
    if free.any():

        def value_and_gradient(x: Array) -> tuple[float, Array]:
            theta = start.copy()
            theta[free] = x
            return run.loss(theta), run.gradient(theta)[free]

        found = minimize(
            value_and_gradient,
            start[free],
            jac=True,
            method="L-BFGS-B",
            options={"maxfun": BASELINE_SETTINGS.max_evaluations},
        )
        if math.isfinite(float(found.fun)):
            lowest = min(lowest, float(found.fun))
    return Baseline(lowest, _name(lowest)) if lowest > 0 else None


def _name(loss: float) -> str:
    """The loss as ln k, if it is one."""
    for k in range(2, BASELINE_SETTINGS.max_classes + 1):
        if abs(loss - math.log(k)) < BASELINE_SETTINGS.name_tolerance * loss:
            return f"ln {k}"
    return ""
