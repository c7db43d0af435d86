"""Where windows lie over images, for convolution and pooling along any number of axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from gradcheck.nn.layer import Array

#: One number for all axes, or one an axis.
Sizes = int | tuple[int, ...]

#: One number for all sides, or one an axis, or a pair (before, after) an axis.
Padding = int | tuple[int | tuple[int, int], ...]

#: Besides, none at all, or as much as keeps the size of the image.
NamedPadding = Padding | Literal["valid", "same"]

#: Names of the axes of an image, by their number.
AXES = {1: ("length",), 2: ("height", "width")}


class Windows:
    """Windows over the last axes of arrays of shape (a, b, *image).

    The window with the number n along an axis takes the places n · stride − before + i · dilation for i below its
    size; places outside of the image are padding.

    Parameters
    ----------
    size, stride, dilation : tuple of int
        One number an axis.
    padding : tuple of pairs of int
        Before and after each axis.
    """

    def __init__(
        self,
        size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        dilation: tuple[int, ...],
    ) -> None:
        self.size, self.stride, self.padding, self.dilation = size, stride, padding, dilation
        #: How many places a window reaches over.
        self.reach = tuple(d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True))

    def counts(self, image: tuple[int, ...]) -> tuple[int, ...]:
        """How many windows there are along each axis; below 1 where none fits."""
        padded = self._padded(image)
        return tuple((n - r) // s + 1 for n, r, s in zip(padded, self.reach, self.stride, strict=True))

    def image(self, counts: tuple[int, ...], more: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the smallest image with so many windows, plus `more`."""
        return tuple(
            (n - 1) * s + r - before - after + m
            for n, s, r, (before, after), m in zip(counts, self.stride, self.reach, self.padding, more, strict=True)
        )

    def gather(self, x: Array, counts: tuple[int, ...], fill: float = 0.0) -> Array:
        """Copy of what each window holds.

        Parameters
        ----------
        x : ndarray of shape (a, b, *image)
        counts : tuple of int
            How many windows to take along each axis.
        fill : float
            What the padding holds.

        Returns
        -------
        ndarray of shape (a, places, b, *counts)
            Where `places` is the product of the window's size, in C order.
        """
        image = x.shape[2:]
        if self._padded(image) != image:
            padded = np.full((*x.shape[:2], *self._padded(image)), fill, x.dtype)
            padded[self._inner(image)] = x
            x = padded
        held = np.empty((x.shape[0], math.prod(self.size), x.shape[1], *counts), x.dtype)
        for place, where in self._places(counts):
            held[:, place] = x[where]
        return held

    def scatter(self, held: Array, image: tuple[int, ...]) -> Array:
        """Add what each window holds into an image: the transpose of `gather`.

        Parameters
        ----------
        held : ndarray of shape (a, places, b, *counts)
        image : tuple of int

        Returns
        -------
        ndarray of shape (a, b, *image)
            A view where there is padding.
        """
        x = np.zeros((held.shape[0], held.shape[2], *self._padded(image)), held.dtype)
        for place, where in self._places(held.shape[3:]):
            x[where] += held[:, place]
        inner: Array = x[self._inner(image)]
        return inner

    def _padded(self, image: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(n + before + after for n, (before, after) in zip(image, self.padding, strict=True))

    def _inner(self, image: tuple[int, ...]) -> tuple[Any, ...]:
        """Where the image lies within the padded one."""
        return ..., *(slice(before, before + n) for n, (before, _) in zip(image, self.padding, strict=True))

    def _places(self, counts: tuple[int, ...]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Each place of a window, by its number, and where all windows have it."""
        for number, place in enumerate(itertools.product(*map(range, self.size))):
            yield (
                number,
                (
                    ...,
                    *(
                        slice(i * d, i * d + (n - 1) * s + 1, s)
                        for i, d, n, s in zip(place, self.dilation, counts, self.stride, strict=True)
                    ),
                ),
            )


def sizes(layer: str, name: str, value: Any, axes: int, *, least: int = 1) -> tuple[int, ...]:
    """One whole number an axis, from one for all or a tuple."""
    numbers = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(numbers) != axes or not all(_whole(number, least) for number in numbers):
        kind = "positive whole number" if least == 1 else f"whole number from {least} on"
        wanted = f"a {kind}, or a tuple of {axes}" if axes > 1 else f"a {kind}"
        raise ValueError(f"{layer}: {name} must be {wanted}, got {value!r}")
    return tuple(int(number) for number in numbers)


def pairs(layer: str, value: Any, axes: int) -> tuple[tuple[int, int], ...]:
    """Padding before and after each axis, from one number for all, one an axis, or a pair an axis."""
    entries = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    both = [tuple(entry) if isinstance(entry, (tuple, list)) else (entry, entry) for entry in entries]
    if len(both) != axes or not all(len(pair) == 2 and _whole(pair[0], 0) and _whole(pair[1], 0) for pair in both):
        raise ValueError(
            f"{layer}: padding must be a whole number from 0 on, or a tuple with a number or a pair (before, after) "
            f"for each of {axes} axes; got {value!r}"
        )
    return tuple((int(before), int(after)) for before, after in both)


def _whole(number: Any, least: int) -> bool:
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool) and bool(number >= least)
