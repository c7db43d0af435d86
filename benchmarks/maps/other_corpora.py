"""Maps in other units, operators, Hessians and gradients on manifolds: right ones, and mistakes to plant in them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.maps.corpus import MapCase
from benchmarks.maps.detection import Case
from gradcheck.strategies import DrawnFunction, DrawnOperator
from gradcheck.strategies.broken_maps import OPERATOR_MISTAKES
from gradcheck.strategies.smooth_steps import StepSpec

Array = NDArray[Any]

#: A mistake counts if it changes the derivative by more than this part of its norm.
VISIBLE = 1e-3


@dataclass(frozen=True)
class UnitsCase:
    """A map of another corpus in other units: its parameters and outputs are multiples of those there.

    Attributes
    ----------
    map : MapInUnits
    case : Case
        With the mistake, which changes the Jacobian in the units of that corpus.
    """

    map: MapInUnits
    case: Case

    @property
    def planted(self) -> Any:
        """The mistake, if there is one."""
        return self.case.planted

    def jac(self, z: Array) -> Array:
        """The Jacobian that is checked."""
        return np.asarray(self.map.outputs[:, None] * self.case.jac(z * self.map.inputs) * self.map.inputs)


@dataclass(frozen=True)
class MapInUnits:
    """A map whose inputs and outputs are multiples of those of another one."""

    inner: MapCase
    inputs: Array
    outputs: Array

    @property
    def x0(self) -> Array:
        """The point in the new units."""
        return np.asarray(self.inner.x0 / self.inputs)

    def fun(self, z: Array) -> Array:
        """The outputs in the new units."""
        return np.asarray(self.outputs * self.inner.fun(z * self.inputs))


def in_units(case: Case, seed: int) -> UnitsCase:
    """A case in other units, from a thousandth to a thousandfold."""
    rng = np.random.default_rng([seed, case.map.x0.size])
    outputs = np.size(case.map.fun(case.map.x0))
    scales = 10.0 ** rng.integers(-3, 4, case.map.x0.size), 10.0 ** rng.integers(-3, 4, outputs)
    return UnitsCase(MapInUnits(case.map, *scales), case)


@dataclass(frozen=True)
class OperatorCase:
    """An operator and a claimed adjoint; `planted` is empty if it is right."""

    operator: DrawnOperator
    planted: str

    def adjoint(self, y: Array) -> Array:
        """The claimed adjoint."""
        if not self.planted:
            return self.operator.adjoint(y)
        found = OPERATOR_MISTAKES[self.planted](self.operator, y)
        assert found is not None
        return found


#: Steps of the operators.
CHAINS = (
    ["matrix"],
    ["diagonal"],
    ["cumulative"],
    ["difference"],
    ["convolution"],
    ["gather"],
    ["fourier"],
    ["convolution", "gather", "diagonal"],
    ["fourier", "diagonal", "cumulative"],
    ["matrix", "difference"],
)


def operator_cases() -> Iterator[OperatorCase]:
    """Each operator as it is, then with each mistake that it can have."""
    for chain, size, dtype in itertools.product(CHAINS, (4, 33), ("float64", "complex128")):
        operator = DrawnOperator(chain, size=size, dtype=dtype, seed=size)
        yield OperatorCase(operator, "")
        rng = np.random.default_rng(0)
        y = rng.standard_normal(operator.shape[0]).astype(dtype)
        y = y + 1j * rng.standard_normal(y.size) if dtype == "complex128" else y
        right = operator.adjoint(y)
        for slug, change in OPERATOR_MISTAKES.items():
            wrong = change(operator, y)
            if wrong is not None and np.linalg.norm(wrong - right) > VISIBLE * np.linalg.norm(right):
                yield OperatorCase(operator, slug)


@dataclass(frozen=True)
class HessianCase:
    """A function of an array with its gradient and a claimed Hessian; `planted` is empty if it is right."""

    function: DrawnFunction
    planted: str
    change: Callable[[Array], Array]

    def hess(self, x: Array) -> Array:
        """The claimed Hessian."""
        return self.change(self.function.hess(x))


def _halved(h: Array) -> Array:
    return (h + np.diag(np.diag(h))) / 2


def _times_in_both_triangles(factor: float) -> Callable[[Array], Array]:
    def change(h: Array) -> Array:
        found = h.copy()
        found[0, -1] *= factor
        found[-1, 0] = found[0, -1]
        return found

    return change


#: Mistakes of Hessians.
HESSIANS: dict[str, Callable[[Array], Array]] = {
    "sign": lambda h: -h,
    "twice": lambda h: 2 * h,
    "one triangle": np.triu,
    "mixed derivatives halved": _halved,
    "mixed derivatives missing": lambda h: np.diag(np.diag(h)),
    "one mixed derivative off by 10%": _times_in_both_triangles(1.1),
    "one mixed derivative off by 1%": _times_in_both_triangles(1.01),
}

#: Steps of the functions whose half sum of squares has a Hessian.
FUNCTIONS: tuple[list[StepSpec], ...] = (
    ["tanh", "cyclic"],
    ["cyclic", ("affine", 3), "sin"],
    ["softmax", ("affine", 4), "square"],
    ["bell", "cumulative"],
    ["normalised", ("affine", 5), "softplus"],
    ["square", ("affine", 2), "tanh"],
)


def hessian_cases() -> Iterator[HessianCase]:
    """Each function with its Hessian, then with each mistake that changes it."""
    for steps, inputs, seed in itertools.product(FUNCTIONS, (2, 5), range(3)):
        function = DrawnFunction(steps, inputs=inputs, scalar=True, seed=seed, digits=None)
        right = function.hess(function.x0)
        yield HessianCase(function, "", lambda h: h)
        for name, change in HESSIANS.items():
            if np.abs(change(right) - right).max() > VISIBLE * np.abs(right).max():
                yield HessianCase(function, name, change)


@dataclass(frozen=True)
class ManifoldCase:
    """A function on a manifold with a claimed Riemannian gradient; `planted` is empty if it is right.

    Attributes
    ----------
    manifold : str
        ``"sphere"`` or ``"orthonormal"``.
    """

    manifold: str
    x0: Array
    weights: Array
    planted: str
    change: Callable[[Array], Array]

    def fun(self, x: Array) -> float:
        """A function that depends on every entry."""
        return float(np.sum(np.sin(x + self.weights)) + np.sum(self.weights * x**2))

    def grad(self, x: Array) -> Array:
        """The claimed gradient: that of the space around, projected, with a mistake before the projection."""
        return self.project(x, self.change(np.cos(x + self.weights) + 2 * self.weights * x))

    def project(self, x: Array, v: Array) -> Array:
        """The tangent nearest to a direction."""
        if self.manifold == "sphere":
            return np.asarray(v - x * np.sum(x * v))
        inner = x.T @ v
        return np.asarray(v - x @ (inner + inner.T) / 2)

    def retract(self, x: Array, v: Array) -> Array:
        """The point that is reached along a tangent."""
        if self.manifold == "sphere":
            return np.asarray((x + v) / np.linalg.norm(x + v))
        q, r = np.linalg.qr(x + v)
        return np.asarray(q * np.sign(np.diag(r)))


def _first_entry(factor: float) -> Callable[[Array], Array]:
    def change(g: Array) -> Array:
        found = g.copy()
        found.flat[0] *= factor
        return found

    return change


#: Mistakes of gradients.
GRADIENTS: dict[str, Callable[[Array], Array]] = {
    "sign": lambda g: -g,
    "twice": lambda g: 2 * g,
    "off by 1%": lambda g: 1.01 * g,
    "one entry off by 50%": _first_entry(1.5),
    "one entry off by 10%": _first_entry(1.1),
}


def manifold_cases() -> Iterator[ManifoldCase]:
    """Points of spheres and of orthonormal matrices, each with a right gradient, then with each mistake."""
    for manifold, shape in (("sphere", (4,)), ("sphere", (12,)), ("orthonormal", (5, 2)), ("orthonormal", (4, 3))):
        for seed in range(4):
            rng = np.random.default_rng([seed, *shape])
            x0, weights = rng.normal(size=shape), rng.normal(size=shape)
            x0 = x0 / np.linalg.norm(x0) if manifold == "sphere" else np.linalg.qr(x0)[0]
            plain = ManifoldCase(manifold, x0, weights, "", lambda g: g)
            yield plain
            for name, change in GRADIENTS.items():
                case = ManifoldCase(manifold, x0, weights, name, change)
                right = plain.grad(x0)
                if np.linalg.norm(case.grad(x0) - right) > VISIBLE * np.linalg.norm(right):
                    yield case
