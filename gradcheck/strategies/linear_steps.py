"""Linear steps that operators are composed of, each with its adjoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class LinearStep:
    """One step.

    Attributes
    ----------
    forward : callable
        ``forward(x)``.
    adjoint : callable
        ``adjoint(y)``: the conjugate transpose.
    size : int
        Number of outputs.
    """

    forward: Callable[[Array], Array]
    adjoint: Callable[[Array], Array]
    size: int


def _numbers(shape: tuple[int, ...], rng: np.random.Generator, *, is_complex: bool) -> Array:
    def drawn() -> Array:
        return np.asarray(np.round(rng.uniform(0.2, 1.5, shape) * rng.choice([-1, 1], shape), 2))

    return np.asarray(drawn() + 1j * drawn() if is_complex else drawn())


def _matrix(n: int, rng: np.random.Generator, is_complex: bool) -> LinearStep:
    rows = int(rng.integers(1, n + 2))
    matrix = _numbers((rows, n), rng, is_complex=is_complex)
    return LinearStep(lambda x: matrix @ x, lambda y: matrix.conj().T @ y, rows)


def _diagonal(n: int, rng: np.random.Generator, is_complex: bool) -> LinearStep:
    d = _numbers((n,), rng, is_complex=is_complex)
    return LinearStep(lambda x: d * x, lambda y: d.conj() * y, n)


def _cumulative(n: int, rng: np.random.Generator, is_complex: bool) -> LinearStep:
    return LinearStep(np.cumsum, lambda y: np.cumsum(y[::-1])[::-1], n)


def _difference(n: int, rng: np.random.Generator, is_complex: bool) -> LinearStep:
    def adjoint(y: Array) -> Array:
        return np.asarray(np.concatenate([-y, [0]]) + np.concatenate([[0], y]))

    return LinearStep(np.diff, adjoint, n - 1)


def _convolution(n: int, rng: np.random.Generator, is_complex: bool) -> LinearStep:
    kernel = _numbers((3,), rng, is_complex=is_complex)
    return LinearStep(
        lambda x: np.convolve(x, kernel, mode="full"),
        lambda y: np.convolve(y, kernel[::-1].conj(), mode="valid"),
        n + 2,
    )


def _gather(n: int, rng: np.random.Generator, is_complex: bool) -> LinearStep:
    """Entries by index; one of them is there twice."""
    index = rng.integers(0, n, n + 1)

    def adjoint(y: Array) -> Array:
        found = np.zeros(n, dtype=y.dtype)
        np.add.at(found, index, y)
        return found

    return LinearStep(lambda x: x[index], adjoint, n + 1)


def _fourier(n: int, rng: np.random.Generator, is_complex: bool) -> LinearStep:
    if is_complex:
        return LinearStep(np.fft.fft, lambda y: n * np.fft.ifft(y), n)
    # the real and the imaginary part of one half of the coefficients
    half = n // 2 + 1

    def forward(x: Array) -> Array:
        z = np.fft.fft(x)[:half]
        return np.concatenate([z.real, z.imag])

    def adjoint(y: Array) -> Array:
        z = np.zeros(n, dtype=np.complex128)
        z[:half] = y[:half] + 1j * y[half:]
        return np.asarray((n * np.fft.ifft(z)).real)

    return LinearStep(forward, adjoint, 2 * half)


#: Makers of the steps by name: from the number of inputs, a generator, and whether numbers are complex.
LINEAR: dict[str, Callable[[int, np.random.Generator, bool], LinearStep]] = {
    "diagonal": _diagonal,
    "cumulative": _cumulative,
    "matrix": _matrix,
    "difference": _difference,
    "convolution": _convolution,
    "gather": _gather,
    "fourier": _fourier,
}

#: Fewest inputs of a step that needs more than one.
LEAST = {"difference": 2}
