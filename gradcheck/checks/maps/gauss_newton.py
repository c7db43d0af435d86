"""Whether a claimed Hessian is JᵀJ of residuals, or of the terms of a sum: J is measured, not asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.maps.linearity import Found
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.diagnosis.mistakes.mistake import digits_of
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.maps.outputs import plain_list
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.subject import Point
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.maps.result import MapResult
from gradcheck.verdicts.verdict import Verdict

Vector = NDArray[np.float64]

#: Random directions; the claim is compared for each pair of them.
DIRECTIONS = 3

#: Steps of the differences, in units of the typical sizes: their error is of the order of 1e-12.
STEPS = (2.0**-10, 2.0**-11, 2.0**-12)

#: Agreement that identifies a matrix, relative to the terms of a form; rougher differences are of no use.
AGREES = 1e-6

#: Of a claim in a narrow type, so many roundings.
ROUNDINGS = 64.0

#: The Hessian has to be so many times farther off than that.
APART = 100.0

#: Said of a claim that may be an approximation.
SEMIDEFINITE = (
    "the claim is {sign} semidefinite and the Hessian is not (⟨u, H u⟩ = {value:.3g} ± {error:.1g} for a unit vector "
    "u): a Gauss–Newton or an expected-information matrix is; pass residuals= to compare it with JᵀJ"
)


@dataclass(frozen=True, slots=True)
class _Sum:
    """What a function of residuals or terms is, as its gradient shows: ∇f = factor · Jᵀ weights."""

    factor: float
    noun: str
    matrix: str


def gauss_newton_of(residuals: Callable[..., Any] | None) -> Callable[[MapResult, np.random.Generator, float], Found]:
    """The test of a Hessian that does not pass.

    Parameters
    ----------
    residuals : callable or None
        ``residuals(x, *args)``: what the function is a multiple of the sum of squares of, or what it sums.
    """

    def test(result: MapResult, rng: np.random.Generator, rtol: float) -> Found:
        if result.verdict is Verdict.PASS:
            return (), ()
        if residuals is None:
            return (), _semidefinite(result)
        subject = result.subject
        sizes = sum(block.size for block in subject.blocks)
        if subject.outputs.size != sizes or not subject.claim.pulls or subject.claim.complex_names:
            return (), ()
        try:
            return _compared(result, residuals, rng)
        except Exception as error:
            pass_on_signal(error)
            return (), (f"residuals= could not be compared: {type(error).__name__}: {error}",)

    return test


def _compared(result: MapResult, residuals: Callable[..., Any], rng: np.random.Generator) -> Found:
    subject = result.subject
    values = _flat(subject.value_of(residuals, subject.point))
    directions = [_direction(subject, rng) for _ in range(DIRECTIONS)]
    pushed = [_derivative(lambda p: _flat(subject.value_of(residuals, p)), subject.point, v) for v in directions]
    curved = [_derivative(subject.outputs_at, subject.point, v) for v in directions]
    if any(each is None for each in (*pushed, *curved)):
        return (), ("residuals= could not be compared: their differences are too rough",)
    flat = [np.concatenate([part.ravel() for part in v]) for v in directions]
    j, h = np.array(pushed), np.array(curved)
    epsilon = max((float(np.finfo(dtype).eps) for dtype in subject.types), default=0.0)
    tolerance = max(AGREES, ROUNDINGS * epsilon)
    seen = _read(subject.at_point, np.array(flat), j, values, tolerance)
    if seen is None:
        return (), (
            "residuals= do not belong to the function: its gradient is neither a multiple of Jᵀr, as that of a sum of "
            "squares is, nor one of the sum of the rows of J",
        )
    claimed = np.array([[_product(subject, u) @ w for w in flat] for u in flat])
    scale = np.array([[float(np.linalg.norm(_product(subject, u) * w)) for w in flat] for u in flat])
    outer, hessian = seen.factor * j @ j.T, h @ np.array(flat).T
    ratio = float((claimed * outer).sum() / (outer * outer).sum())
    off = np.abs(claimed - ratio * outer) / scale
    from_hessian = np.abs(hessian * ratio - ratio * outer) / scale
    if not (np.isfinite(off).all() and (off <= tolerance).all() and (from_hessian > APART * tolerance).any()):
        return (), ()
    a, b = np.unravel_index(int(from_hessian.argmax()), off.shape)
    times = "" if abs(ratio - 1) <= tolerance else f"{digits_of(ratio, tolerance * abs(ratio))} times "
    factor = "" if abs(seen.factor - 1) <= tolerance else f"{digits_of(seen.factor, tolerance * abs(seen.factor))} "
    message = f"the claim is {times}{seen.matrix} {factor}JᵀJ of the {seen.noun}, not the Hessian"
    evidence = (
        f"⟨u, C w⟩ = {claimed[a, b]:.8g} for random u and w; {seen.matrix} gives {ratio * outer[a, b]:.8g}, and the "
        f"Hessian {hessian[a, b]:.8g}"
    )
    mistake, names = BY_SLUG["gauss-newton"], subject.input_names
    finding = Finding(mistake.code, mistake.slug, ", ".join(names), message, evidence, mistake.fix, blocks=names)
    return (finding,), ()


def _read(gradient: Vector, directions: Vector, pushed: Vector, values: Vector, tolerance: float) -> _Sum | None:
    """How the function depends on the residuals: as the sum of their squares, or as their own sum."""
    slopes = directions @ gradient
    scale = np.array([float(np.linalg.norm(gradient * v)) for v in directions])
    readings = (
        (values, "residuals", "the Gauss–Newton matrix"),
        (np.ones_like(values), "terms", "the outer product of gradients"),
    )
    for weights, noun, matrix in readings:
        made = pushed @ weights
        if not made.any():
            continue
        factor = float(slopes @ made / (made @ made))
        if (np.abs(slopes - factor * made) <= tolerance * scale).all():
            return _Sum(factor if noun == "residuals" else abs(factor), noun, matrix)
    return None


def _semidefinite(result: MapResult) -> tuple[str, ...]:
    """A note on a symmetric claim whose eigenvalues have one sign, where the measured Hessian has one of the other."""
    measured = [pair.measured for pair in result.pairs]
    if len(measured) != 1 or measured[0] is None or measured[0].claimed.shape != (result.subject.outputs.size,) * 2:
        return ()
    claimed, numeric, error = measured[0].claimed, measured[0].numeric, measured[0].error
    largest = float(np.abs(claimed).max(initial=0.0))
    if not np.isfinite(numeric).all() or np.abs(claimed - claimed.T).max(initial=0.0) > AGREES * largest or not largest:
        return ()
    spectrum = np.linalg.eigvalsh(claimed)
    for sign, word in ((1, "positive"), (-1, "negative")):
        values, vectors = np.linalg.eigh(sign * (numeric + numeric.T) / 2)
        bar = float(np.abs(vectors[:, 0]) @ error @ np.abs(vectors[:, 0]))
        semidefinite = (sign * spectrum).min() >= -AGREES * largest
        if semidefinite and values[0] < -APART * max(bar, AGREES * largest):
            return (SEMIDEFINITE.format(sign=word, value=sign * float(values[0]), error=bar),)
    return ()


def _derivative(function: Callable[[Point], Vector], point: Point, v: Sequence[Vector]) -> Vector | None:
    """The derivative along a direction, extrapolated twice; None if the extrapolations differ."""
    slopes = []
    for h in STEPS:
        ahead, back = (function(tuple(x + s * h * d for x, d in zip(point, v, strict=True))) for s in (1, -1))
        slopes.append((ahead - back) / (2 * h))
    first, second = (4 * slopes[1] - slopes[0]) / 3, (4 * slopes[2] - slopes[1]) / 3
    found = np.asarray((16 * second - first) / 15)
    rough = float(np.linalg.norm(found - second))
    return found if np.isfinite(found).all() and rough <= AGREES * float(np.linalg.norm(found)) else None


def _product(subject: MapSubject, u: Vector) -> Vector:
    found = subject.with_cotangent(u).gradient(subject.space.copy(subject.point))
    return np.concatenate([np.asarray(g, dtype=np.float64).ravel() for g in found])


def _direction(subject: MapSubject, rng: np.random.Generator) -> list[Vector]:
    found = []
    for x in subject.point:
        sizes = np.abs(x)
        some = sizes[sizes > 0]
        typical = np.maximum(sizes, float(np.median(some)) if some.size else 1.0)
        found.append(typical * np.copysign(rng.uniform(0.5, 1.0, x.shape), rng.uniform(-1.0, 1.0, x.shape)))
    return found


def _flat(value: Any) -> Vector:
    leaves, _ = flatten(plain_list(value), "r")
    return np.concatenate([np.asarray(leaf, dtype=np.float64).ravel() for leaf in leaves])
