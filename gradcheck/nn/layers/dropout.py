"""Dropout."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array, Layer


class Dropout(Layer):
    """In training, each number is set to 0 with probability `rate` (N. Srivastava et al., JMLR 15, 2014).

    y = x m/(1 − rate) with a mask m of zeros and ones, so the expected value of y is x. ∂L/∂x = ∂L/∂y m/(1 − rate).
    Outside of training y = x.

    Parameters
    ----------
    rate : float
        At least 0 and less than 1.
    seed : int
        Layers with the same seed have the same masks; each layer should have its own.

    Attributes
    ----------
    draw : int
        Number of the current mask, from 0.

    Notes
    -----
    The mask stays the same until `redraw` is called. A loss and its gradient therefore belong together, and other
    forward passes do not change them. The mask depends only on `seed`, `draw` and the shape of the input.

    Examples
    --------
    >>> layer = Dropout(0.5, seed=3)
    >>> x = np.ones((2, 4))
    >>> y = layer.forward(x)
    >>> sorted(set(y.ravel().tolist()))
    [0.0, 2.0]
    >>> bool((layer.forward(x) == y).all())
    True
    >>> layer.redraw()
    >>> bool((layer.forward(x) == y).all())
    False
    """

    def __init__(self, rate: float, *, seed: int = 0) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"Dropout: rate must be at least 0 and less than 1, got {rate!r}")
        if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
            raise ValueError(f"Dropout: seed must be a whole number of at least 0, got {seed!r}")
        self.rate, self.seed = float(rate), int(seed)
        self.draw = 0

    def redraw(self) -> None:
        """Draw a new mask."""
        self.draw += 1

    def forward(self, x: Array) -> Array:
        """Output of the same shape."""
        x = self._input(x, "...")
        factor = self._mask(x.shape).astype(x.dtype) / (1 - self.rate) if self.training else np.ones_like(x)
        y: Array = x * factor
        self._keep(factor, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of the same shape."""
        factor, _ = self._kept(upstream)
        downstream: Array = upstream * factor
        return downstream

    def _mask(self, shape: tuple[int, ...]) -> Array:
        """True where a number is kept."""
        seed = np.random.SeedSequence(self.seed, spawn_key=(self.draw,))
        kept: Array = np.random.default_rng(seed).random(shape) >= self.rate
        return kept
