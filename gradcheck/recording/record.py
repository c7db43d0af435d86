"""One recorded call of a loss and of its gradient, with the exact adjoints of what the loss is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.recording.adjoints import Adjoints, adjoints, made_of
from gradcheck.recording.calls import Calls
from gradcheck.recording.functions import ReachableFunctions
from gradcheck.recording.graph import Graph, Value, is_real
from gradcheck.recording.recorder import Recorder
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.sites import Site, Unit
from gradcheck.recording.tangents import tangents

Array = NDArray[Any]


@dataclass(frozen=True)
class Recording:
    """What one call of each function has shown.

    Attributes
    ----------
    loss : float
    graph : Graph
    sites : list of Site
    units : list of Unit
    adjoints : Adjoints
        Of the values that the loss is made of.
    parameters : tuple of tuple of int
        For each block the values that are its parameters.
    claims : tuple of (int or None)
        For each block the value that is claimed to be its gradient.
    truths : tuple of (ndarray or None)
        For each block its gradient.
    tangents : tuple of (int, dict of int to ndarray)
        Where there are few parameters, for each entry of them its parameter and the derivatives of the values that the
        loss is made of: a derivative may be written from the parameter to the loss as well as back.
    tolerance : float
        Two values that differ by less than this part of the larger norm are equal.
    calls : Calls
        What all functions but NumPy's were called with.
    """

    loss: float
    graph: Graph
    sites: list[Site]
    units: list[Unit]
    adjoints: Adjoints
    parameters: tuple[tuple[int, ...], ...]
    claims: tuple[int | None, ...]
    truths: tuple[Any, ...]
    tangents: tuple[tuple[int, dict[int, Array]], ...]
    tolerance: float
    calls: Calls

    def __post_init__(self) -> None:
        self.graph.pullbacks = {}  # nothing writes into its arrays any more

    def is_equal(self, one: Any, other: Any) -> bool:
        """Whether two arrays of one size have the same entries, where the first is not NaN."""
        return equal(one, other, self.tolerance)


def record(
    functions: Sequence[Any],
    loss: Callable[[], float],
    gradient: Callable[[], Sequence[Array]],
    point: Sequence[Array],
    upstream: Array | None = None,
    known: ReachableFunctions | None = None,
) -> Recording | None:
    """Record a loss and its gradient.

    Parameters
    ----------
    functions : sequence of callables
        The user's own functions that are called first.
    loss, gradient : callable
        Each calls the user's functions once.
    point : sequence of ndarray
        The parameters.
    upstream : ndarray, optional
        Of a layer: the loss is the sum of its output times this.
    known : ReachableFunctions, optional
        Those that several recordings share.

    Returns
    -------
    Recording or None
        None if the source of the functions cannot be read, or if they make too many values.

    Raises
    ------
    NoRule
        If an operation has no rule and is too large to be measured.
    """
    recorder = Recorder(known)
    try:
        return _recorded(recorder, functions, loss, gradient, point, upstream)
    finally:
        recorder.release()


def exact_gradient(
    functions: Sequence[Any],
    loss: Callable[[], float],
    point: Sequence[Array],
    upstream: Array | None = None,
    known: ReachableFunctions | None = None,
) -> ExactGradient | None:
    """Record a loss alone, for the derivatives by its parameters; arguments and errors are those of `record`.

    Returns
    -------
    ExactGradient or None
        None if the source of the functions cannot be read, or if they make too many values, or if a derivative is not
        exact to rounding: where an operation was measured or not followed, or computed in another type than float64.
    """
    recorder = Recorder(known)
    try:
        recorded = _recorded_loss(recorder, functions, loss, point, upstream)
        if recorded is None or recorder.forgets:
            return None
        found = _adjoints(recorder.graph, recorded)
        values = (recorder.graph.values[i].array for i in found.of)
        if found.measured or any(np.result_type(each) != np.float64 for each in values):
            return None
        gradient = (_total(found, ids, np.shape(x)) for ids, x in zip(recorded.parameters, point, strict=True))
        return ExactGradient(recorded.value, tuple(gradient))
    finally:
        recorder.release()


@dataclass(frozen=True)
class Solvers:
    """Functions in a loss, and in its gradient where that was recorded as well, that may stop early.

    Attributes
    ----------
    callers : tuple of callables
        Functions of libraries that call functions of the user repeatedly, as solvers and integrators do.
    stopping : tuple of callables
        Functions of libraries that were called with a tolerance.
    graph : Graph
        What was computed.
    complete : bool
        Whether all of it was recorded.
    """

    callers: tuple[Any, ...]
    stopping: tuple[Any, ...]
    graph: Graph
    complete: bool


def solvers(
    functions: Sequence[Any],
    loss: Callable[[], float],
    point: Sequence[Array],
    upstream: Array | None = None,
    known: ReachableFunctions | None = None,
    *,
    gradient: Callable[[], Sequence[Array]] | None = None,
) -> Solvers:
    """Functions that may stop early; none is found where the source of the functions cannot be read.

    Arguments are those of `record`.
    """
    recorder = Recorder(known)
    try:
        recorded = _recorded_loss(recorder, functions, loss, point, upstream)
        if gradient is not None and recorder.complete:
            with recorder.recording(1, functions):
                gradient()
        complete = recorded is not None and recorder.complete and not recorder.forgets
        return Solvers(tuple(recorder.callers), tuple(recorder.stopping), recorder.graph, complete)
    finally:
        recorder.release()


@dataclass(frozen=True)
class ExactGradient:
    """A loss and its derivative by each block, None for blocks that the loss was not seen to read."""

    loss: float
    blocks: tuple[Any, ...]


@dataclass(frozen=True)
class _RecordedLoss:
    value: float
    seeds: dict[int, Any]
    parameters: tuple[tuple[int, ...], ...]


def _recorded_loss(
    recorder: Recorder,
    functions: Sequence[Any],
    loss: Callable[[], float],
    point: Sequence[Array],
    upstream: Array | None,
) -> _RecordedLoss | None:
    with recorder.recording(0, functions):
        value = loss()
        returned = recorder.last
    seeds = _seeds(recorder, returned, value, upstream)
    if not seeds or not recorder.complete:
        return None
    return _RecordedLoss(value, seeds, tuple(tuple(_leaves(recorder.graph, each)) for each in point))


def _adjoints(graph: Graph, recorded: _RecordedLoss) -> Adjoints:
    active = made_of(graph, {i for ids in recorded.parameters for i in ids})
    return adjoints(graph, recorded.seeds, active & graph.ancestors(recorded.seeds))


def _recorded(
    recorder: Recorder,
    functions: Sequence[Any],
    loss: Callable[[], float],
    gradient: Callable[[], Sequence[Array]],
    point: Sequence[Array],
    upstream: Array | None,
) -> Recording | None:
    recorded = _recorded_loss(recorder, functions, loss, point, upstream)
    if recorded is None:
        return None
    with recorder.recording(1, functions):
        claimed = gradient()
        returned = recorder.last
    if not recorder.complete:
        return None
    claims: tuple[int | None, ...] = ()
    for each in claimed:
        claims = (*claims, _claim(recorder, returned, each, claims))
    recorder.keep()
    graph, parameters = recorder.graph, recorded.parameters
    found = _adjoints(graph, recorded)
    truths = tuple(_total(found, ids, np.shape(x)) for ids, x in zip(parameters, point, strict=True))
    narrowest = max((np.finfo(np.asarray(each).dtype).eps for each in claimed), default=np.finfo(np.float64).eps)
    tolerance = max(RECORDING.equal, RECORDING.roundings * float(narrowest))
    if narrowest == np.finfo(np.float64).eps:
        tolerance = RECORDING.measured if found.measured else RECORDING.equal
    return Recording(
        recorded.value,
        graph,
        recorder.program.sites,
        recorder.program.units,
        found,
        parameters,
        claims,
        truths,
        tangents(graph, parameters, found.of),
        tolerance,
        recorder.calls,
    )


def _seeds(recorder: Recorder, returned: Any, loss: float, upstream: Array | None) -> dict[int, Any]:
    """The value that is the loss, or the output of a layer, with its cotangent."""
    for each in flat(returned):
        size = np.size(each)
        value = recorder.value_of(each)
        if value is None or not is_real(each):
            continue
        if upstream is not None and np.shape(each) == upstream.shape:
            return {value.id: upstream}
        if upstream is None and size == 1 and equal(np.asarray(each).reshape(-1), np.asarray([loss]), RECORDING.equal):
            return {value.id: np.ones(np.shape(each))}
    return {}


def _leaves(graph: Graph, parameter: Array) -> Iterator[int]:
    for value in graph.values:
        fits = value.function is None and np.size(value.array) == parameter.size and is_real(value.array)
        if fits and np.array_equal(np.asarray(value.array).reshape(-1), parameter.reshape(-1)):
            yield value.id


def _claim(recorder: Recorder, returned: Any, claimed: Array, taken: Sequence[int | None]) -> int | None:
    """The value that was returned or stored as the gradient of a block, one that is no other's if there is one."""
    fitting = [each for each in flat(returned) if np.size(each) == claimed.size and is_real(each)]
    values = [recorder.value_of(each) for each in fitting if same_entries(each, claimed)]
    found = [value.id for value in values if value is not None]
    if found:
        return next((each for each in found if each not in taken), found[0])
    if not np.any(claimed):
        return None
    fits = [v for v in recorder.graph.values if np.size(v.array) == claimed.size and is_real(v.array) and v.phase == 1]
    return next((value.id for value in reversed(fits) if same_entries(value.array, claimed)), None)


