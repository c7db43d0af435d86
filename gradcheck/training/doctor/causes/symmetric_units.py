"""Hidden units that put out nearly the same: together they can do no more than one.

**Number.** The spread of a layer's outputs across its units, as a part of their root mean square: 0 for equal units.

**Threshold.** 2%. Units that are equal, with equal weights going out, get equal gradients and stay equal for ever (D.
E. Rumelhart, G. E. Hinton and R. J. Williams, Learning internal representations by error propagation, 1986: "symmetry
breaking"); units that differ by ε part at a rate that is itself of order ε. Weights of a size that passes signals on
(X. Glorot and Y. Bengio, 2010) give a spread of a tenth and more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.causes.cause import Illness, Symptom
from gradcheck.training.doctor.measurements import Examination
from gradcheck.training.doctor.units import Layer

#: Spread below which units are nearly equal, and below which they are equal but for rounding.
NEARLY, EQUAL = 0.02, 1e-7


def spread(outputs: NDArray[np.float64]) -> float:
    """How much units differ, relative to what they put out.

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


def _found(examination: Examination, most: float) -> tuple[Layer, float] | None:
    """The layer whose units differ least, if they are as near to each other as that."""
    spreads = [(spread(layer.outputs), i) for i, layer in enumerate(examination.layers)]
    if not spreads or min(spreads)[0] > most:
        return None
    least, i = min(spreads)
    return examination.layers[i], least


def _symptom(layer: Layer, least: float, how: str) -> Symptom:
    units = layer.outputs.shape[1]
    return Symptom(
        layer.name,
        f"the {units} units are {how}: they do the work of one",
        f"the outputs of the units differ by {least:.2g} of their size (nearly equal below {NEARLY:g})",
        "Draw the initial weights at random, at a scale at which units differ: √(2/(n + m)) with n inputs and m "
        "outputs.",
    )


def equal(examination: Examination) -> Symptom | None:
    """Units that are the same but for rounding: whatever the loss does, they could do more if they differed."""
    if examination.patient.regimen is None or examination.solved:
        return None
    found = _found(examination, EQUAL)
    return _symptom(*found, "equal, and their gradients keep them so") if found else None


def nearly(examination: Examination) -> Symptom | None:
    """Units that are nearly the same, where training is held up: else they are about to part."""
    if not examination.held_up:
        return None
    found = _found(examination, NEARLY)
    return _symptom(*found, "nearly equal") if found and found[1] > EQUAL else None


CODE, SLUG = "GT102", "symmetric-units"

#: Equal units are a cause, nearly equal ones go with a plateau.
EQUAL_UNITS = Illness(CODE, SLUG, equal)
ILLNESS = Illness(CODE, SLUG, nearly)
