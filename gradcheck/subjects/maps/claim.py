"""What is claimed of the derivative of a map: products with the Jacobian, or with its adjoint, or both."""

from __future__ import annotations

import abc
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.maps.matrix import BlockMatrix, block_matrix
from gradcheck.subjects.maps.outputs import Outputs, outputs_of, plain_list
from gradcheck.subjects.masked import is_masked
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.real_parts import as_complex, as_real
from gradcheck.subjects.selection import Parameters
from gradcheck.subjects.validation import type_name, validated_gradient

Array = NDArray[Any]

#: So many Jacobians are kept: those at the user's point, at a generic one, and just beside them.
KEPT = 4


class Claim(abc.ABC):
    """A claimed derivative.

    Attributes
    ----------
    source : str
        What returned it, for messages: ``jac() returned``.
    pulls, pushes : bool
        Whether it has products with the adjoint, and with the Jacobian itself.
    only_here : bool
        Whether it is known at the user's point alone.
    calls : int
        How often the user's function was called.
    complex_names : frozenset of str
        Names of inputs that are complex for the user.
    """

    source: str
    pulls = True
    pushes = True
    only_here = False
    calls = 0
    complex_names: frozenset[str] = frozenset()

    @abc.abstractmethod
    def pullback(
        self, call: Callable[..., Any], key: bytes, cotangent: Array, outputs: Outputs, parameters: Parameters
    ) -> Sequence[Array]:
        """The adjoint applied to a cotangent: one real array for each input.

        Parameters
        ----------
        call : callable
            Calls a function with the point, in the user's own nesting, and with further arguments.
        key : bytes
            Identifies the point.
        cotangent : ndarray
        outputs : Outputs
        parameters : Parameters
        """

    @abc.abstractmethod
    def product(
        self, call: Callable[..., Any], key: bytes, vectors: Sequence[Array], outputs: Outputs, parameters: Parameters
    ) -> Array:
        """The Jacobian applied to a direction, given as one array for each input, as a flat vector."""

    def matrix(self, key: bytes) -> BlockMatrix | None:
        """The Jacobian at a point where it was computed already, if it is one."""
        return None


class JacobianClaim(Claim):
    """A Jacobian: a function of the point, or its value at the user's point.

    Parameters
    ----------
    jac : callable, matrix or nesting of matrices
    source : str
    pulls : bool
        Whether operators among its blocks have products with their adjoint.
    """

    def __init__(self, jac: Any, source: str, *, only_here: bool) -> None:
        self._jac, self.source, self.only_here = jac, source, only_here
        self._kept: OrderedDict[bytes, BlockMatrix] = OrderedDict()

    def read(self, call: Callable[..., Any], key: bytes, outputs: Outputs, parameters: Parameters) -> BlockMatrix:
        """The Jacobian at a point; a few are kept."""
        found = self._kept.get(key)
        if found is None:
            self.calls += not self.only_here
            value = self._jac if self.only_here else call(self._jac)
            found = block_matrix(value, parameters, outputs, self.complex_names, self.source)
            self._kept[key] = found
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def pullback(
        self, call: Callable[..., Any], key: bytes, cotangent: Array, outputs: Outputs, parameters: Parameters
    ) -> Sequence[Array]:
        """The adjoint of the Jacobian at the point, applied to a cotangent."""
        return self.read(call, key, outputs, parameters).pullback(cotangent)

    def product(
        self, call: Callable[..., Any], key: bytes, vectors: Sequence[Array], outputs: Outputs, parameters: Parameters
    ) -> Array:
        """The Jacobian at the point, applied to a direction."""
        return self.read(call, key, outputs, parameters).product(vectors)

    def matrix(self, key: bytes) -> BlockMatrix | None:
        """The Jacobian that was computed at a point."""
        return self._kept.get(key)


