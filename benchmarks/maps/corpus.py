"""The maps: a function, its exact Jacobian and points; and mistakes to plant in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.maps import residuals as r

Array = NDArray[Any]

#: Imaginary step: so short that its square vanishes beside 1.
STEP = 1e-30


@dataclass(frozen=True)
class MapCase:
    """A map at a point.

    Attributes
    ----------
    name : str
    fun : callable
    x0 : ndarray
    """

    name: str
    fun: Callable[[Array], Array]
    x0: Array

    def jac(self, x: Array) -> Array:
        """The Jacobian, to rounding."""
        columns = []
        for j in range(x.size):
            z = x.astype(np.complex128)
            z[j] += 1j * STEP
            columns.append(np.asarray(self.fun(z)).imag / STEP)
        return np.stack(columns, axis=-1)


#: Function, number of parameters, and where they are drawn.
FAMILIES: tuple[tuple[Callable[[Array], Array], tuple[int, ...], float, float], ...] = (
    (r.rosenbrock, (2, 10, 40), -1.5, 1.5),
    (r.powell_singular, (4, 20), -2, 3),
    (r.freudenstein_roth, (2,), -2, 5),
    (r.beale, (2,), 0.2, 2),
    (r.helical_valley, (3,), 0.5, 2),
    (r.bard, (3,), 0.5, 2),
    (r.kowalik_osborne, (4,), 0.2, 0.6),
    (r.meyer, (3,), 0.3, 0.9),
    (r.box, (3,), 0.5, 3),
    (r.jennrich_sampson, (2,), 0.1, 0.4),
    (r.brown_dennis, (4,), -3, 5),
    (r.osborne, (5,), 0.3, 1.5),
    (r.biggs, (6,), 0.5, 3),
    (r.broyden_tridiagonal, (5, 30), -1, 1),
    (r.broyden_banded, (10,), -1, 1),
    (r.trigonometric, (4, 8, 12), 0.1, 1),
    (r.brown_almost_linear, (6,), 0.5, 1.5),
    (r.discrete_boundary_value, (10,), -0.5, 0.5),
    (r.discrete_integral, (10,), -0.5, 0.5),
    (r.variably_dimensioned, (5,), 0, 1),
    (r.chebyquad, (6,), 0.1, 0.9),
    (r.logistic_growth, (3,), 0.5, 2),
    (r.gaussian_peaks, (8,), 0.4, 1.5),
    (r.enzyme, (3,), 0.5, 2),
    (r.lotka_volterra, (6,), 0.3, 2),
    (r.robertson, (3,), 0.1, 1),
    (r.lorenz96, (8, 36), -3, 8),
    (r.brusselator, (8, 24), 0.5, 3),
    (r.robot_arm, (6, 14), -1, 2),
    (r.rotated_points, (12, 21), -0.8, 0.8),
    (r.softmax, (5,), -2, 2),
    (r.layer_norm, (8,), -2, 2),
    (r.dense_layer, (16,), -1, 1),
    (r.matrix_inverse, (9,), -0.5, 0.5),
    (r.matrix_square, (16,), -1, 1),
    (r.discrete_fourier, (9,), -1, 1),
    (r.convolution, (12,), -1, 1),
    (r.constraint_ring, (10, 40), -1, 1),
    (r.heat_step, (12, 30), -1, 1),
)

#: Points for each function and size.
POINTS = 3


def cases() -> Iterator[MapCase]:
    """All maps, each at a few points."""
    for number, (fun, sizes, low, high) in enumerate(FAMILIES):
        for size in sizes:
            for point in range(POINTS):
                x0 = np.random.default_rng([number, size, point]).uniform(low, high, size)
                yield MapCase(f"{fun.__name__}({size})#{point}", fun, x0)


@dataclass(frozen=True)
class Planted:
    """A mistake in a Jacobian.

    Attributes
    ----------
    name : str
    slugs : tuple of str
        Names that are right for it.
    change : callable
        ``change(jacobian, row, column)``; None where it does not change this one.
    """

    name: str
    slugs: tuple[str, ...]
    change: Callable[[Array, int, int], Array | None]


def _entry(factor: float) -> Callable[[Array, int, int], Array | None]:
    def change(j: Array, row: int, column: int) -> Array | None:
        if j[row, column] == 0:
            return None
        out = j.copy()
        out[row, column] *= factor
        return out

    return change


def _rows_exchanged(j: Array, row: int, column: int) -> Array | None:
    other = (row + 1) % len(j)
    out = j.copy()
    out[[row, other]] = out[[other, row]]
    return out if len(j) > 1 else None


def _columns_exchanged(j: Array, row: int, column: int) -> Array | None:
    other = (column + 1) % j.shape[1]
    out = j.copy()
    out[:, [column, other]] = out[:, [other, column]]
    return out if j.shape[1] > 1 else None


def _row_times(factor: float) -> Callable[[Array, int, int], Array | None]:
    def change(j: Array, row: int, column: int) -> Array | None:
        out = j.copy()
        out[row] *= factor
        return out

    return change


def _column_times(factor: float) -> Callable[[Array, int, int], Array | None]:
    def change(j: Array, row: int, column: int) -> Array | None:
        out = j.copy()
        out[:, column] *= factor
        return out

    return change


def _cancelling(j: Array, row: int, column: int) -> Array | None:
    """More in one row, less in another: a sum of the outputs does not change."""
    if len(j) < 2:
        return None
    out = j.copy()
    size = 0.3 * float(np.abs(j[:, column]).max())
    out[row, column] += size
    out[(row + 1) % len(j), column] -= size
    return out


PLANTED: tuple[Planted, ...] = (
    Planted("sign", ("sign-flipped",), lambda j, row, column: -j),
    Planted("twice", ("constant-factor",), lambda j, row, column: 2 * j),
    Planted("transposed", ("transposed",), lambda j, row, column: j.T.copy() if j.shape[0] == j.shape[1] else None),
    Planted("rows exchanged", ("swapped-blocks",), _rows_exchanged),
    Planted("columns exchanged", ("swapped-blocks",), _columns_exchanged),
    Planted("sign of a row", ("sign-flipped",), _row_times(-1)),
    Planted("half a row", ("constant-factor",), _row_times(0.5)),
    Planted("row missing", ("zero-gradient",), _row_times(0)),
    Planted("sign of a column", ("sign-flipped",), _column_times(-1)),
    Planted("column missing", ("zero-gradient",), _column_times(0)),
    Planted("cancelling", (), _cancelling),
    Planted("entry missing", (), _entry(0)),
    Planted("sign of an entry", (), _entry(-1)),
    Planted("entry off by 10%", (), _entry(1.1)),
    Planted("entry off by 1%", (), _entry(1.01)),
)
