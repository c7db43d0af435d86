"""Activations side by side with mpmath, in units of the last place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from gradcheck.nn.activations.activation import Activation

#: From where functions look linear to far beyond where exponentials leave the range of float64.
POINTS = [sign * size for size in (1e-8, 0.1, 1.0, 5.0, 20.0, 40.0, 700.0, 1000.0) for sign in (1, -1)]

#: Enough for 1 + e⁻¹⁰⁰⁰ to differ from 1 by hundreds of digits.
DIGITS = 1000

TINY = np.finfo(np.float64).tiny
EPSILON = np.finfo(np.float64).eps


def assert_precise(
    layer: Activation,
    function: Callable[[Any], Any],
    *,
    units: float = 4,
    rounding: Callable[[float], float] = lambda z: 0.0,
) -> None:
    """Value and derivative at all `POINTS` within `units` of 2⁻⁵², relative, or to the smallest normal number.

    `rounding` says how many more units both may be off at z, where they hang on z so much that a change of z in the
    last place changes them by as many.
    """
    z = np.array(POINTS)
    value, derivative = layer.value(z), layer.derivative(z)
    with mpmath.workdps(DIGITS):
        for i, point in enumerate(POINTS):
            exact = function(mpmath.mpf(point)), mpmath.diff(function, mpmath.mpf(point))
            for what, mine, theirs in zip(("value", "derivative"), (value[i], derivative[i]), exact, strict=True):
                allowed = (units + rounding(point)) * EPSILON * max(abs(theirs), TINY)
                off = abs(mpmath.mpf(float(mine)) - theirs)
                assert off <= allowed, f"{what} at {point}: {mine!r}, expected {mpmath.nstr(theirs, 20)}"


def assert_finite(layer: Activation, *, share: float = 1.0) -> None:
    """Value and derivative are numbers for the smallest ones, and this share of the largest; a warning is an error."""
    for dtype in (np.float32, np.float64):
        info = np.finfo(dtype)
        z = np.array(
            [0.0, -0.0, share * info.max, share * info.min, info.tiny, -info.tiny, 1e4, -1e4, 88.8, -88.8], dtype
        )
        for result in (layer.value(z), layer.derivative(z), layer.forward(z), layer.backward(np.ones_like(z))):
            assert np.isfinite(result).all()
            assert result.dtype == dtype