class PullbackClaim(Claim):
    """``vjp(x, u)``, shaped like `x`; or a function that returns outputs and a pull-back."""

    pushes = False

    def __init__(self, vjp: Callable[..., Any], source: str) -> None:
        self._vjp, self.source = vjp, source
        self._notes: dict[str, None] = {}

    def pullback(
        self, call: Callable[..., Any], key: bytes, cotangent: Array, outputs: Outputs, parameters: Parameters
    ) -> Sequence[Array]:
        """The user's vector-Jacobian product."""
        self.calls += 1
        result = call(self._vjp, outputs.nested(cotangent))
        return real_gradient(result, parameters, self.complex_names, self.source, self._notes)

    def product(
        self, call: Callable[..., Any], key: bytes, vectors: Sequence[Array], outputs: Outputs, parameters: Parameters
    ) -> Array:
        """Not known."""
        raise NotImplementedError


class ProductClaim(Claim):
    """``jvp(x, v)``, shaped like the outputs; v is shaped like `x`."""

    pulls = False

    def __init__(self, jvp: Callable[..., Any], source: str) -> None:
        self._jvp, self.source = jvp, source

    def pullback(
        self, call: Callable[..., Any], key: bytes, cotangent: Array, outputs: Outputs, parameters: Parameters
    ) -> Sequence[Array]:
        """Not known."""
        raise NotImplementedError

    def product(
        self, call: Callable[..., Any], key: bytes, vectors: Sequence[Array], outputs: Outputs, parameters: Parameters
    ) -> Array:
        """The user's Jacobian-vector product."""
        self.calls += 1
        names = self.complex_names
        leaves = [
            as_complex(v) if block.name in names else v.reshape(block.shape).copy()
            for v, block in zip(vectors, parameters.blocks, strict=True)
        ]
        narrow = [
            leaf.astype(array.dtype) if leaf.dtype.kind == "f" else leaf
            for leaf, array in zip(leaves, parameters.arrays, strict=True)
        ]
        others = [np.zeros_like(leaf) if _is_float(leaf) else leaf for leaf in parameters.others.values()]
        return tangent_of(call(self._jvp, parameters.nested(narrow, others)), outputs, self.source)


class ConjugatedClaim(PullbackClaim):
    """A pull-back in the convention of JAX: conjugate in, conjugate out.

    For a function of complex numbers JAX pulls cotangents back by the transpose of the Jacobian, PyTorch by its
    conjugate transpose. Each is the other one between two conjugations.
    """

    def pullback(
        self, call: Callable[..., Any], key: bytes, cotangent: Array, outputs: Outputs, parameters: Parameters
    ) -> Sequence[Array]:
        """The user's product of the conjugate cotangent, conjugated."""
        turned = cotangent.copy()
        for o, part in enumerate(outputs.slices):
            if outputs.is_complex(o):
                turned[part] = (turned[part].reshape(-1, 2) * [1.0, -1.0]).ravel()
        found = super().pullback(call, key, turned, outputs, parameters)
        names = self.complex_names
        return [
            g * np.array([1, -1], dtype=g.dtype) if block.name in names else g
            for g, block in zip(found, parameters.blocks, strict=True)
        ]


class PairClaim(Claim):
    """A product with directions and one with cotangents, from two functions.

    Parameters
    ----------
    products : ProductClaim
    pullbacks : PullbackClaim
    """

    independent = True

    def __init__(self, products: ProductClaim, pullbacks: PullbackClaim) -> None:
        self._products, self._pullbacks = products, pullbacks
        self.source = pullbacks.source

    def _counted(self) -> None:
        self.calls = self._products.calls + self._pullbacks.calls

    def pullback(
        self, call: Callable[..., Any], key: bytes, cotangent: Array, outputs: Outputs, parameters: Parameters
    ) -> Sequence[Array]:
        """The product with a cotangent."""
        self._pullbacks.complex_names = self.complex_names
        found = self._pullbacks.pullback(call, key, cotangent, outputs, parameters)
        self._counted()
        return found

    def product(
        self, call: Callable[..., Any], key: bytes, vectors: Sequence[Array], outputs: Outputs, parameters: Parameters
    ) -> Array:
        """The product with a direction."""
        self._products.complex_names = self.complex_names
        found = self._products.product(call, key, vectors, outputs, parameters)
        self._counted()
        return found


