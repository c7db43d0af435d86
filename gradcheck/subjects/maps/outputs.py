"""The outputs of a map as one flat vector of real numbers, and cotangents in the nesting of the outputs."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.pytree import Structure, flatten
from gradcheck.subjects.real_parts import as_complex, as_real
from gradcheck.subjects.validation import type_name

Array = NDArray[Any]


@dataclass(frozen=True)
class Outputs:
    """What a map returns: named arrays in some nesting.

    Attributes
    ----------
    names : tuple of str
    shapes : tuple of tuple of int
        As real arrays: those of complex outputs end in 2.
    dtypes : tuple of dtype
        As the map returned them.
    structure : Structure
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any], ...]
    structure: Structure

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of real numbers in each output."""
        return tuple(int(np.prod(shape, dtype=np.int64)) for shape in self.shapes)

    @property
    def size(self) -> int:
        """Number of real numbers in all outputs."""
        return sum(self.sizes)

    @property
    def slices(self) -> tuple[slice, ...]:
        """Where each output stands in the flat vector."""
        ends = list(accumulate(self.sizes))
        return tuple(slice(end - size, end) for end, size in zip(ends, self.sizes, strict=True))

    def is_complex(self, output: int) -> bool:
        """Whether an output is complex."""
        return self.dtypes[output].kind == "c"

    def flat(self, value: Any, source: str) -> NDArray[np.float64]:
        """The outputs as one vector of real numbers in double precision.

        Raises
        ------
        SubjectError, SubjectTypeError
            If the nesting or a shape differs from that at the first call.
        """
        leaves, structure = flatten(plain_list(value), "f")
        if not structure.matches(self.structure):
            raise SubjectError(
                f"{source} returned outputs {', '.join(structure.names)} here, and {', '.join(self.names)} at x0: a "
                "map must return the same nesting everywhere"
            )
        parts = []
        for name, shape, leaf in zip(self.names, self.shapes, leaves, strict=True):
            real = as_real(_array(leaf, name, source))
            if real.shape != shape and not (real.dtype.kind != "c" and (*real.shape, 2) == shape):
                raise SubjectError(
                    f"{source} returned {name} with shape {real.shape} here, and {shape} at x0: a map must return the "
                    "same shape everywhere"
                )
            if real.shape != shape:  # complex at x0, and real here
                real = np.stack([real, np.zeros_like(real)], axis=-1)
            parts.append(real.ravel())
        return np.concatenate(parts, dtype=np.float64) if parts else np.zeros(0)

    def nested(self, vector: NDArray[np.float64]) -> Any:
        """A cotangent in the nesting, shapes and types of the outputs."""
        leaves = []
        for part, shape, dtype in zip(self.slices, self.shapes, self.dtypes, strict=True):
            real = vector[part].reshape(shape)
            array = as_complex(real) if dtype.kind == "c" else real
            leaves.append(array.astype(dtype) if dtype.kind in "fc" else array.copy())
        return leaves[0] if self.structure.bare else self.structure.unflatten(leaves)

    def place(self, row: int) -> tuple[int, tuple[int, ...]]:
        """The output that a row of the Jacobian belongs to, and its index there."""
        for output, part in enumerate(self.slices):
            if part.start <= row < part.stop:
                index = np.unravel_index(row - part.start, self.shapes[output])
                return output, tuple(int(i) for i in index)
        raise IndexError(row)


def outputs_of(value: Any, source: str) -> Outputs:
    """Describe what a map returned.

    Raises
    ------
    SubjectTypeError
        If it is None, or an output is not an array of numbers.
    SubjectError
        If there is no output at all, or one is not finite.
    """
    if value is None:
        raise SubjectTypeError(f"{source} returned None instead of the outputs: is a `return` missing?")
    leaves, structure = flatten(plain_list(value), "f")
    arrays = [_array(leaf, name, source) for name, leaf in zip(structure.names, leaves, strict=True)]
    for name, array in zip(structure.names, arrays, strict=True):
        if not np.isfinite(array).all():
            where = np.argwhere(~np.isfinite(array))[0]
            index = f"[{', '.join(map(str, where))}]" if array.ndim else ""
            raise SubjectError(
                f"{source} returned {array[tuple(where)]} in {name}{index} at the point given: move to a point where "
                "all outputs are finite"
            )
    found = Outputs(
        structure.names, tuple(as_real(array).shape for array in arrays), tuple(a.dtype for a in arrays), structure
    )
    if found.size == 0:
        raise SubjectError(f"{source} returned no numbers: there is nothing to differentiate")
    return found


def plain_list(value: Any) -> Any:
    """A list of numbers, or of lists of numbers, as an array, as SciPy reads it; anything else as it is."""
    if type(value) not in (list, tuple) or not value:
        return value
    if all(isinstance(entry, numbers.Number) for entry in value):
        return np.asarray(value)
    rows = [type(entry) is list and all(isinstance(number, numbers.Number) for number in entry) for entry in value]
    return np.asarray(value) if all(rows) and len({len(entry) for entry in value}) == 1 else value


def _array(leaf: Any, name: str, source: str) -> Array:
    array = np.asarray(leaf)
    if array.dtype.kind not in "fiubc":
        raise SubjectTypeError(
            f"{source} returned a {type_name(leaf)} as {name}: outputs are arrays of numbers (or any nesting of dict, "
            "list, tuple of them)"
        )
    return array
