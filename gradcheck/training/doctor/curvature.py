"""Extreme curvatures of the loss, by the Lanczos method on Hessian-vector products from differences of gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.run import TrainingRun

Array = NDArray[np.float64]

#: Largest number of Hessian-vector products, two gradients each. Models of up to 60 parameters are exact with it; for
#: larger ones the extreme Ritz values converge first, and the residuals state their error.
MAX_PRODUCTS = 60

#: The Krylov space is exhausted if the next vector is this small, relative to the largest diagonal entry. The
#: differences of gradients have relative errors of about ε^(2/3) = 4e-11 in float64.
EXHAUSTED = 1e-9


@dataclass(frozen=True)
class Curvature:
    """The ends of the spectrum of the Hessian.

    Attributes
    ----------
    lowest, highest : float
        Ritz values; the extreme eigenvalues lie at or beyond them.
    errors : (float, float)
        Error estimates of `lowest` and `highest`: the residual ‖H v − λ v‖, within which an eigenvalue lies (B. N.
        Parlett, The Symmetric Eigenvalue Problem, 1998, 4.5), plus the measured asymmetry of the products.
    down, up : ndarray
        Unit vectors along the directions of lowest and highest curvature.
    along_gradient : float
        gᵀH g/gᵀg; 0 if the gradient is zero.
    products : int
        Hessian-vector products used.
    """

    lowest: float
    highest: float
    errors: tuple[float, float]
    down: Array
    up: Array
    along_gradient: float
    products: int


def extreme_curvatures(
    run: TrainingRun, theta: Array, rng: np.random.Generator, products: int = MAX_PRODUCTS
) -> Curvature | None:
    """Measure the extreme curvatures at a point; None if the gradient is not finite around it.

    Notes
    -----
    C. Lanczos, J. Res. Nat. Bur. Standards 45 (1950), with full reorthogonalisation. With as many products as
    parameters the result is exact, up to the error of the differences.
    """
    gradient = run.gradient(theta)
    norm = float(np.linalg.norm(gradient))
    along = hessian_product(run, theta, gradient / norm) if norm > 0 else np.zeros_like(theta)
    basis = [_unit(rng.standard_normal(theta.size))]
    diagonal: list[float] = []
    off_diagonal: list[float] = []
    asymmetry = 0.0
    for k in range(min(products, theta.size)):
        image = hessian_product(run, theta, basis[k])
        if not np.isfinite(image).all():
            return None
        diagonal.append(float(basis[k] @ image))
        if k > 0:  # a Hessian is symmetric: any asymmetry of the products is rounding
            asymmetry = max(asymmetry, abs(float(basis[k - 1] @ image) - off_diagonal[-1]))
        for _ in range(2):  # once is not enough under strong cancellation (Parlett, 6.9)
            for other in basis:
                image = image - (other @ image) * other
        residual = float(np.linalg.norm(image))
        off_diagonal.append(residual)
        if residual <= EXHAUSTED * max(1e-300, max(map(abs, diagonal))) or k + 1 == theta.size:
            break
        basis.append(image / residual)
    size = len(diagonal)
    beside = off_diagonal[: size - 1]
    values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    krylov = np.array(basis[:size])
    exact = size == theta.size
    errors = tuple(asymmetry + (0.0 if exact else float(off_diagonal[-1] * abs(vectors[-1, i]))) for i in (0, -1))
    return Curvature(
        lowest=float(values[0]),
        highest=float(values[-1]),
        errors=(errors[0], errors[1]),
        down=krylov.T @ vectors[:, 0],
        up=krylov.T @ vectors[:, -1],
        along_gradient=float(gradient @ along / norm) if norm > 0 else 0.0,
        products=size + 1,
    )


def hessian_product(run: TrainingRun, theta: Array, direction: Array) -> Array:
    """Hessian times a unit vector, from a central difference of gradients.

    The length of the difference is the cube root of the rounding unit of the parameters' type, relative to the norm of
    the parameters or to 1. It balances truncation and rounding (J. Nocedal and S. J. Wright, Numerical Optimization,
    2006, 8.1).
    """
    rounding = max(float(np.finfo(block.dtype).eps) for block in run.layout.blocks)
    length = float(np.cbrt(rounding)) * max(float(np.linalg.norm(theta)), 1.0)
    ahead = run.gradient(theta + length * direction)
    behind = run.gradient(theta - length * direction)
    return (ahead - behind) / (2 * length)


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))
