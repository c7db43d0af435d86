"""A map with many outputs as a subject: weighted by a cotangent u, it is a scalar function with the gradient Jᵀu."""

from __future__ import annotations

import builtins
import copy
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.maps.claim import Claim, JacobianClaim, PullbackClaim, named
from gradcheck.subjects.maps.outputs import outputs_of
from gradcheck.subjects.real_parts import CONVENTION, RealParameters
from gradcheck.subjects.selection import Wrt
from gradcheck.subjects.subject import Point, copied
from gradcheck.tracebacks import pass_on_signal

Array = NDArray[Any]

#: Outputs at earlier points are kept up to so many bytes: further cotangents along the same lines cost nothing.
KEPT_BYTES = 2**28

#: Said of a derivative that was passed as an array.
ONLY_HERE = (
    "the derivative was passed as an array: only your point was checked, and a mistake that does not show there is not "
    "seen; pass the function that computes it to check a generic point nearby as well"
)


class BudgetSpentError(Exception):
    """One more call of the user's function would exceed the budget: whoever asks for it does without, as at an edge."""


class Evaluations:
    """Outputs at the points where they were computed, and how often the user's function was called.

    Attributes
    ----------
    calls : int
    limit : float
        Calls that may be made; one more raises `BudgetSpentError`. What is known costs none.
    """

    def __init__(self) -> None:
        self.calls, self.limit = 0, math.inf
        self._kept: OrderedDict[bytes, NDArray[np.float64]] = OrderedDict()
        self._bytes = 0

    @property
    def spent(self) -> bool:
        """Whether no further call may be made."""
        return self.calls >= self.limit

    def count(self) -> None:
        """Count a call that is about to be made.

        Raises
        ------
        BudgetSpentError
        """
        if self.spent:
            raise BudgetSpentError("the evaluation budget is used up")
        self.calls += 1

    def get(self, key: bytes) -> NDArray[np.float64] | None:
        """The outputs at a point, if they are known."""
        return self._kept.get(key)

    def put(self, key: bytes, outputs: NDArray[np.float64]) -> None:
        """Remember the outputs at a point."""
        self._kept[key] = outputs
        self._bytes += outputs.nbytes + len(key)
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            old, value = self._kept.popitem(last=False)
            self._bytes -= value.nbytes + len(old)


