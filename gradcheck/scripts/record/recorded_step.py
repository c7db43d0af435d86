"""One recorded iteration: its loss, its parameters and its claimed gradients as values of an explicit graph."""

from __future__ import annotations

import bisect
import contextlib
import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from gradcheck.recording.adjoints import adjoints, made_of
from gradcheck.recording.graph import Graph, Ref, Value, is_real
from gradcheck.recording.memory import owner_of, positions
from gradcheck.recording.operations import written
from gradcheck.recording.program import RunningFile
from gradcheck.recording.record import Recording, equal
from gradcheck.recording.recorder import Recorder
from gradcheck.recording.rewrite import Rewriter
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.sites import Site, Unit
from gradcheck.recording.tangents import tangents
from gradcheck.scripts.analysis import Analysis
from gradcheck.scripts.graph.dataflow import BasePoint
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.graph.recorded import number_of
from gradcheck.scripts.instrument.events import Returned, SourceLocation
from gradcheck.scripts.instrument.loop_body import RewrittenBody
from gradcheck.scripts.instrument.values import Array
from gradcheck.scripts.replay.step import Step

#: Two values of the same operations in two runs differ by no more than this.
_SAME = 1e-11

#: A factor that differs from 1 by less than this is one.
_ONE = 1e-9


@dataclass(frozen=True)
class _Memory:
    """Where a parameter is: a number, or all or a part of an array."""

    leaf: int
    where: Any = None
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Body:
    """The body of a step, rewritten for a recorder, with its places in the source."""

    made: RewrittenBody
    sites: list[Site]
    units: list[Unit]


#: The bodies of steps that were recorded: several recordings share them.
_BODIES: WeakKeyDictionary[Step, _Body] = WeakKeyDictionary()


@dataclass(frozen=True)
class StepRecording:
    """A recording of the step at a base point.

    Attributes
    ----------
    base : BasePoint
    recording : Recording
    gradients : tuple of ndarray
        For each parameter the exact one.
    """

    base: BasePoint
    recording: Recording
    gradients: tuple[Array, ...]


def record_step(analysis: Analysis, base: BasePoint) -> StepRecording | None:
    """Record the step at a base point.

    Parameters
    ----------
    analysis : Analysis
    base : BasePoint

    Returns
    -------
    StepRecording or None
        None if the loss or no gradient is found among the recorded values, or if there are too many of them.

    Raises
    ------
    NoRule
        If an operation has no rule and is too large to be measured.
    """
    step = analysis.step
    running = {
        file: RunningFile(step.program.sources[file].text, unit.code) for file, unit in step.program.units.items()
    }
    stand_ins = {np.empty: np.zeros, np.empty_like: np.zeros_like}
    recorder = Recorder(running=running, recent=step.functions, stand_ins=stand_ins, widens=True)
    try:
        memories = _run(recorder, analysis, base)
        if not recorder.complete:
            return None
        return _assembled(recorder, analysis, base, memories)
    finally:
        recorder.release()


def _run(recorder: Recorder, analysis: Analysis, base: BasePoint) -> list[_Memory]:
    """Run the body once; where the parameters are in the graph."""
    step, program = analysis.step, recorder.program
    if step not in _BODIES:
        _BODIES[step] = _rewritten_body(step)
    body = _BODIES[step]
    program.sites += body.sites
    program.units += body.units
    function = step.as_function(body.made, program.bound)
    values = {p.variable.path: base.state(p.variable.path) for p in analysis.parameters}
    with step.prepared({**base.values, **values}) as variables, recorder.recording(0, ()):
        memories = [_memory(recorder, step, p, variables) for p in analysis.parameters]
        with contextlib.suppress(Returned):
            function(*[variables[name] for name in body.made.parameters])
        recorder.freeze()
    return memories


def _rewritten_body(step: Step) -> _Body:
    scopes = [function.name for function in step.loop.functions if hasattr(function, "name")]
    sites: list[Site] = []
    units: list[Unit] = []
    rewriter = Rewriter(step.loop.file, step.loop.text, sites, units)
    return _Body(step.rewritten_body(lambda statements: rewriter.body(statements, scopes)), sites, units)


def _memory(recorder: Recorder, step: Step, parameter: Parameter, variables: dict[str, Any]) -> _Memory:
    variable = parameter.variable
    if not variable.scalar:
        array = owner_of(variable.found)
        value = recorder.value_of(array)
        assert value is not None
        return _Memory(value.id, positions(variable.found, array), np.shape(variable.found))
    return _Memory(number_of(recorder, step, variable.path, variables).id)


