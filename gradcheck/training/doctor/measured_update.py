"""How a program changes its parameters: measured by replaying its step at other values of all that the step remembers.

With states set to zero, and then to something else, the response of each state is a in v ← a v + b g, and what is
left is b times the gradient or its square; the change of the parameters then follows from the states after the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.graph.updates import changed_variables
from gradcheck.scripts.replay.state import StateVariable
from gradcheck.training.doctor.averages import Average
from gradcheck.training.doctor.update_rule import Coefficients, Regimen

Array = NDArray[np.float64]

#: Coefficients are constants if they agree to within this part over all entries and points.
CONSTANT = 1e-6

#: The same for changes of parameters: what is added to a number is rounded to its digits.
ROUNDED, LOOSE = 1e-4, 1e-3


@dataclass(frozen=True)
class Response:
    """How one parameter is updated.

    Attributes
    ----------
    parameter : Parameter
    averages : tuple of Average
    scale : float or None
        The change, as a multiple of (v or g)/(√s + ε); None if it is none.
    eps : float
    inside : bool
        Whether ε stands under the root.
    """

    parameter: Parameter
    averages: tuple[Average, ...]
    scale: float | None
    eps: float = 0.0
    inside: bool = False

    def of(self, power: int) -> Average | None:
        """The average of gradients or of their squares, if there is one of them."""
        found = [average for average in self.averages if average.power == power]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class _Run:
    """One replay with updates: gradients, and states and parameters after it."""

    gradients: tuple[Array, ...]
    before: tuple[Array, ...]
    after: tuple[Array, ...]
    states: tuple[Array, ...]


def responses(analysis: Analysis, rng: np.random.Generator) -> list[Response]:
    """Measure the update of every parameter; empty where the step cannot be replayed at other values."""
    parameters = analysis.parameters
    own = {p.variable.path for p in parameters}
    shapes = {p.variable.value.shape for p in parameters}
    states = [s for s in changed_variables(analysis.graph) if s.path not in own and s.value.shape in shapes]
    shift = [np.exp(rng.uniform(-1, 1, s.value.shape)) for s in states]
    moved = [
        p.variable.value + 0.5 * _scale(p.variable.value) * rng.standard_normal(p.variable.value.shape)
        for p in parameters
    ]
    start = [p.variable.value for p in parameters]
    nothing = [np.zeros(s.value.shape) for s in states]
    runs = [_run(analysis, states, *given) for given in ((start, nothing), (start, shift), (moved, nothing))]
    still, pushed, elsewhere = runs
    if still is None or pushed is None or elsewhere is None:
        return []
    found = []
    for i, parameter in enumerate(parameters):
        averages = tuple(
            average
            for j, state in enumerate(states)
            if state.value.shape == parameter.variable.value.shape
            and (average := _average(state, j, i, shift[j], still, pushed, elsewhere)) is not None
        )
        found.append(Response(parameter, averages, None))
    return _scaled(_assigned(found), states, (still, elsewhere))


def _run(
    analysis: Analysis, states: Sequence[StateVariable], point: Sequence[Array], held: Sequence[Array]
) -> _Run | None:
    step, tracer = analysis.step, analysis.step.tracer
    values = {p.variable.path: x for p, x in zip(analysis.parameters, point, strict=True)}
    values |= {s.path: x for s, x in zip(states, held, strict=True)}
    try:
        with tracer.preserved():
            trace = step.record(values)
    except Exception:  # at other values the program may take another branch, or fail
        return None
    if [e.location.index for e in trace.events] != tracer.layout:
        return None
    gradients = tuple(p.gradient(p.claim.read(lambda e: trace.events[e].value)) for p in analysis.parameters)
    after = tuple(trace.after[p.variable.path].value for p in analysis.parameters)
    return _Run(gradients, tuple(point), after, tuple(trace.after[s.path].value for s in states))


def _average(
    state: StateVariable, j: int, i: int, shift: Array, still: _Run, pushed: _Run, elsewhere: _Run
) -> Average | None:
    """Whether a state follows the gradient of the parameter, and how."""
    kept = constant([(pushed.states[j] - still.states[j], shift)])
    if kept is None:
        return None
    for power in (1, 2):
        pairs = [(run.states[j], run.gradients[i] ** power) for run in (still, elsewhere)]
        taken = constant(pairs)
        if taken is not None and taken != 0:
            return Average(state.name, state.path, power, kept, taken)
    return None


def constant(pairs: Sequence[tuple[Array, Array]]) -> float | None:
    """The c with y = c x in all entries of all pairs, if there is one."""
    y = np.concatenate([np.ravel(pair[0]) for pair in pairs])
    x = np.concatenate([np.ravel(pair[1]) for pair in pairs])
    size = float(x @ x)
    if not (np.isfinite(y).all() and np.isfinite(x).all() and size > 0):
        return None
    # each entry by its own size: in a sum of squares the large ones would hide all others
    used = np.abs(x) > 1e-9 * np.abs(x).max()
    ratios = y[used] / x[used]
    c = float(np.median(ratios))
    return c if np.abs(ratios - c).max() <= CONSTANT * max(abs(c), 1e-12) else None


def _assigned(found: list[Response]) -> list[Response]:
    """Keep of averages that fit several parameters those whose owner nobody else claims."""
    counts: dict[object, int] = {}
    for response in found:
        for average in response.averages:
            counts[average.path] = counts.get(average.path, 0) + 1
    return [replace(r, averages=tuple(a for a in r.averages if counts[a.path] == 1)) for r in found]


def _scaled(found: list[Response], states: Sequence[StateVariable], runs: Sequence[_Run]) -> list[Response]:
    """The changes of the parameters, as multiples of what they follow."""
    places: dict[object, int] = {state.path: j for j, state in enumerate(states)}
    parts: list[tuple[Array, Array, Array]] = []
    scaled = []
    for i, response in enumerate(found):
        first, second = response.of(1), response.of(2)
        changes = [run.after[i] - run.before[i] for run in runs]
        along = [run.gradients[i] if first is None else run.states[places[first.path]] for run in runs]
        if second is None:
            response = replace(response, scale=nearly(list(zip(changes, along, strict=True))))
        else:
            squares = [run.states[places[second.path]] for run in runs]
            parts += zip(*([x.ravel() for x in each] for each in (changes, along, squares)), strict=True)
        scaled.append(response)
    if not parts:
        return scaled
    # all parameters together: one entry alone would fit any ε
    fitted = quotient(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    if fitted is None:
        return scaled
    scale, eps, inside = fitted
    return [r if r.of(2) is None else replace(r, scale=scale, eps=eps, inside=inside) for r in scaled]


def quotient(change: Array, along: Array, square: Array) -> tuple[float, float, bool] | None:
    """The c and ε with change = c · along/(√square + ε), or with ε under the root; None if there are none.

    Examples
    --------
    >>> g = np.array([1.0, -2.0, 1e-6])
    >>> c, eps, inside = quotient(-0.1 * g / (np.sqrt(0.1 * g**2) + 1e-8), g, 0.1 * g**2)
    >>> round(c, 6), round(eps, 12), inside
    (-0.1, 1e-08, False)
    """
    used = (along != 0) & (change != 0) & (square > 0)
    if used.sum() < 2:
        return None
    divided, root = along[used] / change[used], np.sqrt(square[used])
    for inside in (False, True):
        y, x = (divided**2, root**2) if inside else (divided, root)
        columns = np.stack([x / y, 1 / y], axis=1)  # each entry by its own size
        size = np.linalg.norm(columns, axis=0)
        slope, rest = np.linalg.lstsq(columns / size, np.ones(len(y)), rcond=None)[0] / size
        if slope == 0 or (inside and slope < 0) or np.abs(columns @ [slope, rest] - 1).max() > LOOSE:
            continue
        scale = float(np.sign(np.median(divided)) / np.sqrt(slope)) if inside else float(1 / slope)
        return scale, max(float(rest / slope), 0.0), inside
    return None


def nearly(pairs: Sequence[tuple[Array, Array]]) -> float | None:
    """The same as `constant` for changes that are small beside what they change, and so are rounded."""
    y = np.concatenate([np.ravel(pair[0]) for pair in pairs])
    x = np.concatenate([np.ravel(pair[1]) for pair in pairs])
    size = float(x @ x)
    if not (size > 0 and np.isfinite(size) and np.isfinite(y).all()):
        return None
    c = float(y @ x) / size
    return c if np.linalg.norm(y - c * x) <= ROUNDED * abs(c) * np.sqrt(size) and c != 0 else None


def regimen_of(found: Sequence[Response], *, corrected: bool) -> Regimen | None:
    """The rule that all parameters have in common; None if they have none, or it was not understood."""
    if not found or any(response.scale is None for response in found):
        return None
    scales = [response.scale for response in found if response.scale is not None]
    kinds = {tuple(sorted(average.power for average in response.averages)) for response in found}
    if len(kinds) != 1 or max(scales) - min(scales) > 1e-2 * max(map(abs, scales)):
        return None
    scale = float(np.median(scales))
    first, second = found[0].of(1), found[0].of(2)
    kind = kinds.pop()
    if kind == ():
        return Regimen("gradient descent", -scale, -scale)
    v = None if first is None else (first.kept, first.taken)
    s = None if second is None else (second.kept, second.taken)
    if kind == (1,) and first is not None and first.kept < 1:
        step = -scale * first.taken
        return Regimen("momentum", step, step / (1 - first.kept), coefficients=Coefficients(v, None, scale))
    eps, inside = float(np.median([response.eps for response in found])), found[0].inside
    if kind == (2,) and second is not None:
        name = "AdaGrad" if second.kept == 1 else "RMSProp"
        return Regimen(name, -scale, None, coefficients=Coefficients(None, s, scale, eps=eps, inside=inside))
    if kind == (1, 2) and first is not None and second is not None and first.kept < 1 and second.kept < 1:
        rate = scale * (1 - first.kept) / np.sqrt(1 - second.kept) if corrected else scale
        return Regimen("Adam", -float(rate), None, coefficients=Coefficients(v, s, float(rate), corrected, eps, inside))
    return None


def _scale(value: Array) -> float:
    size = float(np.sqrt(np.mean(value**2)))
    return max(size, 0.1)
