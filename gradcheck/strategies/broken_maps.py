"""The strategies `broken_functions` and `broken_operators`: right ones with one mistake in their derivative."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import note, reject
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.nn.kinds import nearest
from gradcheck.strategies.choice import evenly
from gradcheck.strategies.functions import DrawnFunction
from gradcheck.strategies.functions import functions as drawn_functions
from gradcheck.strategies.operators import DrawnOperator
from gradcheck.strategies.operators import operators as drawn_operators

Array = NDArray[Any]

#: A mistake must change the derivative by this part of its norm. Less can be a matter of rounding.
LEAST_EFFECT = 0.01

#: Of a Jacobian, a row and a column of it, the wrong one; None where the mistake is not possible.
Change = Callable[[Array, int, int], Array | None]


def _exchanged(j: Array, row: int, column: int) -> Array | None:
    if len(j) < 2:
        return None
    found = j.copy()
    found[[row, (row + 1) % len(j)]] = found[[(row + 1) % len(j), row]]
    return found


def _without_row(j: Array, row: int, column: int) -> Array | None:
    found = j.copy()
    found[row] = 0
    return found


def _one_entry(j: Array, row: int, column: int) -> Array | None:
    found = j.copy()
    found[row, column] *= 1.5
    return found


def _transposed(j: Array, row: int, column: int) -> Array | None:
    return j.T.copy() if j.shape[0] == j.shape[1] else None


#: Mistakes of a Jacobian by the slug that names them.
FUNCTION_MISTAKES: dict[str, Change] = {
    "sign-flipped": lambda j, row, column: -j,
    "constant-factor": lambda j, row, column: j / 2,
    "zero-gradient": _without_row,
    "transposed": _transposed,
    "swapped-blocks": _exchanged,
    "isolated-entries": _one_entry,
}

#: Mistakes of an adjoint by slug: from the operator, an output and a place, the wrong product; None where not possible.
OPERATOR_MISTAKES: dict[str, Callable[[DrawnOperator, Array], Array | None]] = {
    "sign-flipped": lambda a, y: -a.adjoint(y),
    "constant-factor": lambda a, y: a.adjoint(y) / 2,
    "not-conjugated": lambda a, y: a.adjoint(y.conj()).conj() if a.dtype.kind == "c" else None,
    "transposed": lambda a, y: a.forward(y) if a.shape[0] == a.shape[1] else None,
    "reversed-axis": lambda a, y: a.adjoint(y)[::-1] if a.shape[1] > 1 else None,
    "shifted": lambda a, y: np.roll(a.adjoint(y), 1) if a.shape[1] > 1 else None,
}


@dataclass(frozen=True)
class BrokenFunction:
    """A function whose derivative has a mistake, in the Jacobian and in both products alike.

    Attributes
    ----------
    right : DrawnFunction
    slug : str
        The mistake.
    row, column : int
        Where it is, if it is in one place.
    """

    right: DrawnFunction
    slug: str
    row: int = 0
    column: int = 0

    def __call__(self, x: Array) -> Any:
        """The value at a point."""
        return self.right(x)

    @property
    def x0(self) -> Array:
        """The point."""
        return self.right.x0

    def jac(self, x: Array) -> Array:
        """The wrong Jacobian."""
        right = self.right.jac(x)
        rows = np.atleast_2d(right)
        wrong = FUNCTION_MISTAKES[self.slug](rows, self.row % rows.shape[0], self.column % rows.shape[1])
        assert wrong is not None
        return wrong.reshape(right.shape)

    def jvp(self, x: Array, v: Array) -> Any:
        """The wrong Jacobian times a direction."""
        return self.jac(x) @ v

    def vjp(self, x: Array, u: Any) -> Array:
        """The transposed wrong Jacobian times a cotangent."""
        return np.asarray(self.jac(x).T @ u if self.jac(x).ndim == 2 else self.jac(x) * u)


@dataclass(frozen=True)
class BrokenOperator:
    """An operator whose adjoint has a mistake.

    Attributes
    ----------
    right : DrawnOperator
    slug : str
        The mistake.
    """

    right: DrawnOperator
    slug: str

    @property
    def x_like(self) -> Array:
        """Zeros, shaped like the input."""
        return self.right.x_like

    @property
    def y_like(self) -> Array:
        """Zeros, shaped like the output."""
        return self.right.y_like

    def forward(self, x: Array) -> Array:
        """The operator applied to an input."""
        return self.right.forward(x)

    def adjoint(self, y: Array) -> Array:
        """What is claimed to be its adjoint, applied to an output."""
        found = OPERATOR_MISTAKES[self.slug](self.right, y)
        assert found is not None
        return found


def broken_functions(
    *, functions: st.SearchStrategy[DrawnFunction] | None = None, slugs: Iterable[str] | None = None
) -> st.SearchStrategy[BrokenFunction]:
    """Draw functions whose derivative has one mistake that shows at the point.

    Parameters
    ----------
    functions : SearchStrategy, optional
        What `functions` returns.
    slugs : iterable of str, optional
        Slugs of mistakes; all that a Jacobian can have by default.

    Returns
    -------
    SearchStrategy of BrokenFunction

    Raises
    ------
    SubjectError
        If a mistake is none that a Jacobian can have.

    Examples
    --------
    >>> import gradcheck
    >>> from hypothesis import find
    >>> f = find(broken_functions(slugs=["swapped-blocks"]), lambda f: True)
    >>> gradcheck.check_jacobian(f, f.jac, f.x0, rng=0).verdict.value
    'fail'
    """
    chosen = _chosen(slugs, FUNCTION_MISTAKES)
    return _broken_functions(drawn_functions() if functions is None else functions, chosen)


def broken_operators(
    *, operators: st.SearchStrategy[DrawnOperator] | None = None, slugs: Iterable[str] | None = None
) -> st.SearchStrategy[BrokenOperator]:
    """Draw operators whose adjoint has one mistake.

    Parameters
    ----------
    operators : SearchStrategy, optional
        What `operators` returns.
    slugs : iterable of str, optional
        Slugs of mistakes; all that an adjoint can have by default.

    Returns
    -------
    SearchStrategy of BrokenOperator

    Raises
    ------
    SubjectError
        If a mistake is none that an adjoint can have.

    Examples
    --------
    >>> import gradcheck
    >>> from hypothesis import find
    >>> A = find(broken_operators(slugs=["not-conjugated"]), lambda A: True)
    >>> gradcheck.check_adjoint(A.forward, A.adjoint, A.x_like, A.y_like, rng=0).verdict.value
    'fail'
    """
    chosen = _chosen(slugs, OPERATOR_MISTAKES)
    return _broken_operators(drawn_operators() if operators is None else operators, chosen)


def _chosen(slugs: Iterable[str] | None, known: Iterable[str]) -> tuple[str, ...]:
    names = tuple(known)
    chosen = names if slugs is None else (slugs,) if isinstance(slugs, str) else tuple(slugs)
    for slug in chosen:
        if slug not in names:
            raise SubjectError(f"{slug!r} cannot be drawn{nearest(slug, names)}: take some of {', '.join(names)}")
    if not chosen:
        raise SubjectError(f"the list of mistakes is empty: take some of {', '.join(names)}")
    return chosen


@st.composite
def _broken_functions(
    draw: st.DrawFn, functions: st.SearchStrategy[DrawnFunction], slugs: tuple[str, ...]
) -> BrokenFunction:
    right, slug = draw(functions, label="function"), draw(evenly(slugs), label="mistake")
    places = st.integers(0, 9)
    broken = BrokenFunction(right, slug, draw(places, label="row"), draw(places, label="column"))
    rows = np.atleast_2d(right.jac(right.x0))
    wrong = FUNCTION_MISTAKES[slug](rows, broken.row % rows.shape[0], broken.column % rows.shape[1])
    if wrong is None or not _differs(wrong, rows):
        reject()
    note(f"@example({broken!r})")
    return broken


@st.composite
def _broken_operators(
    draw: st.DrawFn, operators: st.SearchStrategy[DrawnOperator], slugs: tuple[str, ...]
) -> BrokenOperator:
    right, slug = draw(operators, label="operator"), draw(evenly(slugs), label="mistake")
    rng = np.random.default_rng(0)
    y = rng.standard_normal(right.shape[0]).astype(right.dtype)
    y = y + 1j * rng.standard_normal(y.size) if right.dtype.kind == "c" else y
    wrong = OPERATOR_MISTAKES[slug](right, y)
    if wrong is None or not _differs(wrong, right.adjoint(y)):
        reject()
    broken = BrokenOperator(right, slug)
    note(f"@example({broken!r})")
    return broken


def _differs(wrong: Array, right: Array) -> bool:
    return bool(np.linalg.norm(wrong - right) > LEAST_EFFECT * np.linalg.norm(right))
