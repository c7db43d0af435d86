"""What a problem of the corpus is."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""An array of float64, or of complex128 where `benchmarks.corpus.verify` takes a complex step."""

Vector: TypeAlias = NDArray[np.float64]
Params: TypeAlias = "Vector | dict[str, Vector]"
"""What a loss is a function of: one array, or a dict of named blocks."""


def _no_points() -> Mapping[str, Params]:
    return {}


@dataclass(frozen=True)
class Problem:
    """A scalar loss, its exact gradient and a point.

    Attributes
    ----------
    name : str
        Unique in the corpus.
    family : str
        The kind of loss, for example ``"convolution"``.
    x0 : Params
        The point at which a checker is asked about the gradient.
    fun : callable
        ``fun(x) -> float``. In the corpus it also takes complex input, for which it is the analytic
        continuation on the piece that holds ``x.real``.
    grad : callable
        ``grad(x)``, with the structure of ``x``. At a kink it follows the usual conventions:
        the derivatives of relu and abs at 0 are 0, a tie of a maximum goes to the first entry.
    kinks : bool
        Whether `fun` has points where it is not differentiable.
    domain : str or None
        Where `fun` is defined, if not everywhere.
    special : Mapping of str to Params
        Points of particular interest: ``"on-kink"``, ``"on-many-kinks"``, ``"near-kink"``, ``"near-edge"``.
    """

    name: str
    family: str
    x0: Params
    fun: Callable[[Any], float]
    grad: Callable[[Any], Any]
    kinks: bool = False
    domain: str | None = None
    special: Mapping[str, Params] = field(default_factory=_no_points)

    @property
    def size(self) -> int:
        """Number of scalar parameters."""
        return sum(block.size for block in blocks(self.x0).values())


def blocks(x: Any) -> dict[str, Any]:
    """Return the blocks of `x` by name; a single array is one block called ``""``."""
    return x if isinstance(x, dict) else {"": x}


def like(x: Any, named: dict[str, Any]) -> Any:
    """Undo `blocks`: give `named` the structure of `x`."""
    return named if isinstance(x, dict) else named[""]


def tree_map(function: Callable[..., Any], x: Any, *rest: Any) -> Any:
    """Apply `function` block by block."""
    others = [blocks(other) for other in rest]
    return like(x, {key: function(block, *(other[key] for other in others)) for key, block in blocks(x).items()})


def array_map(function: Callable[..., Any], x: Any, *rest: Any) -> Any:
    """Do as `tree_map`, but keep blocks without dimensions as arrays."""
    return tree_map(lambda *args: np.asarray(function(*args)), x, *rest)


def rng_for(*words: str | int) -> np.random.Generator:
    """Return a generator seeded by names and numbers alone, the same on every machine."""
    return np.random.default_rng([word if isinstance(word, int) else zlib.crc32(word.encode()) for word in words])
