"""A slope measured to the standard that a claim may be called wrong by."""

from __future__ import annotations

import math

from gradcheck.differences.confirmation import confirmed_derivative
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.line import Line
from gradcheck.probes.prober import Prober


def confirmed(prober: Prober, line: Line, found: Comparison) -> Comparison:
    """Measure the slope along a fresh line by the step-independence test.

    Parameters
    ----------
    prober : Prober
    line : Line
    found : Comparison
        What led here: it gives the steps.
    """
    return prober.compared(
        line,
        confirmed_derivative(
            line,
            noise=prober.data.noise.level,
            centre=prober.data.value,
            exponent=math.frexp(found.estimate.step)[1] - 1,
            budget=prober.evaluator.left,
        ),
        zero=found.zero,
    )
