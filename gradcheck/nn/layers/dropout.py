"""Dropout."""

from __future__ import annotations

import numpy as np

from gradcheck.nn.layer import Array, Layer


class Dropout(Layer):
    """In training every number is set to 0 with the probability `rate` (N. Srivastava et al., JMLR 15, 2014).

    y = x m/(1 − rate), where the mask m is 0 or 1, so y has the expected value x; ∂L/∂x = ∂L/∂y m/(1 − rate). Outside
    training y = x.

    Parameters
    ----------
    rate : float
        From 0 on and below 1.
    seed : int
        Two layers of the same seed drop the same places: give each its own.

    Attributes
    ----------
    draw : int
        Number of the present mask, from 0.

    Notes
    -----
    The mask stays until `redraw` is called, so that a loss and its gradient belong together, and other forward passes
    in between change nothing. It is a function of the seed, the number of the draw and the shape of the input alone.

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
            raise ValueError(f"Dropout: rate must be a number from 0 on and below 1, got {rate!r}")
        if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
            raise ValueError(f"Dropout: seed must be a whole number from 0 on, got {seed!r}")
        self.rate, self.seed = float(rate), int(seed)
        self.draw = 0

    def redraw(self) -> None:
        """Take a new mask from now on."""
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
