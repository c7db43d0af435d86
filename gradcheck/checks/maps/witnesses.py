"""Other witnesses of a derivative, named methods: the Taylor test with its rate, the complex step, and JAX.

The verdict is that of the check with error bars. A witness adds a note: what it measured, and what that means.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gradcheck.differences.settings import EPSILON
from gradcheck.probes.evaluator import Evaluator
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.maps.cotangent import random_cotangent
from gradcheck.subjects.maps.jacobian import jacobian_subject
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.maps.outputs import plain_list
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.subject import Point, Subject, copied
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.maps.result import MapResult
from gradcheck.verdicts.result import CheckResult

Vector = NDArray[np.float64]

#: The note of a witness: from a result, a generator, a tolerance, and a direction if one was given.
Witness = Callable[[MapResult, np.random.Generator, float, Point | None], str]

#: Exponents of the steps of the Taylor test, in units of the typical size of each parameter.
EXPONENTS = range(-3, -15, -1)

#: A remainder counts if it is so many roundings of the values that it is a difference of.
ABOVE_ROUNDING = 1e4

#: It counts if it is so many times the measured noise of these values: its rate is then known to 0.03.
ABOVE_NOISE = 100.0

#: Imaginary step: so short that its square vanishes beside 1.
IMAGINARY = 1e-30


def witness_of(method: str) -> Witness | None:
    """The witness of a method that `require_method` has accepted; None for the usual one."""
    found = {"taylor": taylor, "complex": complex_step, "jax": automatic}
    return found.get(method)


def witness_of_map(result: MapResult, method: str, rng: np.random.Generator, rtol: float, along: Point | None) -> str:
    """The note of a witness on a map that was checked.

    Parameters
    ----------
    result : MapResult
    method : str
    rng : numpy.random.Generator
    rtol : float
    along : tuple of ndarray or None
        The direction that was given; by default one is drawn.
    """
    witness = witness_of(method)
    assert witness is not None
    with result.subject.session():
        return witness(result, rng, rtol, along)


def witness_of_loss(evaluator: Evaluator, noise: float, method: str, seed: int, rtol: float) -> tuple[str, int, int]:
    """The note of a witness on the gradient of a number, and the evaluations and gradients that no evaluator counted.

    Parameters
    ----------
    evaluator : Evaluator
        Of the check.
    noise : float
        That was measured.
    method : str
    seed : int
    rtol : float
    """
    subject, rng = evaluator.subject.original, np.random.default_rng(seed)
    if method == "taylor":
        with subject.session():
            return _taylor_of_loss(evaluator, noise, rng), 0, 0
    assert isinstance(subject, FunctionSubject)
    whole = subject.as_given
    found = jacobian_subject(whole.fun, whole.grad, whole.x0, whole.args, wrt=whole.wrt, bounds=whole.bounds)
    with found.session():
        found.gradient_probe()
        result = MapResult(found, (), CheckResult((), 0.0, 0.0), np.ones(found.outputs.size))
        note = witness_of_map(result, method, rng, rtol, None)
    return note, found.evaluations.calls, found.claim.calls


def taylor(result: MapResult, rng: np.random.Generator, rtol: float, along: Point | None) -> str:
    """Remainders |φ(t) − φ(0) − t φ′(0)| of φ(t) = ⟨u, F(x + t v)⟩ fall as t² if φ′ is right, and as t if it is not."""
    subject = result.subject
    u, v = random_cotangent(result.scales, rng), _direction(subject, rng) if along is None else along
    size = float(np.abs(u * subject.at_point).sum())

    def value(t: float) -> float:
        return float(u @ subject.outputs_at(tuple(x + t * d for x, d in zip(subject.point, v, strict=True))))

    return _rates(
        value, float(u @ subject.at_point), _claimed(subject, u, v), _floor(subject, size, result.whole.noise)
    )


def _taylor_of_loss(evaluator: Evaluator, noise: float, rng: np.random.Generator) -> str:
    """The same for the loss of any subject."""
    subject = evaluator.subject
    point, v = subject.original.point, _direction(subject.original, rng)
    start = evaluator.loss(copied(point))
    claim = evaluator.gradient(copied(point))
    slope = sum(float(np.sum(np.asarray(g, dtype=np.float64) * d)) for g, d in zip(claim, v, strict=True))

    def value(t: float) -> float:
        return evaluator.loss(tuple(np.asarray(x + t * d, x.dtype) for x, d in zip(point, v, strict=True)))

    noise = math.ldexp(noise, -subject.exponent)
    return _rates(value, start, slope, _floor(subject.original, abs(start), noise))


def _floor(subject: Subject, size: float, noise: float) -> float:
    """What a remainder has to exceed so that it is no rounding."""
    plain = tuple(x.dtype for x in subject.point)
    types = subject.evaluated_types if isinstance(subject, FunctionSubject) else plain
    epsilon = max(float(np.finfo(dtype).eps) for dtype in types)
    return max(ABOVE_ROUNDING * epsilon * size, ABOVE_NOISE * noise if math.isfinite(noise) else 0.0)


def _rates(value: Callable[[float], float], start: float, slope: float, floor: float) -> str:
    remainders: list[float] = []
    for exponent in EXPONENTS:
        t = 2.0**exponent
        try:
            rest = abs(value(t) - start - t * slope)
        except Exception as error:  # outside the domain
            pass_on_signal(error)
            rest = math.nan
        if rest > floor:
            remainders.append(rest)
        elif math.isfinite(rest):
            break
    rates = [math.log2(one / two) for one, two in pairwise(remainders)]
    if len(rates) < 3:
        return "Taylor test: the remainders are rounding; the function is linear along the line that was drawn"
    last = rates[-3:]
    meaning = "2 if the derivative is right and 1 if it is wrong"
    return f"Taylor test: the last rates of the remainders are {', '.join(f'{r:.3f}' for r in last)}: {meaning}"


def complex_step(result: MapResult, rng: np.random.Generator, rtol: float, along: Point | None) -> str:
    """F(x + i h v) has the imaginary part h J v to rounding, where F is analytic and takes complex numbers."""
    subject = result.subject
    u, v = random_cotangent(result.scales, rng), _direction(subject, rng) if along is None else along
    if subject.claim.complex_names or any(map(subject.outputs.is_complex, range(len(subject.outputs.names)))):
        return "complex step: not for functions that are complex already"
    point = tuple(x + 1j * IMAGINARY * d for x, d in zip(subject.point, v, strict=True))
    try:
        value = subject.evaluated_at(point)
        leaves, _ = flatten(plain_list(value), "f")
        measured = np.concatenate([np.asarray(leaf).imag.ravel() for leaf in leaves]) / IMAGINARY
    except Exception as error:
        pass_on_signal(error)
        return f"complex step: the function does not take complex numbers ({type(error).__name__}: {error})"
    if not measured.any() or measured.shape != u.shape:
        return "complex step: the function drops imaginary parts, so that it says nothing"
    return _compared("complex step", _claimed(subject, u, v), u * measured, rtol, COMPARISONS, along)


def automatic(result: MapResult, rng: np.random.Generator, rtol: float, along: Point | None) -> str:
    """⟨u, J v⟩ as JAX differentiates the function."""
    from gradcheck.checks.maps.automatic import pushed_by_jax

    subject = result.subject
    u, v = random_cotangent(result.scales, rng), _direction(subject, rng) if along is None else along
    if subject.claim.complex_names or any(map(subject.outputs.is_complex, range(len(subject.outputs.names)))):
        return "JAX: not for functions of complex numbers"
    terms, trouble = pushed_by_jax(subject, v, u)
    if terms is None:
        return f"JAX: it cannot differentiate the function ({trouble})"
    return _compared("JAX", _claimed(subject, u, v), terms, rtol, STOPPED, along)


#: What may make a witness wrong.
COMPARISONS = "an abs(), a comparison or a conjugate inside would make this witness wrong"
STOPPED = "a rule of its own, a stop_gradient or a cast to integers inside would make this witness wrong"


def _compared(name: str, claimed: float, terms: Vector, rtol: float, doubt: str, along: Point | None) -> str:
    line = "a random direction" if along is None else "the direction that was given"
    gap = abs(claimed - float(terms.sum()))
    size = float(np.linalg.norm(terms))
    if not size:
        return f"{name}: the derivative is zero along {line}, and claimed to be {claimed:.3g}"
    gap /= size
    bar = EPSILON * 8 * math.sqrt(terms.size)
    meaning = "the two agree to rounding" if gap <= bar else f"rounding explains {bar:.1e}, or more where terms cancel"
    if gap > rtol:
        meaning += f"; {doubt}"
    return f"{name}: off by {gap:.1e} of the norm along {line}; {meaning}"


def _direction(subject: Subject, rng: np.random.Generator) -> Point:
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
