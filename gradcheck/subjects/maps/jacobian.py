"""A map with its Jacobian as a subject: the Jacobian is a function, its value at the point, or returned by the map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.maps.claim import (
    AssembledClaim,
    Claim,
    JacobianClaim,
    ProductClaim,
    named,
    require_callable,
)
from gradcheck.subjects.maps.domain import bounded
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.maps.matrix import is_operator, is_sparse
from gradcheck.subjects.maps.settings import MAPS
from gradcheck.subjects.selection import Wrt


def jacobian_subject(
    fun: Callable[..., Any], jac: Any, x0: Any, args: Sequence[Any] = (), *, wrt: Wrt = None, bounds: Any = None
) -> MapSubject:
    """A map with its Jacobian as a subject.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the arguments cannot be checked.
    """
    require_callable(fun, "fun", "pass a function of the parameters, check_jacobian(fun, jac, x0)")
    if callable(x0) and not hasattr(x0, "__array__"):
        raise SubjectTypeError(
            "x0 is a function: pass the function that computes the Jacobian before the point, check_jacobian(fun, jac, "
            "x0)"
        )
    if jac is None or isinstance(jac, (str, bytes)) or jac is False:
        raise SubjectTypeError(
            f"jac is {jac!r}: pass the function that computes the Jacobian, its value at x0, or True if fun returns "
            "(outputs, jacobian)"
        )
    args = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    x0, domain, notes = bounded(x0, bounds, wrt)
    claim: Claim
    if jac is True:
        claim = JacobianClaim(_second(fun), f"{named(fun)}() returned", only_here=False)
    elif callable(jac) and not is_operator(jac) and not is_sparse(jac) and not isinstance(jac, np.ndarray):
        claim = JacobianClaim(jac, f"{named(jac)}() returned", only_here=False)
    else:
        claim = JacobianClaim(jac, "jac holds", only_here=True)
    subject = MapSubject(fun, claim, x0, args, wrt=wrt, pair=jac is True, domain=domain)
    subject._notes |= dict.fromkeys(notes)
    without_adjoints(subject, claim)
    return subject


def without_adjoints(subject: MapSubject, claim: JacobianClaim) -> None:
    """Note operators that have no products with their adjoint; the claim is then one of products alone."""
    subject.gradient_probe()
    matrix = subject.claimed_matrix(subject.point)
    if matrix is None or all(_has_adjoint(block) for block in matrix.blocks.values()):
        return
    products = _OperatorProducts(claim)
    subject.claim = product_claim(products, sum(block.size for block in subject.blocks))
    subject.claim.only_here = claim.only_here
    subject.claim.complex_names = claim.complex_names


def _has_adjoint(block: Any) -> bool:
    if not is_operator(block):
        return True
    try:
        block.rmatvec(np.zeros(block.shape[0]))
    except (NotImplementedError, AttributeError):
        return False
    return True


class _OperatorProducts(ProductClaim):
    """Products with the operators that a Jacobian consists of."""

    def __init__(self, jacobian: JacobianClaim) -> None:
        self._jacobian, self.source = jacobian, jacobian.source

    def product(self, call: Any, key: bytes, vectors: Any, outputs: Any, parameters: Any) -> Any:
        """The operator applied to a direction."""
        self._jacobian.complex_names = self.complex_names
        found = self._jacobian.product(call, key, vectors, outputs, parameters)
        self.calls = self._jacobian.calls
        return found


def _second(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The Jacobian of a function that returns its outputs and their Jacobian."""

    def jacobian(x: Any, *args: Any) -> Any:
        result = fun(x, *args)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise SubjectTypeError(
                f"{named(fun)}() returned a {type(result).__qualname__}: with jac=True it must return the pair "
                "(outputs, jacobian)"
            )
        return result[1]

    jacobian.__qualname__ = named(fun)
    return jacobian


def product_claim(products: ProductClaim, size: int) -> Claim:
    """A claim with products alone: as a matrix if the parameters are few."""
    return AssembledClaim(products) if size <= MAPS.columns_most else products