class MapSubject(FunctionSubject):
    """``fun(x, *args)`` with any number of outputs, and a claim about its derivative.

    The loss is ⟨u, fun(x)⟩ for a cotangent u, which `with_cotangent` sets, and the claimed gradient the adjoint of the
    claimed Jacobian applied to u. Copies share the outputs that were computed.

    Parameters
    ----------
    fun : callable
    claim : Claim
    x0 : array or nesting of arrays
        Complex arrays become pairs of real numbers.
    args : sequence
    wrt : str or iterable of str, optional
    pair : bool
        Whether `fun` returns its outputs and something else.
    domain : callable, optional
        Whether a point (one array for each block) lies in the domain; outside the outputs are NaN.

    Attributes
    ----------
    outputs : Outputs
    evaluations : Evaluations
    claim : Claim
    cotangent : ndarray
    at_point : ndarray
        Outputs at `x0`.
    """

    parallel = True
    is_map = True

    def __init__(
        self,
        fun: Callable[..., Any],
        claim: Claim,
        x0: Any,
        args: Sequence[Any] = (),
        *,
        wrt: Wrt = None,
        pair: bool = False,
        domain: Callable[[Point], bool] | None = None,
    ) -> None:
        real = RealParameters(x0)
        super().__init__(fun, _unused, real.x0, args, wrt=wrt)
        self._real, self._pairs, self._domain = real, pair, domain
        self._map: Callable[..., Iterable[Any]] = map
        self._journal: Any = None
        self.claim = claim
        self.claim.complex_names = real.complex_names
        self.only_here = claim.only_here
        if self.only_here:
            self._notes[ONLY_HERE] = None
        if real.complex_names:
            self._notes[CONVENTION] = None
        self.evaluations = Evaluations()
        self.at_point = self._first()
        self.cotangent = np.ones(self.outputs.size)
        if any(map(self.outputs.is_complex, range(len(self.outputs.names)))):
            self._notes[CONVENTION] = None

    def _first(self) -> NDArray[np.float64]:
        """Outputs at `x0`; narrow parameters are promoted if the function accepts that."""
        with self.session():
            if self._promoted is None:
                try:
                    value = self._evaluated(copied(self.point), narrow=False)
                except Exception as error:
                    pass_on_signal(error)
                    self._promoted = False
                else:
                    self._promoted = True
            if self._promoted is not True:
                value = self._evaluated(copied(self.point), narrow=True)
        self.outputs = outputs_of(value, self._source)
        found = self.outputs.flat(value, self._source)
        self.evaluations.put(_key(self.point), found)
        return found

    def _evaluated(self, point: Point, *, narrow: bool) -> Any:
        self.evaluations.count()
        result = self._with(self._fun, point, narrow=narrow)
        if self._pairs:
            result = self._pair(result)[0]
        return result

    def _with(self, function: Callable[..., Any], point: Point, *extra: Any, narrow: bool) -> Any:
        """Call a function of the user with a point in the user's nesting, then `extra`, then further arguments."""
        if not extra and not self._real.complex_names:
            return self._call(function, point, narrow=narrow)
        restored = self._real.restored

        def called(x: Any, *args: Any) -> Any:
            return function(restored(x), *extra, *args)

        called.__qualname__ = named(function)
        return self._call(called, point, narrow=narrow)

    # -- the scalar function --------------------------------------------------------------------------------------

    def with_cotangent(self, cotangent: NDArray[np.float64]) -> MapSubject:
        """The same map, weighted by another cotangent."""
        found = copy.copy(self)
        found.cotangent = cotangent
        return found

    def outputs_at(self, point: Point) -> NDArray[np.float64]:
        """All outputs at a point, as a flat vector; NaN outside the domain."""
        key = _key(point)
        found = self.evaluations.get(key)
        if found is None:
            if self._domain is not None and not self._domain(point):
                return np.full(self.outputs.size, np.nan)
            found = self._read(point)
            if found is None:
                found = self._flat_outputs(copied(point))  # the function may write into it
                self._keep(point, found)
        return found

    def _flat_outputs(self, point: Point) -> NDArray[np.float64]:
        return self.outputs.flat(self._evaluated(point, narrow=not self._promoted), self._source)

    def outputs_again(self, point: Point) -> NDArray[np.float64]:
        """All outputs at a point, computed anew."""
        return self._flat_outputs(copied(point))

    def _read(self, point: Point) -> NDArray[np.float64] | None:
        """Outputs in the journal of an earlier check."""
        if self._journal is None:
            return None
        known = self._journal.arrays(self._journal.key("outputs", point))
        if known is None:
            return None
        self.evaluations.count()
        self.evaluations.put(_key(point), known[0])
        return np.asarray(known[0])

    def _keep(self, point: Point, outputs: NDArray[np.float64]) -> None:
        self.evaluations.put(_key(point), outputs)
        if self._journal is not None:
            self._journal.add_arrays(self._journal.key("outputs", point), [outputs])

    def evaluating(self, map: Callable[..., Iterable[Any]], journal: Any = None) -> MapSubject:
        """The same map, whose outputs at several points are computed by something like `map`, and kept in a journal."""
        found = copy.copy(self)
        found._map, found._journal, found.prepares = map, journal, map is not builtins.map
        return found

    def prepare(self, points: Sequence[Point]) -> None:
        """Compute the outputs at some points, all at once; those that raise an exception are left for later."""
        fresh = {_key(point): point for point in points if self.evaluations.get(_key(point)) is None}
        inside = [point for point in fresh.values() if self._domain is None or self._domain(point)]
        room = max(0, self.evaluations.limit - self.evaluations.calls)
        within = inside[: int(min(room, len(inside)))]
        asked = [point for point in within if self._read(point) is None]
        if len(asked) < 2:
            return
        apart = copy.copy(self)
        apart.evaluations, apart._map, apart._journal = Evaluations(), builtins.map, None
        for point, outputs in zip(asked, self._map(partial(_outputs_or_none, apart), asked), strict=True):
            if outputs is not None:
                self.evaluations.count()
                self._keep(point, outputs)

    def evaluated_at(self, point: Point) -> Any:
        """What the function returns at a point that may be complex; it is not kept."""
        return self._evaluated(point, narrow=False)

    def returned_for(self, leaves: Sequence[Any]) -> Any:
        """What the function returns for inputs of another kind, such as those with which JAX traces it."""
        self.evaluations.count()
        result = self._fun(self._parameters.nested(list(leaves), self._wide_fixed), *self._args)
        return self._pair(result)[0] if self._pairs else result

    def value_of(self, function: Callable[..., Any], point: Point) -> Any:
        """What another function of the user, with the same arguments, returns at a point."""
        return self._with(function, copied(point), narrow=False)

    def loss(self, point: Point) -> float:
        """⟨u, fun⟩ at a point."""
        moving = self.cotangent != 0.0
        if moving.all():
            return float(self.cotangent @ self.outputs_at(point))
        return float(self.cotangent[moving] @ self.outputs_at(point)[moving])

    def gradient(self, point: Point) -> Point:
        """The adjoint of the claimed Jacobian, applied to the cotangent."""
        found = self.claim.pullback(
            self._caller(point), self._checked_key(point), self.cotangent, self.outputs, self._parameters
        )
        self._add_notes()
        return tuple(np.array(g if g.dtype.kind == "f" else g.astype(np.float64)) for g in found)

    def product(self, point: Point, vectors: Sequence[Array]) -> NDArray[np.float64]:
        """The claimed Jacobian at a point, applied to a direction."""
        found = self.claim.product(
            self._caller(point), self._checked_key(point), vectors, self.outputs, self._parameters
        )
        return np.asarray(found, dtype=np.float64)

    def gradient_probe(self) -> None:
        """Read the claim at the user's point once, so that one of a wrong shape is refused before anything else."""
        with self.session():
            if isinstance(self.claim, JacobianClaim):
                self.claim.read(self._caller(copied(self.point)), _key(self.point), self.outputs, self._parameters)

    def claimed_matrix(self, point: Point) -> Any:
        """The Jacobian that was claimed at a point, if it is a matrix that was computed there."""
        return self.claim.matrix(_key(point))

    def _add_notes(self) -> None:
        if isinstance(self.claim, PullbackClaim):
            self._notes |= self.claim._notes

    def _caller(self, point: Point) -> Callable[..., Any]:
        return lambda function, *extra: self._with(function, point, *extra, narrow=True)

    def _checked_key(self, point: Point) -> bytes:
        if self.only_here and not all(map(np.array_equal, point, self.point)):
            raise SubjectError(f"the derivative of {self.name} was passed as an array: it is known at x0 alone")
        return _key(point)

    # -- other properties -----------------------------------------------------------------------------------------

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(block.name for block in self.blocks)

    @property
    def types(self) -> tuple[np.dtype[Any], ...]:
        """Types of inputs and outputs, as real ones."""
        found = [np.dtype(dtype) for dtype in self._types]
        found += [np.dtype(np.empty(0, dtype).real.dtype) for dtype in self.outputs.dtypes]
        return tuple(dtype for dtype in found if dtype.kind == "f")

    @property
    def samples(self) -> int:
        """A map has no samples."""
        return 1

    def remarked(self) -> dict[str, str]:
        """Side effects that calls have shown."""
        return self.remarks()


def pulled(fun: Callable[..., Any], source: str) -> PullbackClaim:
    """The claim of a function that returns its outputs and a pull-back."""

    def vjp(x: Any, cotangent: Any, *args: Any) -> Any:
        result = fun(x, *args)
        if not isinstance(result, (tuple, list)) or len(result) != 2 or not callable(result[1]):
            raise SubjectTypeError(
                f"{source}() returned a {type(result).__qualname__}: with vjp=True it must return the pair (outputs, "
                "pullback), where pullback(u) is the product with the adjoint"
            )
        return result[1](cotangent)

    vjp.__qualname__ = source
    return PullbackClaim(vjp, f"the pullback of {source}() returned")


def _outputs_or_none(subject: MapSubject, point: Point) -> NDArray[np.float64] | None:
    try:
        return subject._flat_outputs(copied(point))
    except Exception as error:
        pass_on_signal(error)
        return None


def _key(point: Point) -> bytes:
    return b"".join(np.ascontiguousarray(x).tobytes() for x in point)


def _unused(x: Any, *args: Any) -> Any:
    """In the place of a gradient, which a map has for each cotangent."""
    raise NotImplementedError
