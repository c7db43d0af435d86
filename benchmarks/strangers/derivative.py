"""A derivative that somebody else wrote, at a point, and what a source of such derivatives is."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Arrays = dict[str, Array]


@dataclass(frozen=True)
class Derivative:
    """A loss and its gradient at a point.

    Attributes
    ----------
    fun : callable
        ``fun(x)`` is the loss at a mapping of blocks.
    grad : callable
        ``grad(x)`` is the gradient by its own library, a mapping of blocks.
    x0 : mapping of arrays
    detached : tuple of callables
        Gradients that lack a term, because one place of the computation does not propagate.
    forward : callable, optional
        ``forward(x, v)`` is the derivative along `v` by the same library's forward mode. Where a right gradient fails,
        the two modes are compared: if they differ, the library is at fault.
    fault : str
        Why this gradient of the library is wrong, where that is proved; empty for a right one.
    exact : bool
        Whether the loss is exact to rounding; else it is computed to a tolerance, as by an integrator.
    """

    fun: Callable[[Arrays], float]
    grad: Callable[[Arrays], Arrays]
    x0: Arrays
    detached: tuple[Callable[[Arrays], Arrays], ...] = ()
    forward: Callable[[Arrays, Arrays], float] | None = None
    fault: str = ""
    exact: bool = True


class NotApplicable(Exception):
    """A draw that is no case: nothing to differentiate, values that are not finite, or too large."""


Builder = Callable[[np.random.Generator], Derivative]


@dataclass(frozen=True)
class Source:
    """A source of derivatives.

    Attributes
    ----------
    name, family : str
    requires : tuple of str
        Modules without which the source is skipped.
    size : int
        Number of right gradients at full size.
    names : callable
        Names of the functions to draw from.
    build : callable
        The derivative of a name, with random numbers from a generator.
    exact : bool
        Whether its functions are exact to rounding, unless they say otherwise: they are checked with
        ``loss_accuracy=0``.
    """

    name: str
    family: str
    requires: tuple[str, ...]
    size: int
    names: Callable[[], tuple[str, ...]]
    build: Callable[[str, np.random.Generator], Derivative]
    exact: bool = True

    def missing(self) -> str:
        """The first required module that cannot be imported, or an empty string."""
        for module in self.requires:
            try:
                importlib.import_module(module)
            except ImportError:
                return module
        return ""


def _named(function: Callable[..., Derivative], name: str, rng: np.random.Generator) -> Derivative:
    return function(rng, name)


@dataclass
class Table:
    """Builders by name; used as a decorator: ``@table.add("cg")``."""

    builders: dict[str, Builder] = field(default_factory=dict)

    def add(self, *names: str) -> Callable[[Callable[..., Derivative]], Callable[..., Derivative]]:
        """Register a function under one name, or under several that it gets as its second argument."""

        def register(function: Callable[..., Derivative]) -> Callable[..., Derivative]:
            for name in names:
                if len(names) == 1:
                    self.builders[name] = function
                else:
                    self.builders[name] = partial(_named, function, name)
            return function

        return register

    def names(self) -> tuple[str, ...]:
        return tuple(self.builders)

    def build(self, name: str, rng: np.random.Generator) -> Derivative:
        return self.builders[name](rng)


def rng_for(seed: int, *words: str) -> np.random.Generator:
    """A generator that depends on nothing but a seed and words."""
    return np.random.default_rng([seed, zlib.crc32("/".join(words).encode())])


def copied(x: Mapping[str, Any]) -> Arrays:
    """A copy in float64."""
    return {name: np.array(value, dtype=float) for name, value in x.items()}


def finite(x: Mapping[str, Any]) -> bool:
    """Whether all entries are."""
    return all(bool(np.isfinite(value).all()) for value in x.values())


def shape_of(rng: np.random.Generator, most: int = 3, largest: int = 5) -> tuple[int, ...]:
    """A random shape, of one to `most` dimensions."""
    return tuple(int(n) for n in rng.integers(1, largest + 1, int(rng.integers(1, most + 1))))
