"""Hidden units with nearly the same output: together they do the work of one unit.

**Quantity.** The spread of a layer's outputs across its units, relative to their root mean square; 0 for equal units.

**Threshold.** 2%. Units that are equal and have equal outgoing weights get equal gradients and stay equal forever (D.
E. Rumelhart, G. E. Hinton and R. J. Williams, Learning internal representations by error propagation, 1986: "symmetry
breaking"). Units that differ by ε separate at a rate of order ε. Weights of a size that preserves the signal (X. Glorot
and Y. Bengio, 2010) give a spread of 10% and more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause
from gradcheck.training.doctor.hidden_units import HiddenLayer
from gradcheck.training.doctor.measurements import Measurements

CODE, SLUG = "GT102", "symmetric-units"

#: Spread below which units are nearly equal.
NEARLY_EQUAL_SPREAD = 0.02

#: Spread below which units are equal up to rounding.
EQUAL_SPREAD = 1e-7


def spread(outputs: NDArray[np.float64]) -> float:
    """Standard deviation across the units, relative to the root mean square of their outputs.

    Examples
    --------
    >>> import numpy as np
    >>> spread(np.array([[0.5, 0.5], [0.7, 0.7]]))
    0.0
    >>> round(spread(np.array([[1.0, -1.0], [1.0, -1.0]])), 3)
    1.0
    """
    size = float(np.sqrt(np.mean(outputs**2)))
    return float(np.sqrt(np.mean(np.var(outputs, axis=1)))) / size if size > 0 else 1.0


def find_equal(measurements: Measurements) -> Finding | None:
    """Units that are equal up to rounding. They waste capacity whether or not the loss falls."""
    if measurements.run.update_rule is None or measurements.solved:
        return None
    found = _least_spread(measurements, EQUAL_SPREAD)
    return _finding(*found, "equal, and their gradients keep them equal") if found else None


def find_nearly_equal(measurements: Measurements) -> Finding | None:
    """Units that are nearly equal while training is stalled; otherwise they are about to separate."""
    if not measurements.stalled:
        return None
    found = _least_spread(measurements, NEARLY_EQUAL_SPREAD)
    return _finding(*found, "nearly equal") if found and found[1] > EQUAL_SPREAD else None


def _least_spread(measurements: Measurements, limit: float) -> tuple[HiddenLayer, float] | None:
    """The layer with the least spread, if that is at most the limit."""
    spreads = [(spread(layer.outputs), i) for i, layer in enumerate(measurements.hidden_layers)]
    if not spreads or min(spreads)[0] > limit:
        return None
    least, i = min(spreads)
    return measurements.hidden_layers[i], least


def _finding(layer: HiddenLayer, least: float, how: str) -> Finding:
    return Finding(
        CODE,
        SLUG,
        layer.name,
        f"the {layer.outputs.shape[1]} units are {how}: together they do the work of one",
        f"the outputs of the units differ by {least:.2g} of their size (nearly equal below {NEARLY_EQUAL_SPREAD:g})",
        "Draw the initial weights at random, large enough that units differ: standard deviation √(2/(n + m)) for n "
        "inputs and m outputs.",
    )


#: Equal units are a cause; nearly equal ones accompany a plateau.
EQUAL_UNITS = Cause(CODE, SLUG, find_equal)
NEARLY_EQUAL_UNITS = Cause(CODE, SLUG, find_nearly_equal)
