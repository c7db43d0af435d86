"""A Jacobian as it was given (dense, sparse, an operator, a nesting of blocks), as products with vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.maps.outputs import Outputs, plain_list
from gradcheck.subjects.masked import is_masked
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.real_parts import as_complex, as_real
from gradcheck.subjects.selection import Parameters
from gradcheck.subjects.validation import type_name

Array = NDArray[Any]


class Matrix(Protocol):
    """What is needed of a block: its shape and products with it and with its conjugate transpose."""

    @property
    def shape(self) -> tuple[int, int]:  # noqa: D102
        ...

    def matvec(self, v: Array) -> Array:  # noqa: D102
        ...

    def rmatvec(self, u: Array) -> Array:  # noqa: D102
        ...


@dataclass(frozen=True)
class Plain:
    """A dense or a sparse matrix."""

    matrix: Any

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return cast("tuple[int, int]", tuple(self.matrix.shape))

    @cached_property
    def _adjoint(self) -> Any:
        return self.matrix.conj().T

    def matvec(self, v: Array) -> Array:
        """The product with a vector."""
        with np.errstate(all="ignore"):  # a matrix that is not finite is judged, and no mistake of the call
            return np.asarray(self.matrix @ v).ravel()

    def rmatvec(self, u: Array) -> Array:
        """The product of the conjugate transpose with a vector."""
        with np.errstate(all="ignore"):
            return np.asarray(self._adjoint @ u).ravel()


class Absent:
    """A block that is claimed to be zero."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape

    def matvec(self, v: Array) -> Array:  # noqa: D102
        return np.zeros(self.shape[0])

    def rmatvec(self, u: Array) -> Array:  # noqa: D102
        return np.zeros(self.shape[1])


def is_sparse(value: Any) -> bool:
    """Whether a value is a sparse matrix or array of SciPy."""
    return type(value).__module__.startswith("scipy.sparse") and hasattr(value, "tocsr")


def is_operator(value: Any) -> bool:
    """Whether a value has products with vectors, and no entries."""
    return callable(getattr(value, "matvec", None)) and hasattr(value, "shape")


