"""Extreme curvatures of the loss, by Lanczos' method on Hessian-vector products from gradient differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.run import Patient

Array = NDArray[np.float64]

#: Hessian-vector products that may be spent, two gradients each.
PRODUCTS = 60


@dataclass(frozen=True)
class Curvature:
    """The ends of the spectrum of the Hessian.

    Attributes
    ----------
    lowest, highest : float
        Eigenvalues: Ritz values, so the true ends lie outside.
    errors : (float, float)
        Their residuals ‖H v − λ v‖: there is an eigenvalue within that distance (B. N. Parlett, The Symmetric
        Eigenvalue Problem, 1998, 4.5); and how far the products are from those with a symmetric matrix.
    down, up : ndarray
        Unit vectors along them.
    along : float
        Curvature along the gradient, gᵀH g/gᵀg; 0 where there is none.
    products : int
    """

    lowest: float
    highest: float
    errors: tuple[float, float]
    down: Array
    up: Array
    along: float
    products: int


def curvature(patient: Patient, theta: Array, rng: np.random.Generator, products: int = PRODUCTS) -> Curvature | None:
    """Measure the extreme curvatures at a point; None where the gradient is not finite around it.

    Notes
    -----
    C. Lanczos, J. Res. Nat. Bur. Standards 45 (1950), with full reorthogonalisation. With as many products as there
    are parameters the result is exact to within the differences.
    """
    gradient = patient.gradient(theta)
    norm = float(np.linalg.norm(gradient))
    along = product(patient, theta, gradient / norm) if norm > 0 else np.zeros_like(theta)
    basis = [_unit(rng.standard_normal(theta.size))]
    diagonal: list[float] = []
    beside: list[float] = []
    noise = 0.0
    for k in range(min(products, theta.size)):
        image = product(patient, theta, basis[k])
        if not np.isfinite(image).all():
            return None
        diagonal.append(float(basis[k] @ image))
        if k > 0:  # a Hessian is symmetric, so what is not is rounding
            noise = max(noise, abs(float(basis[k - 1] @ image) - beside[-1]))
        for _ in range(2):  # once is not enough where much cancels (Parlett, 6.9)
            for other in basis:
                image = image - (other @ image) * other
        rest = float(np.linalg.norm(image))
        beside.append(rest)
        if rest <= 1e-9 * max(1e-300, max(map(abs, diagonal))) or k + 1 == theta.size:
            break
        basis.append(image / rest)
    size = len(diagonal)
    values, vectors = np.linalg.eigh(
        np.diag(diagonal) + np.diag(beside[: size - 1], 1) + np.diag(beside[: size - 1], -1)
    )
    space = np.array(basis[:size])
    exact = size == theta.size
    errors = tuple(noise + (0.0 if exact else float(beside[-1] * abs(vectors[-1, i]))) for i in (0, -1))
    return Curvature(
        float(values[0]),
        float(values[-1]),
        (errors[0], errors[1]),
        space.T @ vectors[:, 0],
        space.T @ vectors[:, -1],
        float(gradient @ along / norm) if norm > 0 else 0.0,
        size + 1,
    )


def product(patient: Patient, theta: Array, direction: Array) -> Array:
    """Hessian times a unit vector, from a central difference of gradients.

    The length of the difference is the cube root of the rounding of the parameters' type, relative to the parameters or
    to one, which is the best there is (J. Nocedal and S. J. Wright, Numerical Optimization, 2006, 8.1).
    """
    rounding = max(float(np.finfo(block.dtype).eps) for block in patient.space.blocks)
    length = float(np.cbrt(rounding)) * max(float(np.linalg.norm(theta)), 1.0)
    ahead = patient.gradient(theta + length * direction)
    behind = patient.gradient(theta - length * direction)
    return (ahead - behind) / (2 * length)


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))
