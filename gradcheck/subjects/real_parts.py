"""Complex arrays as real ones: each number is the pair of its real and imaginary part, on a last axis of length 2."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.pytree import flatten

Array = NDArray[Any]

#: Said of a check with complex parameters or outputs.
CONVENTION = (
    "complex numbers are checked as pairs of real ones: the last index of an entry is 0 for the real and 1 for the "
    "imaginary part; inner products are the real part of vdot(u, y), so that an adjoint is the conjugate transpose"
)


def as_real(array: Array) -> Array:
    """The pairs of real and imaginary parts of a complex array; a real array as it is.

    Examples
    --------
    >>> as_real(np.array([1 + 2j])).tolist()
    [[1.0, 2.0]]
    """
    if array.dtype.kind != "c":
        return array
    return np.stack([array.real, array.imag], axis=-1)


def as_complex(pairs: Array) -> Array:
    """The complex array with these pairs of real and imaginary parts."""
    real, imaginary = pairs[..., 0], pairs[..., 1]
    return np.asarray(real + imaginary * np.array(1j, dtype=np.result_type(pairs.dtype, np.complex64)))


class RealParameters:
    """Nested parameters whose complex leaves are replaced by their real and imaginary parts.

    Parameters
    ----------
    x0 : nesting of arrays
        Leaves that are not complex stay as they are.

    Attributes
    ----------
    x0 : nesting of arrays
    complex_names : frozenset of str
        Names of the leaves that were complex.
    """

    def __init__(self, x0: Any) -> None:
        leaves, structure = flatten(x0, "x")
        kinds = [np.asarray(leaf).dtype.kind if _is_array(leaf) else "" for leaf in leaves]
        self.complex_names = frozenset(name for name, kind in zip(structure.names, kinds, strict=True) if kind == "c")
        self._positions = {i for i, kind in enumerate(kinds) if kind == "c"}
        self._structure = structure
        self.x0 = x0
        if self._positions:
            real = [as_real(np.asarray(leaf)) if i in self._positions else leaf for i, leaf in enumerate(leaves)]
            self.x0 = real[0] if structure.bare else structure.unflatten(real)

    def restored(self, tree: Any) -> Any:
        """The nesting as the user's functions take it, with complex leaves."""
        if not self._positions:
            return tree
        leaves = self._structure.leaves(tree)
        found = [as_complex(np.asarray(leaf)) if i in self._positions else leaf for i, leaf in enumerate(leaves)]
        return found[0] if self._structure.bare else self._structure.unflatten(found)

    def paired(self, tree: Any) -> Any:
        """A nesting like that of the parameters, with the pairs of complex leaves; one of another kind as it is."""
        try:
            leaves = self._structure.leaves(tree)
        except (TypeError, ValueError):  # whoever reads it says what is wrong
            return tree
        found = [
            as_real(np.asarray(leaf, dtype=np.result_type(np.asarray(leaf), np.complex64)))
            if i in self._positions and _is_number(leaf)
            else leaf
            for i, leaf in enumerate(leaves)
        ]
        return found[0] if self._structure.bare else self._structure.unflatten(found)


def _is_number(leaf: Any) -> bool:
    return leaf is not None and np.asarray(leaf).dtype.kind in "fciub"


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, (np.ndarray, np.generic, complex))