# -- what the values are -----------------------------------------------------------------------------------------------


def _assembled(
    recorder: Recorder, analysis: Analysis, base: BasePoint, memories: Sequence[_Memory]
) -> StepRecording | None:
    graph, program = recorder.graph, recorder.program
    places = _Places(graph, program.units, [site.unit for site in program.sites])
    updated = _without_updates(graph, places, analysis.parameters, memories)
    loss = places.find(analysis.loss, base.value(analysis.loss), last=True)
    if loss is None:
        return None
    above = graph.ancestors([loss])
    for value in graph.values:
        value.phase = 0 if value.id in above or value.function is None else 1
    active = made_of(graph, {memory.leaf for memory in memories})
    seeds = {loss: np.ones(np.shape(graph.values[loss].array))}
    found = adjoints(graph, seeds, active & above)
    claims: list[int | None] = []
    truths: list[Any] = []
    gradients: list[Array] = []
    for parameter, memory in zip(analysis.parameters, memories, strict=True):
        truth = _gradient(found.of.get(memory.leaf), graph.values[memory.leaf], memory)
        taken = {*updated, *(each for each in claims if each is not None)}
        claim = places.find(parameter.claim, base.value(parameter.claim), last=True, taken=taken)
        factor = parameter.factor
        if claim is not None:
            claim, factor = _behind_rate(graph, claim, factor, active, truth)
        fits = claim is not None and np.size(graph.values[claim].array) == truth.size
        claims.append(claim if fits else None)
        truths.append(truth / factor if fits else None)
        gradients.append(truth)
    if not any(claim is not None for claim in claims):
        return None
    tolerance = RECORDING.measured if found.measured else RECORDING.equal
    parameters = tuple((memory.leaf,) for memory in memories)
    recording = Recording(
        float(np.sum(graph.values[loss].array)),
        graph,
        program.sites,
        program.units,
        found,
        parameters,
        tuple(claims),
        tuple(truths),
        tangents(graph, parameters, found.of),
        tolerance,
        recorder.calls,
    )
    return StepRecording(base, recording, tuple(gradients))


def _gradient(adjoint: Any, leaf: Value, memory: _Memory) -> Array:
    if adjoint is None:
        adjoint = np.zeros(np.shape(leaf.array))
    array = np.asarray(adjoint, dtype=np.float64)
    return array.reshape(-1)[memory.where].reshape(memory.shape) if memory.where is not None else array


class _Places:
    """Finds recorded values by their line and their entries."""

    def __init__(self, graph: Graph, units: Sequence[Unit], unit_of: Sequence[int]) -> None:
        self._graph, self._units, self._unit_of = graph, units, unit_of
        self._at: dict[tuple[str, int], list[Value]] = {}
        for value in graph.values:
            for place in {place for unit in self._units_of(value) for place in _lines(unit)}:
                self._at.setdefault(place, []).append(value)

    def _units_of(self, value: Value) -> list[Unit]:
        own = [] if value.site is None else [self._unit_of[value.site]]
        return [self._units[unit] for unit in (*own, *value.named_in) if unit >= 0]

    def at(self, location: SourceLocation) -> list[Value]:
        """The values that the expressions on a line have made, or that got a name there."""
        return self._at.get(location.place, [])

    @cached_property
    def _by_norm(self) -> dict[int, tuple[list[float], list[int]]]:
        """By size the norms of values, in order, and the values; those with NaN come last."""
        pairs: dict[int, list[tuple[float, int]]] = {}
        for value in self._graph.values:
            if is_real(value.array):
                norm = float(np.linalg.norm(np.asarray(value.array).reshape(-1)))
                pairs.setdefault(np.size(value.array), []).append((math.inf if math.isnan(norm) else norm, value.id))
        return {
            size: ([n for n, _ in own], [i for _, i in own]) for size, found in pairs.items() if (own := sorted(found))
        }

    def _alike(self, wanted: Array) -> list[Value]:
        """The values with some entries, in order."""
        norms, ids = self._by_norm.get(wanted.size, ([], []))
        norm = float(np.linalg.norm(np.nan_to_num(wanted).reshape(-1)))
        low, high = norm * (1.0 - 2.0 * _SAME), norm * (1.0 + 2.0 * _SAME)
        near = ids[bisect.bisect_left(norms, low) : bisect.bisect_right(norms, high)]
        near += ids[bisect.bisect_left(norms, math.inf) :]
        values = [self._graph.values[i] for i in sorted(set(near))]
        return [value for value in values if _has_entries(value, wanted)]

    def _is_at(self, value: Value, location: SourceLocation) -> bool:
        return any(location.place in _lines(unit) for unit in self._units_of(value))

    def find(self, node: Node, wanted: Array, *, last: bool, taken: Container[int] = ()) -> int | None:
        """The value that has the entries of a node, on its line if there is one."""
        alike = self._alike(wanted)
        on_line = [v for v in alike if self._is_at(v, node.location)]
        made = [v for v in alike if v.function is not None]
        free = [v for v in on_line if v.id not in taken]
        chosen = free or on_line or made or alike
        return None if not chosen else chosen[-1 if last else 0].id


