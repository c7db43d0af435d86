"""Shapes that every pooling layer is tried with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Samples, channels and image, then the arguments of the layer.
Case = tuple[tuple[int, ...], dict[str, Any]]

#: Of signals.
SIGNALS: list[Case] = [
    ((2, 3, 8), {"size": 2}),
    ((1, 1, 1), {"size": 1}),
    ((2, 1, 5), {"size": (5,)}),
    ((2, 3, 9), {"size": 4, "stride": 2, "padding": 2}),
    ((2, 3, 9), {"size": 2, "stride": 3}),
    ((1, 2, 1), {"size": 2, "padding": 1}),
]

#: Of images.
IMAGES: list[Case] = [
    ((2, 3, 6, 4), {"size": 2}),
    ((1, 1, 1, 1), {"size": 1}),
    ((2, 2, 4, 3), {"size": (4, 3)}),
    ((2, 3, 7, 1), {"size": (3, 1), "stride": (2, 1), "padding": (1, 0)}),
    ((2, 3, 7, 8), {"size": 3, "stride": 1, "padding": 1}),
    ((2, 3, 7, 8), {"size": (2, 3), "stride": (3, 2)}),
    ((1, 2, 2, 1), {"size": 2, "padding": 1, "stride": 2}),
]


def image(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Random numbers, none of them equal."""
    return np.random.default_rng(0).standard_normal(shape)
