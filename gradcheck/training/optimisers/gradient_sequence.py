"""The input on which a rule and its reference are compared: initial parameters and the gradients of each step.

The gradients do not depend on the parameters. The first difference between two rules therefore shows at the step and
entry where they differ, and does not grow into others. Sizes of gradients lie on both sides of any ε, within one
parameter. Signs are constant, alternate, or are random, since momentum and resilient propagation depend on them. One
entry has no gradient at all.
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


@dataclass(frozen=True)
class SequenceSettings:
    """Length of the sequence, default parameters, and sizes of the gradients.

    Attributes
    ----------
    steps : int
        From its default first step, resilient propagation reaches both of its bounds within 60 steps.
    shape : tuple of int
        Shape of the default parameters. All have the same shape, so that state can be shared by mistake.
    names : tuple of str
        Names of the default parameters.
    exponents : (float, float)
        Decimal exponents of the smallest and largest gradient: 1e-10 is below the usual ε, 100 is far above.
    variation : (float, float)
        Range of the factor by which the gradient of one entry varies from step to step.
    min_entries_for_zero : int
        With more entries than this, one of them gets no gradient.
    """

    steps: int = 60
    shape: tuple[int, ...] = (5, 4)
    names: tuple[str, ...] = ("w1", "w2", "w3")
    exponents: tuple[float, float] = (-10.0, 2.0)
    variation: tuple[float, float] = (0.3, 3.0)
    min_entries_for_zero: int = 8


SEQUENCE_SETTINGS = SequenceSettings()


@dataclass(frozen=True, slots=True)
class GradientSequence:
    """Initial parameters and the gradients of a number of steps. All entries are in one row.

    Attributes
    ----------
    start : ndarray, shape (entries,)
    grads : ndarray, shape (steps, entries)
    names : tuple of str
        Name of each block.
    shapes : tuple of tuple of int
        Shape of each block.
    slices : tuple of slice
        Position of each block in a row.
    block : ndarray of int, shape (entries,)
        Index of the block of each entry.
    dtype : dtype
        Type of the parameters.
    structure : Structure
        How the blocks are nested.
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
        """Number of steps."""
        return len(self.grads)

    @property
    def equal_shapes(self) -> bool:
        """Whether there are several blocks, all of the same shape."""
        return len(self.shapes) > 1 and len(set(self.shapes)) == 1

    def nest(self, row: Array) -> Any:
        """Copy the entries of a row into arrays that are nested as the parameters are."""
        return self.structure.unflatten(self.split(row))

    def split(self, row: Array) -> list[NDArray[Any]]:
        """Copy the entries of a row into one array per block."""
        return [
            row[part].reshape(shape).astype(self.dtype) for part, shape in zip(self.slices, self.shapes, strict=True)
        ]

    def place(self, entry: int) -> tuple[str, tuple[int, ...]]:
        """Block and index of an entry of a row."""
        block = int(self.block[entry])
        inside = np.unravel_index(entry - self.slices[block].start, self.shapes[block])
        return self.names[block], tuple(int(i) for i in inside)


def draw_gradient_sequence(params: Any, seed: int, steps: int = SEQUENCE_SETTINGS.steps) -> GradientSequence:
    """Draw gradients for parameters, or for default parameters if there are none.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the parameters are not arrays of float32 or float64.
    """
    rng = np.random.default_rng(seed)
    if params is None:
        params = {name: _default_parameters(SEQUENCE_SETTINGS.shape, rng) for name in SEQUENCE_SETTINGS.names}
    leaves, structure = flatten(params, "w")
    arrays = [_array(leaf, name) for leaf, name in zip(leaves, structure.names, strict=True)]
    if not arrays or not sum(array.size for array in arrays):
        raise SubjectError("params is empty: pass arrays for the rule to change, or leave it out")
    types = {array.dtype for array in arrays}
    if len(types) > 1:
        raise SubjectError(f"params holds {' and '.join(sorted(t.name for t in types))}: pass arrays of one type")
    ends = np.cumsum([0, *(array.size for array in arrays)])
    (dtype,) = types
    return GradientSequence(
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


def _default_parameters(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Parameters with every other entry zero. A small change of a zero is not rounded away."""
    drawn = rng.standard_normal(shape)
    drawn.ravel()[::2] = 0.0
    return drawn


def _gradients(sizes: list[int], steps: int, dtype: np.dtype[Any], rng: np.random.Generator) -> Array:
    """Gradients of all entries at all steps, exactly representable in their type."""
    entries = sum(sizes)
    scale = np.concatenate([10.0 ** rng.permutation(np.linspace(*SEQUENCE_SETTINGS.exponents, size)) for size in sizes])
    signs = rng.choice([-1.0, 1.0], (steps, entries))
    signs[:, 0::3] = signs[0, 0::3]
    signs[:, 1::3] = signs[0, 1::3] * (-1.0) ** np.arange(steps)[:, None]
    grads = signs * scale * rng.uniform(*SEQUENCE_SETTINGS.variation, (steps, entries))
    if entries > SEQUENCE_SETTINGS.min_entries_for_zero:
        grads[:, entries // 2] = 0.0
    return np.asarray(grads.astype(dtype), dtype=np.float64)


def _array(leaf: Any, name: str) -> NDArray[Any]:
    array = np.asarray(leaf)
    if array.dtype not in (np.float32, np.float64):
        raise SubjectTypeError(f"params: {name} holds {array.dtype}: pass arrays of float64 or float32")
    return array