def same_entries(one: Any, other: Any) -> bool:
    """Whether two arrays have the same entries in the same order."""
    return bool(np.array_equal(np.asarray(one).reshape(-1), np.asarray(other).reshape(-1), equal_nan=True))


def _total(found: Adjoints, ids: Sequence[int], shape: tuple[int, ...]) -> Any:
    if not ids:
        return None
    parts = [np.asarray(found.of[i]).reshape(shape) for i in ids if i in found.of]
    return sum(parts[1:], parts[0]) if parts else np.zeros(shape)


def flat(nested: Any, depth: int = 0) -> Iterator[Any]:
    """The arrays and floats in a nesting of mappings and sequences, in their order."""
    if isinstance(nested, (np.ndarray, float)):
        yield nested
    elif depth < 8 and isinstance(nested, Mapping):
        for each in nested.values():
            yield from flat(each, depth + 1)
    elif depth < 8 and isinstance(nested, (list, tuple)):
        for each in nested:
            yield from flat(each, depth + 1)


def equal(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two arrays of one size agree up to a part of the larger norm, but where the first is NaN."""
    a, b = np.asarray(one).reshape(-1), np.asarray(other).reshape(-1)
    known = ~np.isnan(a)
    if not known.all():
        a, b = a[known], b[known]
    size = max(float(np.linalg.norm(a)), float(np.linalg.norm(b)))
    return bool(np.isfinite(size)) and float(np.linalg.norm(a - b)) <= tolerance * size


__all__ = ["ExactGradient", "Recording", "Value", "equal", "exact_gradient", "flat", "record"]
