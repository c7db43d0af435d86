"""A layer or a loss at one point, as the diagnosis examines it: inputs, outputs, parameters, and its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.tracebacks import pass_on_signal

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class ProbeValues:
    """Inputs with which layers and losses are classified.

    Attributes
    ----------
    stride : int
        Multiplier that scatters the places of a subset of the input; a prime that is rarely a period of a layer.
    scale, shift : float
        A changed entry is scale · x + shift, which differs from x unless x is ½, and is about as large.
    rtol : float
        Tolerance for the rounding error of one multiplication.
    beyond_probabilities : float
        Added to a prediction in [0, 1], it gives a number that is not a probability.
    """

    stride: int = 7
    scale: float = 0.75
    shift: float = 0.125
    rtol: float = 1e-12
    beyond_probabilities: float = 3.0


TRIAL_VALUES = ProbeValues()


@dataclass(frozen=True)
class LayerView:
    """A layer at one point, with the upstream gradient of its backward pass.

    Attributes
    ----------
    layer : object
        A copy of the layer with its parameters at the point.
    x, y, upstream : ndarray
        Input, output, and gradient of the loss with respect to the output.
    parameters : dict of str to ndarray
    forward : callable
        Output for another input, with the same parameters.
    loss : callable
        ``loss(point, upstream)``: Σ upstream · y for another point and another upstream gradient.
    others : dict of str to ndarray
        Inputs of the other layers of the network by name.
    fresh : tuple of ndarray
        Claimed gradient of a copy of the layer that never had another input.
    after : dict of str to ndarray
        Parameters after a backward pass.
    """

    layer: Any
    x: Array
    y: Array
    upstream: Array
    parameters: dict[str, Array]
    forward: Callable[[Array], Array]
    loss: Callable[..., float]
    others: dict[str, Array] = field(default_factory=dict)
    fresh: tuple[Array, ...] = ()
    after: dict[str, Array] = field(default_factory=dict)

    @property
    def elementwise(self) -> bool:
        """Whether each entry of the output depends only on the entry of the input in the same place."""
        if self.x.shape != self.y.shape or self.parameters or self.x.dtype.kind != "f":
            return False
        if self.x.size == 1:
            return True
        places = np.arange(self.x.size).reshape(self.x.shape)
        scattered = places * TRIAL_VALUES.stride % self.x.size < self.x.size // 2
        for chosen in (places % 2 == 0, places % 2 == 1, scattered):
            other = self.forward(np.where(chosen, TRIAL_VALUES.scale * self.x + TRIAL_VALUES.shift, self.x))
            if not np.array_equal(np.where(chosen, 0, other), np.where(chosen, 0, self.y)):
                return False
        return True

    @property
    def masked(self) -> bool:
        """Whether the layer multiplies each entry by a factor that depends on its place: a mask."""
        if not self.elementwise:
            return False
        ones = self.forward(np.ones_like(self.x))
        doubled = self.forward(2 * self.x)
        return bool((ones != ones.flat[0]).any() and np.allclose(doubled, 2 * self.y, rtol=TRIAL_VALUES.rtol))


@dataclass(frozen=True)
class LossView:
    """A loss at one point.

    Attributes
    ----------
    criterion : object
        A copy of the loss.
    prediction : ndarray
    target : object
    value : float
    """

    criterion: Any
    prediction: Array
    target: Any
    value: float

    @property
    def logits(self) -> bool:
        """Whether the loss accepts predictions outside of [0, 1], as one of logits does."""
        try:
            return bool(
                np.isfinite(self.criterion.forward(self.prediction + TRIAL_VALUES.beyond_probabilities, self.target))
            )
        except Exception as error:
            pass_on_signal(error)
            return False


View = LayerView | LossView