class AssembledClaim(Claim):
    """A product with directions as a matrix, column by column: one call for each parameter.

    Parameters
    ----------
    products : Claim
        Products with cotangents are not asked of it.
    """

    def __init__(self, products: Claim) -> None:
        self._products, self.source = products, products.source
        self._kept: OrderedDict[bytes, Array] = OrderedDict()

    def pullback(
        self, call: Callable[..., Any], key: bytes, cotangent: Array, outputs: Outputs, parameters: Parameters
    ) -> Sequence[Array]:
        """The adjoint of the matrix, applied to a cotangent."""
        matrix = self._kept.get(key)
        if matrix is None:
            columns = []
            for b, block in enumerate(parameters.blocks):
                for column in range(block.size):
                    vectors = [np.zeros(each.shape) for each in parameters.blocks]
                    vectors[b].ravel()[column] = 1.0
                    columns.append(self.product(call, key, vectors, outputs, parameters))
            self._kept[key] = matrix = np.stack(columns, axis=1)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        sizes = [block.size for block in parameters.blocks]
        parts = np.split(matrix.T @ cotangent, np.cumsum(sizes)[:-1])
        return [part.reshape(block.shape) for part, block in zip(parts, parameters.blocks, strict=True)]

    def product(
        self, call: Callable[..., Any], key: bytes, vectors: Sequence[Array], outputs: Outputs, parameters: Parameters
    ) -> Array:
        """The user's Jacobian-vector product."""
        self._products.complex_names = self.complex_names
        found = self._products.product(call, key, vectors, outputs, parameters)
        self.calls = self._products.calls
        return found


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fc"


def tangent_of(value: Any, outputs: Outputs, source: str) -> Array:
    """A Jacobian-vector product as a flat vector.

    Raises
    ------
    SubjectError, SubjectTypeError
        If it does not have the nesting and the shapes of the outputs.
    """
    if value is None:
        raise SubjectTypeError(f"{source} None instead of the product: is a `return` missing?")
    value = plain_list(value)
    if outputs.structure.bare and isinstance(value, np.ndarray) and value.size * 1 == outputs.size:
        array = np.asarray(value)
        if array.dtype.kind in "fiub" and array.shape != outputs.shapes[0] and not outputs.is_complex(0):
            value = array.reshape(outputs.shapes[0])
    return outputs.flat(value, source.removesuffix(" returned"))


def real_gradient(
    tree: Any, parameters: Parameters, complex_names: frozenset[str], source: str, notes: dict[str, None]
) -> Sequence[Array]:
    """A gradient as one real array for each input, those of complex inputs in pairs."""
    if complex_names:
        tree = _paired(tree, parameters, complex_names)
    return validated_gradient(tree, parameters, source, notes)


def _paired(tree: Any, parameters: Parameters, complex_names: frozenset[str]) -> Any:
    """The gradient with its complex leaves as pairs of real ones."""
    if parameters.structure.bare:
        return _pairs(tree)
    leaves, found = flatten(tree, "x", is_leaf=lambda node: node is None)
    pairs = zip(found.names, leaves, strict=True)
    return found.unflatten([_pairs(leaf) if name in complex_names else leaf for name, leaf in pairs])


def _pairs(leaf: Any) -> Any:
    """The real and imaginary parts of a gradient; what holds no numbers as it is."""
    value = plain_list(leaf)
    if is_masked(value):
        value = np.ma.filled(value.astype(complex), np.nan)
    if not isinstance(value, (np.ndarray, np.generic, int, float, complex)):
        return leaf
    array = np.asarray(value)
    return as_real(array.astype(np.result_type(array, np.complex64))) if array.dtype.kind in "fiubc" else leaf


def described(value: Any, source: str) -> Outputs:
    """The outputs of a first call."""
    return outputs_of(value, source)


def named(function: Any) -> str:
    """Name of a function in messages."""
    return getattr(function, "__qualname__", type(function).__qualname__)


def require_callable(function: Any, argument: str, hint: str) -> None:
    """Refuse what is not a function.

    Raises
    ------
    SubjectTypeError
        Naming the argument and what to pass.
    """
    if not callable(function):
        raise SubjectTypeError(f"{argument} is a {type_name(function)}: {hint}")
