"""What can be observed of a layer, or of a loss, at one point of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class LayerView:
    """A layer at one point, with the upstream gradient that its backward pass is given.

    Attributes
    ----------
    layer : object
        A copy of the layer, its parameters at the point.
    x, y, upstream : ndarray
        Input, output, and the gradient of the loss by the output.
    parameters : dict of str to ndarray
    forward : callable
        Output for another input, with the same parameters.
    loss : callable
        ``loss(point, upstream)``: Σ upstream · y, as a function of the point and for another upstream gradient.
    others : dict of str to ndarray
        Inputs of other layers of the network, by their names.
    fresh : tuple of ndarray
        What a copy of the layer that saw no other input claims at this point.
    after : dict of str to ndarray
        The parameters as they are after a backward pass.
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
        """Whether each number of the output depends on the number of the input in its place, and on nothing else."""
        if self.x.shape != self.y.shape or self.parameters or self.x.dtype.kind != "f":
            return False
        if self.x.size == 1:
            return True
        places = np.arange(self.x.size).reshape(self.x.shape)
        for k in range(min(4, self.x.size)):
            chosen = places % 2 == k % 2 if k < 2 else places * 7 % self.x.size < self.x.size // 2
            other = self.forward(np.where(chosen, 0.75 * self.x + 0.125, self.x))
            if not np.array_equal(np.where(chosen, 0, other), np.where(chosen, 0, self.y)):
                return False
        return True

    @property
    def masked(self) -> bool:
        """Whether it multiplies each number by a factor that its place decides about."""
        if not self.elementwise:
            return False
        ones = self.forward(np.ones_like(self.x))
        return bool((ones != ones.flat[0]).any() and np.allclose(self.forward(2 * self.x), 2 * self.y, rtol=1e-12))


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
        """Whether it takes any real number, and is not a function of how far that is from the target."""
        try:
            return bool(np.isfinite(self.criterion.forward(self.prediction + 3.0, self.target)))
        except Exception:
            return False


View = LayerView | LossView
