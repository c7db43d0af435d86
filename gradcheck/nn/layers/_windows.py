"""Windows over images, for convolution and pooling along any number of axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from gradcheck.nn.layer import Array

#: One number for all axes, or one for each axis.
Sizes = int | tuple[int, ...]

#: One number for all sides, or one for each axis, or a pair (before, after) for each axis.
Padding = int | tuple[int | tuple[int, int], ...]

#: Padding, or its name: none ("valid"), or as much as keeps the size of the image ("same").
NamedPadding = Padding | Literal["valid", "same"]

#: Names of the axes of an image, for each number of axes.
AXES = {1: ("length",), 2: ("height", "width")}


class Windows:
    """Windows over the last axes of arrays of shape (a, b, *image).

    Along an axis, window n covers the positions n · stride − before + i · dilation for all i below its size. Positions
    outside of the image are padding.

    Parameters
    ----------
    size, stride, dilation : tuple of int
        One number for each axis.
    padding : tuple of pairs of int
        Padding before and after each axis.
    """

    def __init__(
        self,
        size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        dilation: tuple[int, ...],
    ) -> None:
        self.size, self.stride, self.padding, self.dilation = size, stride, padding, dilation
        #: Extent of a window along each axis, gaps included.
        self.reach = tuple(d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True))

    def counts(self, image: tuple[int, ...]) -> tuple[int, ...]:
        """Number of windows along each axis; less than 1 if none fits."""
        padded = self._padded(image)
        return tuple((n - r) // s + 1 for n, r, s in zip(padded, self.reach, self.stride, strict=True))

    def image(self, counts: tuple[int, ...], more: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the smallest image with these numbers of windows, plus `more`."""
        return tuple(
            (n - 1) * s + r - before - after + m
            for n, s, r, (before, after), m in zip(counts, self.stride, self.reach, self.padding, more, strict=True)
        )

    def gather(self, x: Array, counts: tuple[int, ...], fill: float = 0.0) -> Array:
        """Copy the contents of each window.

        Parameters
        ----------
        x : ndarray of shape (a, b, *image)
        counts : tuple of int
            Number of windows along each axis.
        fill : float
            Value of the padding.

        Returns
        -------
        ndarray of shape (a, positions, b, *counts)
            `positions` is the number of positions in a window, in C order.
        """
        image = x.shape[2:]
        if self._padded(image) != image:
            padded = np.full((*x.shape[:2], *self._padded(image)), fill, x.dtype)
            padded[self._inner(image)] = x
            x = padded
        held = np.empty((x.shape[0], math.prod(self.size), x.shape[1], *counts), x.dtype)
        for position, where in self._positions(counts):
            held[:, position] = x[where]
        return held

    def scatter(self, held: Array, image: tuple[int, ...]) -> Array:
        """Add the contents of each window to an image: the transpose of `gather`.

        Parameters
        ----------
        held : ndarray of shape (a, positions, b, *counts)
        image : tuple of int

        Returns
        -------
        ndarray of shape (a, b, *image)
            A view if there is padding.
        """
        x = np.zeros((held.shape[0], held.shape[2], *self._padded(image)), held.dtype)
        for position, where in self._positions(held.shape[3:]):
            x[where] += held[:, position]
        inner: Array = x[self._inner(image)]
        return inner

    def _padded(self, image: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(n + before + after for n, (before, after) in zip(image, self.padding, strict=True))

    def _inner(self, image: tuple[int, ...]) -> tuple[Any, ...]:
        """Index of the image within the padded image."""
        return ..., *(slice(before, before + n) for n, (before, _) in zip(image, self.padding, strict=True))

    def _positions(self, counts: tuple[int, ...]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Number of each position of a window, and the index of that position in all windows."""
        for number, position in enumerate(itertools.product(*map(range, self.size))):
            yield (
                number,
                (
                    ...,
                    *(
                        slice(i * d, i * d + (n - 1) * s + 1, s)
                        for i, d, n, s in zip(position, self.dilation, counts, self.stride, strict=True)
                    ),
                ),
            )


def sizes(layer: str, name: str, value: Any, axes: int, *, least: int = 1) -> tuple[int, ...]:
    """Validate one whole number for each axis, from one number or a tuple."""
    numbers = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(numbers) != axes or not all(_whole(number, least) for number in numbers):
        kind = "positive whole number" if least == 1 else f"whole number of at least {least}"
        wanted = f"a {kind}, or a tuple of {axes}" if axes > 1 else f"a {kind}"
        raise ValueError(f"{layer}: {name} must be {wanted}, got {value!r}")
    return tuple(int(number) for number in numbers)


def pairs(layer: str, value: Any, axes: int) -> tuple[tuple[int, int], ...]:
    """Validate padding before and after each axis, from one number, one for each axis, or a pair for each axis."""
    entries = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    both = [tuple(entry) if isinstance(entry, (tuple, list)) else (entry, entry) for entry in entries]
    if len(both) != axes or not all(len(pair) == 2 and _whole(pair[0], 0) and _whole(pair[1], 0) for pair in both):
        raise ValueError(
            f"{layer}: padding must be a whole number of at least 0, or a tuple with a number or a pair "
            f"(before, after) for each of {axes} axes; got {value!r}"
        )
    return tuple((int(before), int(after)) for before, after in both)


def _whole(number: Any, least: int) -> bool:
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool) and bool(number >= least)
