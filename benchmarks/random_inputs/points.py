"""Points at random: leaves of many types and sizes, in nestings of every kind."""

from __future__ import annotations

import types
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Generator = np.random.Generator

Pair = namedtuple("Pair", ["first", "second"])

#: Shapes of leaves, and how often they are drawn.
SHAPES: list[tuple[int, ...]] = [*[(), (1,), (3,), (2, 3), (1, 4), (4, 1), (2, 1, 2), (40,)] * 3, (0,)]

#: Types of numbers.
KINDS = "d" * 30 + "fffffeegDDF" + "lB?"

#: Leaves that are no numbers.
ODD: list[Callable[[], Any]] = [
    lambda: None,
    lambda: "text",
    lambda: object(),
    lambda: Fraction(1, 3),
    lambda: np.array(["a", "b"]),
    lambda: np.array([1.0, None], dtype=object),
    lambda: np.array([1, 2], dtype="datetime64[s]"),
    lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
    lambda: np.zeros(2, dtype=[("a", "d"), ("b", "l")]),
    lambda: types.SimpleNamespace(w=np.ones(2)),
    lambda: range(3),
    lambda: b"bytes",
    lambda: {1.0, 2.0},
    lambda: iter([1.0]),
    lambda: len,
]


def point(rng: Generator, odd: float = 0.015) -> Any:
    """A point: a leaf, or leaves in a nesting. A part of the leaves are no numbers."""
    if rng.random() < 0.5:
        return leaf(rng, odd / 2)
    leaves = [leaf(rng, odd) for _ in range(rng.choice([0, *[1, 2, 3] * 10]))]
    kind = rng.integers(7)
    if kind < 3:
        return {name(rng, i): value for i, value in enumerate(leaves)}
    if kind == 3:
        return leaves
    if kind == 4:
        return tuple(leaves)
    if kind == 5:
        return Pair(leaf(rng, odd), {"inside": leaves})
    return OrderedDict([("outer", {"inner": leaves}), ("x", leaf(rng, odd))])


def name(rng: Generator, number: int) -> Any:
    """A key of a dict."""
    return rng.choice([f"w{number}", f"a.{number}", f"b[{number}]", "", f"<i>{number}", f"ö\n{number}"])


def leaf(rng: Generator, odd: float) -> Any:
    """A leaf of a point."""
    if rng.random() < odd:
        return ODD[rng.integers(len(ODD))]()
    shape = SHAPES[rng.integers(len(SHAPES))]
    kind = KINDS[rng.integers(len(KINDS))]
    values = real(rng, shape)
    with np.errstate(all="ignore"):
        array = np.asarray(values + 1j * real(rng, shape) if kind in "DF" else values).astype(kind)
    form = rng.integers(10)
    if form == 0 and array.ndim:
        return np.asfortranarray(array)
    if form == 1 and array.ndim:
        return np.repeat(array, 2, axis=0)[::2]
    if form == 2 and array.ndim:
        array.flags.writeable = False
    if form == 3:
        return array.tolist()
    if form == 4 and shape == ():
        return array[()]
    if form == 5 and array.ndim == 1:
        return array[::-1]
    return array


def real(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Real numbers: most of them harmless."""
    values: NDArray[np.float64] = np.asarray(rng.standard_normal(shape))
    special = rng.random()
    if special < 0.6:
        return np.asarray(values * 10.0 ** rng.uniform(-1, 1))
    if special < 0.7:
        return np.asarray(values * 10.0 ** rng.uniform(-30, 30))
    if special < 0.78:
        return np.zeros(shape)
    if special < 0.86:
        return np.round(values)
    if special < 0.9:
        return np.full(shape, rng.choice([5e-324, 1e-310, 1e300, 1.7e308, -1e200]))
    if special < 0.98:
        return np.asarray(values * 10.0 ** rng.uniform(-20, 20, shape))
    spoilt = np.array(values)
    spoilt[rng.random(shape) < 0.3] = rng.choice([np.nan, np.inf, -np.inf])
    return spoilt