@dataclass(frozen=True)
class BlockMatrix:
    """A Jacobian in blocks, one for each pair of an output and an input.

    Attributes
    ----------
    blocks : dict of (int, int) to Matrix
        By output and input.
    parameters : Parameters
        The inputs; their arrays are real.
    outputs : Outputs
    complex_inputs : tuple of bool
    whole : bool
        Whether there is one matrix for all outputs and inputs together, under the key (0, 0).
    """

    blocks: dict[tuple[int, int], Any]
    parameters: Parameters
    outputs: Outputs
    complex_inputs: tuple[bool, ...]
    whole: bool = False

    def product(self, vectors: Sequence[Array]) -> NDArray[np.float64]:
        """J v as a flat vector of real numbers."""
        inputs = [_complexed(v, flag) for v, flag in zip(vectors, self.complex_inputs, strict=True)]
        if self.whole:
            found = self.blocks[0, 0].matvec(np.concatenate(inputs))
            return np.concatenate([self._real(part, o) for o, part in enumerate(self._split_outputs(found))])
        rows = []
        for o in range(len(self.outputs.names)):
            total = sum(self.blocks[o, i].matvec(v) for i, v in enumerate(inputs))
            rows.append(self._real(np.asarray(total), o))
        return np.concatenate(rows)

    def pullback(self, cotangent: NDArray[np.float64]) -> list[Array]:
        """The adjoint of J applied to a cotangent, one real array for each input."""
        parts = [_complexed(cotangent[part], self.outputs.is_complex(o)) for o, part in enumerate(self.outputs.slices)]
        shapes = [array.shape for array in self.parameters.arrays]
        if self.whole:
            found = self.blocks[0, 0].rmatvec(np.concatenate(parts))
            ends = np.cumsum([_count(shape, flag) for shape, flag in zip(shapes, self.complex_inputs, strict=True)])
            sums = np.split(found, ends[:-1])
        else:
            sums = [
                np.asarray(sum(self.blocks[o, i].rmatvec(u) for o, u in enumerate(parts))) for i in range(len(shapes))
            ]
        return [
            _realised(g, flag).reshape(shape) for g, flag, shape in zip(sums, self.complex_inputs, shapes, strict=True)
        ]

    def stores(self, output: int, row: int, block: int, column: int) -> bool | None:
        """Whether a sparse block has an entry at a place; None if it is not sparse or not in blocks of real numbers."""
        matrix = getattr(self.blocks.get((output, block)), "matrix", None)
        if self.whole or matrix is None or not is_sparse(matrix) or self.outputs.is_complex(output):
            return None
        line = matrix.tocsr()[[row], :].tocoo()
        return bool((line.col == column).any())

    @property
    def finite(self) -> tuple[int, int] | None:
        """The block that holds a NaN or an infinity, if one does."""
        for key, block in self.blocks.items():
            matrix = getattr(block, "matrix", None)
            data = getattr(matrix, "data", matrix) if is_sparse(matrix) else matrix
            if isinstance(data, np.ndarray) and not np.isfinite(data).all():
                return key
        return None

    def _split_outputs(self, flat: Array) -> list[Array]:
        sizes = [size // 2 if self.outputs.is_complex(o) else size for o, size in enumerate(self.outputs.sizes)]
        return np.split(flat, np.cumsum(sizes)[:-1])

    def _real(self, part: Array, output: int) -> NDArray[np.float64]:
        return _realised(part, self.outputs.is_complex(output)).ravel().astype(np.float64)


def _complexed(array: Array, is_complex: bool) -> Array:
    """A flat vector, of complex numbers where the array holds pairs of their parts."""
    return as_complex(array.reshape(-1, 2)) if is_complex else array.ravel()


def _realised(array: Array, is_complex: bool) -> Array:
    """Pairs of real and imaginary parts, or the real part alone."""
    if not is_complex:
        return array.real
    return as_real(array if array.dtype.kind == "c" else array.astype(np.complex128))


def _count(shape: tuple[int, ...], is_complex: bool) -> int:
    size = int(np.prod(shape, dtype=np.int64))
    return size // 2 if is_complex else size


def block_matrix(
    value: Any, parameters: Parameters, outputs: Outputs, complex_names: frozenset[str], source: str
) -> BlockMatrix:
    """Read a Jacobian.

    Parameters
    ----------
    value : ndarray, sparse matrix, LinearOperator, or nesting of them
        One matrix for all outputs and inputs, in their order; or the nesting of the outputs, each with the nesting of
        the inputs. None is a block of zeros.
    parameters : Parameters
    outputs : Outputs
    complex_names : frozenset of str
        Names of the complex inputs.
    source : str
        What returned or holds it, for messages: ``jac() returned``.

    Raises
    ------
    SubjectError, SubjectTypeError
        If its nesting or a shape does not fit.
    """
    names = [block.name for block in parameters.blocks]
    flags = tuple(name in complex_names for name in names)
    if value is None:
        raise SubjectTypeError(f"{source} None instead of the Jacobian: is a `return` missing?")
    rows = [_count(shape, outputs.is_complex(o)) for o, shape in enumerate(outputs.shapes)]
    columns = [_count(block.shape, flag) for block, flag in zip(parameters.blocks, flags, strict=True)]
    bare = outputs.structure.bare and parameters.structure.bare
    value = plain_list(value)
    single = isinstance(value, np.ndarray) or is_sparse(value) or is_operator(value) or np.isscalar(value)
    if single and not bare and _ndim(value) == 2 and tuple(value.shape) == (sum(rows), sum(columns)):
        whole = {(0, 0): _matrix(value, (sum(rows), sum(columns)), None, f"{source} the Jacobian")}
        return BlockMatrix(whole, parameters, outputs, flags, whole=True)
    blocks: dict[tuple[int, int], Any] = {}
    for o, per_output in enumerate(_by_output(value, outputs, source)):
        leaves = _by_input(per_output, parameters, outputs.names[o], source)
        for i, leaf in enumerate(leaves):
            shape = (rows[o], columns[i])
            full = (*_plain(outputs.shapes[o], outputs.is_complex(o)), *_plain(parameters.blocks[i].shape, flags[i]))
            called = f"{source} the Jacobian" if bare else f"{source} the block ({outputs.names[o]}, {names[i]})"
            blocks[o, i] = Absent(shape) if leaf is None else _matrix(leaf, shape, full, called)
    return BlockMatrix(blocks, parameters, outputs, flags)


def _ndim(value: Any) -> int:
    return len(getattr(value, "shape", ()))


def _plain(shape: tuple[int, ...], is_complex: bool) -> tuple[int, ...]:
    return shape[:-1] if is_complex else shape


def _by_output(value: Any, outputs: Outputs, source: str) -> list[Any]:
    if outputs.structure.bare:
        return [value]
    try:
        return outputs.structure.leaves(value)
    except (ValueError, TypeError):
        raise SubjectError(
            f"{source} a {type_name(value)}, but there are the outputs {', '.join(outputs.names)}: return one matrix "
            "for all outputs and inputs, or the nesting of the outputs with a Jacobian in each place"
        ) from None


def _by_input(value: Any, parameters: Parameters, output: str, source: str) -> list[Any]:
    if parameters.structure.bare:
        return [value]
    leaves, found = flatten(value, "x", is_leaf=lambda node: node is None)
    by_name = dict(zip(found.names, leaves, strict=True))
    missing = [block.name for block in parameters.blocks if block.name not in by_name]
    if missing:
        raise SubjectError(
            f"{source} no derivative of {output} with respect to {', '.join(missing)}: return the nesting of x0 with a "
            "Jacobian in each place (None is a block of zeros), or one matrix for all inputs in their order"
        )
    return [by_name[block.name] for block in parameters.blocks]


def _matrix(leaf: Any, shape: tuple[int, int], full: tuple[int, ...] | None, called: str) -> Any:
    """One block as a matrix."""
    if is_operator(leaf) and not isinstance(leaf, np.ndarray) and not is_sparse(leaf):
        _require(tuple(leaf.shape), shape, called)
        return leaf
    if is_sparse(leaf):
        found = leaf if len(leaf.shape) == 2 else leaf.reshape(shape)
        _require(tuple(found.shape), shape, called)
        return Plain(found)
    array = np.ma.filled(leaf.astype(np.result_type(leaf, np.float16)), np.nan) if is_masked(leaf) else leaf
    array = np.asarray(plain_list(array))
    if array.dtype.kind not in "fiubc":
        raise SubjectTypeError(f"{called} as a {type_name(leaf)}: pass an array, a sparse matrix or an operator")
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    squeezed = [n for n in array.shape if n != 1]
    if array.shape != full and squeezed != [n for n in full or shape if n != 1] and tuple(array.shape) != shape:
        _require(tuple(array.shape), full or shape, called)
    return Plain(array.reshape(shape))


def _require(found: tuple[int, ...], wanted: tuple[int, ...], called: str) -> None:
    if found == wanted:
        return
    hint = ": transpose it? (GC201 transposed)" if found == wanted[::-1] else ""
    raise SubjectError(
        f"{called} with shape {found}, but the outputs and inputs make it {wanted}: one row for each output and one "
        f"column for each parameter{hint}"
    )
