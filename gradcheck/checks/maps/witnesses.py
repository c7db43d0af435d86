"""Other witnesses of a derivative, named methods: the Taylor test with its rate, the complex step, and JAX.

The verdict is that of the check with error bars. A witness adds a note: what it measured, and what that means.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gradcheck.differences.settings import EPSILON
from gradcheck.errors import SubjectError
from gradcheck.subjects.maps.cotangent import random_cotangent
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.maps.outputs import plain_list
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.subject import Point
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.maps.result import MapResult
from gradcheck.verdicts.result import CheckResult

Vector = NDArray[np.float64]
Found = tuple[tuple[()], tuple[str, ...]]
Witness = Callable[[MapResult, np.random.Generator, float], Found]

#: Exponents of the steps of the Taylor test, in units of the typical size of each parameter.
EXPONENTS = range(-3, -15, -1)

#: A remainder counts if it is so many roundings of the values that it is a difference of.
ABOVE_ROUNDING = 1e4

#: Imaginary step: so short that its square vanishes beside 1.
IMAGINARY = 1e-30


def witness_of(method: str) -> Witness | None:
    """The witness of a method; None for the usual one.

    Raises
    ------
    SubjectError
        If there is no such method.
    """
    found = {"gradcheck": None, "taylor": taylor, "complex": complex_step, "jax": automatic}
    if method == "jax":
        from gradcheck.checks.maps.automatic import require_jax

        require_jax()
    if method not in found:
        raise SubjectError(f"method is {method!r}: pass {', '.join(map(repr, found))}")
    return found[method]


def witnessed(subject: MapSubject, method: str, seed: int, rtol: float) -> tuple[str, ...]:
    """The notes of a witness on a derivative that was checked otherwise, as that of a number is."""
    witness = witness_of(method)
    assert witness is not None
    nothing = CheckResult((), 0.0, 0.0)
    with subject.session(), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        subject.gradient_probe()
        result = MapResult(subject, (), nothing, np.ones(subject.outputs.size))
        return witness(result, np.random.default_rng(seed), rtol)[1]


def taylor(result: MapResult, rng: np.random.Generator, rtol: float) -> Found:
    """Remainders |φ(t) − φ(0) − t φ′(0)| of φ(t) = ⟨u, F(x + t v)⟩ fall as t² if φ′ is right, and as t if it is not."""
    subject = result.subject
    u, v = random_cotangent(result.scales, rng), _direction(subject, rng)
    slope = _claimed(subject, u, v)
    start = float(u @ subject.at_point)
    remainders: list[float] = []
    for exponent in EXPONENTS:
        t = 2.0**exponent
        point = tuple(x + t * d for x, d in zip(subject.point, v, strict=True))
        try:
            value = float(u @ subject.outputs_at(point))
        except Exception as error:  # outside the domain
            pass_on_signal(error)
            value = math.nan
        rest = abs(value - start - t * slope)
        if rest > ABOVE_ROUNDING * EPSILON * float(np.abs(u * subject.at_point).sum()):
            remainders.append(rest)
        elif math.isfinite(rest):
            break
    rates = [math.log2(one / two) for one, two in pairwise(remainders)]
    if len(rates) < 3:
        return (), ("Taylor test: the remainders are rounding; the function is linear along the line that was drawn",)
    last = rates[-3:]
    meaning = "2 if the derivative is right and 1 if it is wrong"
    return (), (f"Taylor test: the last rates of the remainders are {', '.join(f'{r:.3f}' for r in last)}: {meaning}",)


def complex_step(result: MapResult, rng: np.random.Generator, rtol: float) -> Found:
    """F(x + i h v) has the imaginary part h J v to rounding, where F is analytic and takes complex numbers."""
    subject = result.subject
    u, v = random_cotangent(result.scales, rng), _direction(subject, rng)
    if subject.claim.complex_names or any(map(subject.outputs.is_complex, range(len(subject.outputs.names)))):
        return (), ("complex step: not for functions that are complex already",)
    point = tuple(x + 1j * IMAGINARY * d for x, d in zip(subject.point, v, strict=True))
    try:
        value = subject.evaluated_at(point)
        leaves, _ = flatten(plain_list(value), "f")
        measured = np.concatenate([np.asarray(leaf).imag.ravel() for leaf in leaves]) / IMAGINARY
    except Exception as error:
        pass_on_signal(error)
        return (), (f"complex step: the function does not take complex numbers ({type(error).__name__}: {error})",)
    if not measured.any() or measured.shape != u.shape:
        return (), ("complex step: the function drops imaginary parts, so that it says nothing",)
    return (), (_compared("complex step", _claimed(subject, u, v), u * measured, rtol, COMPARISONS),)


def automatic(result: MapResult, rng: np.random.Generator, rtol: float) -> Found:
    """⟨u, J v⟩ as JAX differentiates the function."""
    from gradcheck.checks.maps.automatic import pushed_by_jax

    subject = result.subject
    u, v = random_cotangent(result.scales, rng), _direction(subject, rng)
    if subject.claim.complex_names or any(map(subject.outputs.is_complex, range(len(subject.outputs.names)))):
        return (), ("JAX: not for functions of complex numbers",)
    terms, trouble = pushed_by_jax(subject, v, u)
    if terms is None:
        return (), (f"JAX: it cannot differentiate the function ({trouble})",)
    return (), (_compared("JAX", _claimed(subject, u, v), terms, rtol, STOPPED),)


#: What may make a witness wrong.
COMPARISONS = "an abs(), a comparison or a conjugate inside would make this witness wrong"
STOPPED = "a rule of its own, a stop_gradient or a cast to integers inside would make this witness wrong"


def _compared(name: str, claimed: float, terms: Vector, rtol: float, doubt: str) -> str:
    gap = abs(claimed - float(terms.sum()))
    size = float(np.linalg.norm(terms))
    if not size:
        return f"{name}: the derivative is zero along a random direction, and claimed to be {claimed:.3g}"
    gap /= size
    bar = EPSILON * 8 * math.sqrt(terms.size)
    meaning = "the two agree to rounding" if gap <= bar else f"rounding explains {bar:.1e}, or more where terms cancel"
    if gap > rtol:
        meaning += f"; {doubt}"
    return f"{name}: off by {gap:.1e} of the norm along a random direction; {meaning}"


def _direction(subject: MapSubject, rng: np.random.Generator) -> Point:
    found = []
    for x in subject.point:
        sizes = np.abs(x)
        some = sizes[sizes > 0]
        typical = np.maximum(sizes, float(np.median(some)) if some.size else 1.0)
        found.append(typical * np.copysign(rng.uniform(0.5, 1.0, x.shape), rng.uniform(-1.0, 1.0, x.shape)))
    return tuple(found)


def _claimed(subject: MapSubject, u: Vector, v: Point) -> float:
    """⟨u, J v⟩ as claimed."""
    if subject.claim.pulls:
        gradient = subject.with_cotangent(u).gradient(subject.space.copy(subject.point))
        return sum(float(np.sum(np.asarray(g, dtype=np.float64) * d)) for g, d in zip(gradient, v, strict=True))
    return float(u @ subject.product(subject.space.copy(subject.point), v))