def _lines(unit: Unit) -> list[tuple[str, int]]:
    return [(unit.file, line) for line in range(unit.line, unit.span[2] + 1)]


def _has_entries(value: Value, wanted: Array) -> bool:
    array = value.array
    return np.size(array) == wanted.size and is_real(array) and equal(np.asarray(array), wanted, _SAME)


def _behind_rate(graph: Graph, claim: int, factor: float, active: set[int], truth: Array) -> tuple[int, float]:
    """The value behind the factors of an update that are made of no parameter.

    If that is the gradient, but not what is claimed, a factor of the update is wrong, and the claim stays there.
    """
    at, rest = claim, factor
    while (inner := _scaled(graph, graph.values[at], active)) is not None:
        at, rest = inner[0], rest * inner[1]
    exact = np.size(graph.values[at].array) == truth.size and equal(truth, graph.values[at].array, RECORDING.equal)
    return (claim, factor) if exact and abs(rest - 1.0) > _ONE else (at, rest)


def _scaled(graph: Graph, value: Value, active: set[int]) -> tuple[int, float] | None:
    """The operand that a value is a constant times, and that constant."""
    function, args = value.function, value.args
    if function is np.negative and isinstance(args[0], Ref):
        return args[0].id, -1.0
    if function is np.multiply:
        pairs = [(args[0], args[1]), (args[1], args[0])]
    elif function is np.true_divide:
        pairs = [(args[0], args[1])]
    else:
        return None
    for inner, other in pairs:
        number = graph.values[other.id].array if isinstance(other, Ref) else other
        if (isinstance(other, Ref) and other.id in active) or not isinstance(inner, Ref) or np.size(number) != 1:
            continue
        if np.size(graph.values[inner.id].array) == np.size(value.array) and inner.id in active:
            scale = float(np.asarray(number).reshape(()))
            return inner.id, scale if function is np.multiply else 1.0 / scale
    return None


def _without_updates(
    graph: Graph, places: _Places, parameters: Sequence[Parameter], memories: Sequence[_Memory]
) -> set[int]:
    """Let what is computed after an update read the parameter as it was; the values that are updated parameters."""
    old: dict[int, int] = {}
    for parameter, memory in zip(parameters, memories, strict=True):
        leaf = graph.values[memory.leaf]
        for node in parameter.updates:
            for value in places.at(node.location):
                if value.id != leaf.id and _replaces(graph, value, leaf):
                    old[value.id] = leaf.id
    changed = {value.id for value in graph.values if any(i in old for i in value.inputs)}
    if not changed:
        return set(old)
    for value in graph.values:
        if value.id in changed:
            value.args = _renamed(value.args, old)
            value.kwargs = {key: _renamed(each, old) for key, each in value.kwargs.items()}
            value.inputs = tuple(dict.fromkeys(old.get(i, i) for i in value.inputs))
    below = made_of(graph, changed) - set(old)
    for value in graph.values:
        if value.id in below and value.function is not None:
            value.array = value.function(*graph.filled(value.args), **graph.filled(value.kwargs))
    return set(old)


def _replaces(graph: Graph, value: Value, leaf: Value) -> bool:
    """Whether a value is the new one of a parameter: of its shape, and made directly of the old one."""
    if np.shape(value.array) != np.shape(leaf.array) or value.function is None:
        return False
    return value.function in (np.add, np.subtract, written) and leaf.id in _ends(graph, value)


def _ends(graph: Graph, value: Value) -> Iterable[int]:
    """The value itself that another one was before something was added to it, or written into it."""
    seen = value
    found = []
    while seen.function in (np.add, np.subtract, written) and isinstance(seen.args[0], Ref):
        found.append(seen.args[0].id)
        seen = graph.values[seen.args[0].id]
    return found


def _renamed(structure: Any, old: Mapping[int, int]) -> Any:
    if isinstance(structure, Ref):
        return Ref(old.get(structure.id, structure.id))
    if type(structure) in (list, tuple):
        return type(structure)(_renamed(each, old) for each in structure)
    return structure
