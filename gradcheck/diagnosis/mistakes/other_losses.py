"""Values and gradients of the losses of `gradcheck.nn` at the predictions and targets of a given loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcheck import nn
from gradcheck.nn.kinds import LOSSES
from gradcheck.subjects.views import LossView
from gradcheck.tracebacks import pass_on_signal

Array = NDArray[Any]

#: Losses whose values differ by at most this part are the same loss, except for a clip or an epsilon. A heuristic: an
#: epsilon hardly changes the value, and different losses differ in the first digits.
SAME_VALUE_WITHIN = 1e-3

#: This loss takes logarithms of probabilities, which are never positive. Other predictions are clipped for it: its
#: gradient does not depend on them.
LOSS_OF_LOGARITHMS = "NegativeLogLikelihood"


class KnownLoss(NamedTuple):
    """A loss of `gradcheck.nn`, evaluated at the predictions and targets of another one."""

    name: str
    value: float
    gradient: Array


def known_losses(loss: LossView) -> Iterator[KnownLoss]:
    """Yield each loss of `gradcheck.nn` that accepts the predictions and targets of a loss, and is finite there."""
    for name in LOSSES:
        criterion = getattr(nn, name)()
        try:
            with np.errstate(all="ignore"):
                prediction = loss.prediction
                if name == LOSS_OF_LOGARITHMS:
                    prediction = np.minimum(prediction, 0.0)
                value = float(criterion.forward(prediction, loss.target))
                gradient = np.asarray(criterion.backward())
        except Exception as error:  # this loss does not accept such predictions or targets
            pass_on_signal(error)
            continue
        if gradient.shape == loss.prediction.shape and np.isfinite(gradient).all() and np.isfinite(value):
            yield KnownLoss(name, value, gradient)


def same_loss(known: KnownLoss, loss: LossView) -> bool:
    """Whether a known loss is the given one without its clip or epsilon: a base class, or nearly the same value."""
    is_base = known.name in (kind.__name__ for kind in type(loss.criterion).__mro__)
    return is_base or abs(known.value - loss.value) <= SAME_VALUE_WITHIN * abs(loss.value)
