"""What an update rule is given: parameters to start from, and the gradients of each step.

The gradients do not depend on the parameters, so that two rules can be told apart at the very step and entry where they
part, and one difference does not grow into many. Their sizes lie on both sides of any ε, within one parameter; their
signs stay, alternate, or are drawn, for those are what momentum and resilient propagation go by; and one entry has no
gradient at all.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.pytree import Structure, flatten

Array = NDArray[np.float64]

#: Steps. From its default first step, resilient propagation has reached both of its bounds by then.
STEPS = 60

#: Shape of the parameters where none are given, and their names. Equal shapes, so that state can be shared by mistake.
SHAPE, NAMES = (5, 4), ("w1", "w2", "w3")


@dataclass(frozen=True, slots=True)
class Track:
    """Parameters and gradients of a number of steps, all entries in one row.

    Attributes
    ----------
    start : ndarray, shape (entries,)
    grads : ndarray, shape (steps, entries)
    names : tuple of str
        One a block.
    shapes : tuple of tuple of int
    slices : tuple of slice
        Where each block lies.
    block : ndarray of int, shape (entries,)
        Index of the block of each entry.
    dtype : dtype
        Of the parameters.
    structure : Structure
        How they are nested.
    seed : int
    """

    start: Array
    grads: Array
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    slices: tuple[slice, ...]
    block: NDArray[np.intp]
    dtype: np.dtype[Any]
    structure: Structure
    seed: int

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.grads)

    @property
    def alike(self) -> bool:
        """Whether there are several blocks, all of one shape."""
        return len(self.shapes) > 1 and len(set(self.shapes)) == 1

    def nest(self, row: Array) -> Any:
        """Make fresh arrays of the entries of a row, nested as the parameters are."""
        return self.structure.unflatten(self.split(row))

    def split(self, row: Array) -> list[NDArray[Any]]:
        """Make fresh arrays of the entries of a row, one a block."""
        return [
            row[part].reshape(shape).astype(self.dtype) for part, shape in zip(self.slices, self.shapes, strict=True)
        ]

    def place(self, entry: int) -> tuple[str, tuple[int, ...]]:
        """Block and index of an entry of a row."""
        block = int(self.block[entry])
        inside = np.unravel_index(entry - self.slices[block].start, self.shapes[block])
        return self.names[block], tuple(int(i) for i in inside)


def track_of(params: Any, seed: int, steps: int = STEPS) -> Track:
    """Draw gradients for parameters; of three of shape (5, 4) if there are none.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the parameters are not arrays of float32 or float64.
    """
    rng = np.random.default_rng(seed)
    if params is None:
        params = {name: _start(SHAPE, rng) for name in NAMES}
    leaves, structure = flatten(params, "w")
    arrays = [_array(leaf, name) for leaf, name in zip(leaves, structure.names, strict=True)]
    if not arrays or not sum(array.size for array in arrays):
        raise SubjectError("params is empty: pass arrays for the rule to change, or leave it out")
    types = {array.dtype for array in arrays}
    if len(types) > 1:
        raise SubjectError(f"params holds {' and '.join(sorted(t.name for t in types))}: pass arrays of one type")
    ends = np.cumsum([0, *(array.size for array in arrays)])
    (dtype,) = types
    return Track(
        start=np.concatenate([array.ravel() for array in arrays]).astype(np.float64),
        grads=_gradients([array.size for array in arrays], steps, dtype, rng),
        names=structure.names,
        shapes=tuple(array.shape for array in arrays),
        slices=tuple(slice(int(a), int(b)) for a, b in itertools.pairwise(ends)),
        block=np.repeat(np.arange(len(arrays)), [array.size for array in arrays]),
        dtype=dtype,
        structure=structure,
        seed=seed,
    )


def _start(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Parameters of which each other entry is zero: beside nothing else a small change is not rounded away."""
    values = rng.standard_normal(shape)
    values.ravel()[::2] = 0.0
    return values


def _gradients(sizes: list[int], steps: int, dtype: np.dtype[Any], rng: np.random.Generator) -> Array:
    """Gradients of all entries at all steps, exactly as their type holds them."""
    entries = sum(sizes)
    scale = np.concatenate([10.0 ** rng.permutation(np.linspace(-10.0, 2.0, size)) for size in sizes])
    signs = rng.choice([-1.0, 1.0], (steps, entries))
    signs[:, 0::3] = signs[0, 0::3]
    signs[:, 1::3] = signs[0, 1::3] * (-1.0) ** np.arange(steps)[:, None]
    grads = signs * scale * rng.uniform(0.3, 3.0, (steps, entries))
    if entries > 8:
        grads[:, entries // 2] = 0.0
    return np.asarray(grads.astype(dtype), dtype=np.float64)


def _array(leaf: Any, name: str) -> NDArray[Any]:
    array = np.asarray(leaf)
    if array.dtype not in (np.float32, np.float64):
        raise SubjectTypeError(f"params: {name} holds {array.dtype}: pass arrays of float64 or float32")
    return array
