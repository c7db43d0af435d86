"""The losses of `gradcheck.nn` at the predictions and targets of another loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck import nn
from gradcheck.nn.kinds import LOSSES
from gradcheck.subjects.views import LossView

Array = NDArray[Any]


#: Of logarithms of probabilities. Its gradient is the same for any numbers, and whoever takes it for that of another
#: loss checks no such thing.
_OF_LOGARITHMS = "NegativeLogLikelihood"


def rivals(loss: LossView) -> Iterator[tuple[str, float, Array]]:
    """Name, value and gradient of each loss that takes the same predictions and targets."""
    for name in LOSSES:
        criterion = getattr(nn, name)()
        try:
            with np.errstate(all="ignore"):
                prediction = loss.prediction
                if name == _OF_LOGARITHMS:
                    prediction = np.minimum(prediction, 0.0)
                value = float(criterion.forward(prediction, loss.target))
                slope = np.asarray(criterion.backward())
        except Exception:
            continue
        if slope.shape == loss.prediction.shape and np.isfinite(slope).all() and np.isfinite(value):
            yield name, value, slope
