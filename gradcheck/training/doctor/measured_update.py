"""The update rule of a script, measured by replaying its step with other parameters and optimiser states.

The step is replayed with all states at zero and with all states at random values. The difference gives the decay a of
each state in v ← a v + b g; the rest is b times the gradient or its square. The change of the parameters is then
fitted to the gradient and the states after the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.analysis import Analysis
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.graph.updates import changed_variables
from gradcheck.scripts.replay.state import StateVariable
from gradcheck.training.doctor.running_averages import RunningAverage
from gradcheck.training.doctor.update_rule import Coefficients, UpdateRule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class UpdateFitSettings:
    """Probe points and tolerances of the measurement.

    Attributes
    ----------
    shift : float
        The second point lies this far away, relative to the size of each parameter: far enough that gradients differ.
    min_size : float
        Smallest size of a parameter for `shift`; biases often start at zero.
    constant_tolerance : float
        Coefficients of states are constant if they agree to this over all entries and points. The states start from
        zero, so rounding is far below.
    negligible : float
        Entries below this fraction of the largest are left out: their ratios are rounding.
    change_tolerance : float
        The same as `constant_tolerance` for changes of parameters, which are rounded to the digits of the parameter.
    quotient_tolerance : float
        The same for changes that are divided by a root, whose fit adds the rounding of ε.
    agreement : float
        Scales of different parameters are one step size if they agree to this.
    """

    shift: float = 0.5
    min_size: float = 0.1
    constant_tolerance: float = 1e-6
    negligible: float = 1e-9
    change_tolerance: float = 1e-4
    quotient_tolerance: float = 1e-3
    agreement: float = 1e-2


UPDATE_FIT_SETTINGS = UpdateFitSettings()


@dataclass(frozen=True)
class MeasuredUpdate:
    """How one parameter is updated.

    Attributes
    ----------
    parameter : Parameter
    averages : tuple of RunningAverage
    scale : float or None
        The change, as a multiple of (v or g)/(√s + ε); None if it is not such a multiple.
    eps : float
        ε.
    inside : bool
        Whether ε is added under the root.
    """

    parameter: Parameter
    averages: tuple[RunningAverage, ...]
    scale: float | None
    eps: float = 0.0
    inside: bool = False

    def average(self, power: int) -> RunningAverage | None:
        """The average of gradients (1) or of their squares (2), if there is exactly one."""
        found = [average for average in self.averages if average.power == power]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class _Replay:
    """One replay of the step with its updates: gradients, and states and parameters after it."""

    gradients: tuple[Array, ...]
    before: tuple[Array, ...]
    after: tuple[Array, ...]
    states: tuple[Array, ...]


def measure_updates(
    analysis: Analysis, parameters: Sequence[Parameter], rng: np.random.Generator
) -> list[MeasuredUpdate]:
    """Measure the update of every parameter; empty if the step cannot be replayed at other values.

    Parameters
    ----------
    analysis : Analysis
    parameters : sequence of Parameter
    rng : numpy.random.Generator
    """
    own = {p.variable.path for p in parameters}
    shapes = {p.variable.value.shape for p in parameters}
    states = [s for s in changed_variables(analysis.graph) if s.path not in own and s.value.shape in shapes]
    shift = [np.exp(rng.uniform(-1, 1, s.value.shape)) for s in states]
    moved = [
        p.variable.value
        + UPDATE_FIT_SETTINGS.shift * _size(p.variable.value) * rng.standard_normal(p.variable.value.shape)
        for p in parameters
    ]
    start = [p.variable.value for p in parameters]
    zeros = [np.zeros(s.value.shape) for s in states]
    points = ((start, zeros), (start, shift), (moved, zeros))
    at_start, with_states, elsewhere = (_replayed(analysis, parameters, states, *values) for values in points)
    if at_start is None or with_states is None or elsewhere is None:
        return []
    found = []
    for i, parameter in enumerate(parameters):
        averages = tuple(
            average
            for j, state in enumerate(states)
            if state.value.shape == parameter.variable.value.shape
            and (average := _average(state, j, i, shift[j], at_start, with_states, elsewhere)) is not None
        )
        found.append(MeasuredUpdate(parameter, averages, None))
    return _with_scales(_without_ambiguous(found), states, (at_start, with_states, elsewhere))


def _replayed(
    analysis: Analysis,
    parameters: Sequence[Parameter],
    states: Sequence[StateVariable],
    point: Sequence[Array],
    held: Sequence[Array],
) -> _Replay | None:
    """Replay the step with the given parameters and states; None if it fails or takes another branch."""
    step, tracer = analysis.step, analysis.step.tracer
    values = {p.variable.path: x for p, x in zip(parameters, point, strict=True)}
    values |= {s.path: x for s, x in zip(states, held, strict=True)}
    try:
        with tracer.preserved():
            trace = step.record(values)
    except Exception:  # at other values the program may take another branch, or fail
        return None
    if [e.location.index for e in trace.events] != tracer.layout:
        return None
    gradients = tuple(p.gradient(p.claim.read(lambda e: trace.events[e].value)) for p in parameters)
    after = tuple(trace.after[p.variable.path].value for p in parameters)
    return _Replay(gradients, tuple(point), after, tuple(trace.after[s.path].value for s in states))


def _average(
    state: StateVariable, j: int, i: int, shift: Array, at_start: _Replay, with_states: _Replay, elsewhere: _Replay
) -> RunningAverage | None:
    """The average of the gradients of parameter i that state j is; None if it is not one."""
    decay = constant_ratio([(with_states.states[j] - at_start.states[j], shift)])
    if decay is None:
        return None
    for power in (1, 2):
        pairs = [(replay.states[j], replay.gradients[i] ** power) for replay in (at_start, elsewhere)]
        input_weight = constant_ratio(pairs)
        if input_weight is not None and input_weight != 0:
            return RunningAverage(state.name, state.path, power, decay, input_weight)
    return None


def constant_ratio(pairs: Sequence[tuple[Array, Array]]) -> float | None:
    """The c with y = c x in all entries of all pairs (y, x); None if there is none.

    Each entry is compared relative to its own size. In a sum of squares the large entries would hide the others.
    """
    y = np.concatenate([np.ravel(pair[0]) for pair in pairs])
    x = np.concatenate([np.ravel(pair[1]) for pair in pairs])
    size = float(x @ x)
    if not (np.isfinite(y).all() and np.isfinite(x).all() and size > 0):
        return None
    used = np.abs(x) > UPDATE_FIT_SETTINGS.negligible * np.abs(x).max()
    ratios = y[used] / x[used]
    c = float(np.median(ratios))
    tolerance = UPDATE_FIT_SETTINGS.constant_tolerance * max(abs(c), 1e-12)
    return c if np.abs(ratios - c).max() <= tolerance else None


def _without_ambiguous(found: list[MeasuredUpdate]) -> list[MeasuredUpdate]:
    """Drop averages that fit more than one parameter."""
    counts: dict[object, int] = {}
    for update in found:
        for average in update.averages:
            counts[average.path] = counts.get(average.path, 0) + 1
    return [replace(u, averages=tuple(a for a in u.averages if counts[a.path] == 1)) for u in found]


def _with_scales(
    found: list[MeasuredUpdate], states: Sequence[StateVariable], replays: Sequence[_Replay]
) -> list[MeasuredUpdate]:
    """Fit the change of each parameter to the gradient and the states after the step.

    Replays with states at zero are not enough: from a velocity of zero, Nesterov's momentum looks like plain momentum.
    """
    index: dict[object, int] = {state.path: j for j, state in enumerate(states)}
    parts: list[tuple[Array, Array, Array]] = []
    scaled = []
    for i, update in enumerate(found):
        first, second = update.average(1), update.average(2)
        changes = [replay.after[i] - replay.before[i] for replay in replays]
        along = [replay.gradients[i] if first is None else replay.states[index[first.path]] for replay in replays]
        if second is None:
            update = replace(update, scale=rounded_ratio(list(zip(changes, along, strict=True))))
        else:
            squares = [replay.states[index[second.path]] for replay in replays]
            parts += zip(*([x.ravel() for x in each] for each in (changes, along, squares)), strict=True)
        scaled.append(update)
    if not parts:
        return scaled
    # all parameters together: a single entry would fit any ε
    fitted = fit_quotient(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    if fitted is None:
        return scaled
    scale, eps, inside = fitted
    return [u if u.average(2) is None else replace(u, scale=scale, eps=eps, inside=inside) for u in scaled]


def fit_quotient(change: Array, along: Array, square: Array) -> tuple[float, float, bool] | None:
    """The c and ε with change = c · along/(√square + ε), or with ε under the root; None if there are none.

    Examples
    --------
    >>> g = np.array([1.0, -2.0, 1e-6])
    >>> c, eps, inside = fit_quotient(-0.1 * g / (np.sqrt(0.1 * g**2) + 1e-8), g, 0.1 * g**2)
    >>> round(c, 6), round(eps, 12), inside
    (-0.1, 1e-08, False)
    """
    used = (along != 0) & (change != 0) & (square > 0)
    if used.sum() < 2:
        return None
    divided, root = along[used] / change[used], np.sqrt(square[used])
    for inside in (False, True):
        y, x = (divided**2, root**2) if inside else (divided, root)
        columns = np.stack([x / y, 1 / y], axis=1)  # each entry relative to its own size
        size = np.linalg.norm(columns, axis=0)
        slope, intercept = np.linalg.lstsq(columns / size, np.ones(len(y)), rcond=None)[0] / size
        deviation = np.abs(columns @ [slope, intercept] - 1).max()
        if slope == 0 or (inside and slope < 0) or deviation > UPDATE_FIT_SETTINGS.quotient_tolerance:
            continue
        scale = float(np.sign(np.median(divided)) / np.sqrt(slope)) if inside else float(1 / slope)
        return scale, max(float(intercept / slope), 0.0), inside
    return None


def rounded_ratio(pairs: Sequence[tuple[Array, Array]]) -> float | None:
    """Like `constant_ratio`, for changes that carry the rounding of the larger parameter that they change."""
    y = np.concatenate([np.ravel(pair[0]) for pair in pairs])
    x = np.concatenate([np.ravel(pair[1]) for pair in pairs])
    size = float(x @ x)
    if not (size > 0 and np.isfinite(size) and np.isfinite(y).all()):
        return None
    c = float(y @ x) / size
    tolerance = UPDATE_FIT_SETTINGS.change_tolerance * abs(c) * np.sqrt(size)
    return c if np.linalg.norm(y - c * x) <= tolerance and c != 0 else None


def common_rule(found: Sequence[MeasuredUpdate], *, corrected: bool) -> UpdateRule | None:
    """The update rule that all parameters share; None if there is none, or if it is not recognised.

    Parameters
    ----------
    found : sequence of MeasuredUpdate
    corrected : bool
        Whether the program corrects averages for their start at zero.
    """
    if not found or any(update.scale is None for update in found):
        return None
    scales = [update.scale for update in found if update.scale is not None]
    kinds = {tuple(sorted(average.power for average in update.averages)) for update in found}
    if len(kinds) != 1 or max(scales) - min(scales) > UPDATE_FIT_SETTINGS.agreement * max(map(abs, scales)):
        return None
    scale = float(np.median(scales))
    first, second = found[0].average(1), found[0].average(2)
    kind = kinds.pop()
    if kind == ():
        return UpdateRule("gradient descent", -scale, -scale)
    v = None if first is None else (first.decay, first.input_weight)
    s = None if second is None else (second.decay, second.input_weight)
    if kind == (1,) and first is not None and first.decay < 1:
        step = -scale * first.input_weight
        if abs(first.decay) <= UPDATE_FIT_SETTINGS.agreement:  # a gradient that is kept until the next one
            return UpdateRule("gradient descent", step, step)
        return UpdateRule("momentum", step, step / (1 - first.decay), coefficients=Coefficients(v, None, scale))
    eps, inside = float(np.median([update.eps for update in found])), found[0].inside
    if kind == (2,) and second is not None:
        name = "AdaGrad" if second.decay == 1 else "RMSProp"
        return UpdateRule(name, -scale, None, coefficients=Coefficients(None, s, scale, eps=eps, inside=inside))
    if kind == (1, 2) and first is not None and second is not None and first.decay < 1 and second.decay < 1:
        rate = float(scale * (1 - first.decay) / np.sqrt(1 - second.decay) if corrected else scale)
        return UpdateRule("Adam", -rate, None, coefficients=Coefficients(v, s, rate, corrected, eps, inside))
    return None


def _size(value: Array) -> float:
    return max(float(np.sqrt(np.mean(value**2))), UPDATE_FIT_SETTINGS.min_size)
