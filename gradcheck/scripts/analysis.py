"""Analyses a captured step: its parameters, its loss, its claimed gradients, and the base points for checks."""

from __future__ import annotations

import ast
import contextlib
import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.scripts.graph.dataflow import BasePoint, DataflowGraph
from gradcheck.scripts.graph.gradient_free import gradient_free_rule
from gradcheck.scripts.graph.loss import LossChoice, NoLossError, find_loss, independent_of, is_used
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter, find_parameters, named_parameters
from gradcheck.scripts.graph.preconditioners import (
    Directions,
    Treatment,
    Underlying,
    common_bounds,
    underlying_gradient,
)
from gradcheck.scripts.graph.rates import RatedParameters, without_rates
from gradcheck.scripts.graph.slopes import RandomLine, equal_slopes
from gradcheck.scripts.graph.stale_reads import StaleRead, stale_reads
from gradcheck.scripts.graph.updates import Update, changed_variables, find_updates, suppress
from gradcheck.scripts.hints import Hints
from gradcheck.scripts.instrument.values import Array
from gradcheck.scripts.replay.state import StateVariable
from gradcheck.scripts.replay.step import Step, Trace
from gradcheck.scripts.text.identifiers import last_word, words_of


@dataclass(frozen=True)
class SecondPointSettings:
    """Where the second base point is.

    Attributes
    ----------
    distances : tuple of float
        Its distance from the program's own point, in units of typical parameters; the first that works is taken.
    largest_loss : float
        The largest ratio of the two losses. Beyond it, rounding at one point hides what happens at the other.
    """

    distances: tuple[float, ...] = (1.0, 0.3, 0.05)
    largest_loss: float = 1e4


SECOND_POINT = SecondPointSettings()

#: Names in a message.
_SHOWN = 6


class NoUpdateError(SubjectError):
    """The step adds nothing to a number or an array of floats."""


@dataclass(frozen=True)
class TreatedGradient:
    """A gradient that its update scales or preconditions, and the line that is checked instead of the update."""

    name: str
    treatment: Treatment
    line: int


@dataclass(frozen=True, eq=False)
class Analysis:
    """What the values of a step are.

    Attributes
    ----------
    step : Step
    graph : DataflowGraph
    loss : Node
    forward : set of int
        Nodes that the loss depends on.
    parameters : tuple of Parameter
    bases : tuple of BasePoint
        The program's own point, and a second one if the step takes the same branch there.
    stale : tuple of StaleRead
    treated : tuple of TreatedGradient
    rated : RatedParameters
        What was found out about learning rates.
    choice : LossChoice
        Numbers that may be meant as the loss.
    beside : tuple of str
        Variables that are updated with what depends on parameters, but on which the loss does not depend.
    repeated : tuple of str
        Parameters of which the step updates the same entries several times.
    """

    step: Step
    graph: DataflowGraph
    loss: Node
    forward: set[int]
    parameters: tuple[Parameter, ...]
    bases: tuple[BasePoint, ...]
    stale: tuple[StaleRead, ...]
    treated: tuple[TreatedGradient, ...]
    rated: RatedParameters
    choice: LossChoice
    beside: tuple[str, ...]
    repeated: tuple[str, ...]

    @property
    def base(self) -> BasePoint:
        """The program's own point."""
        return self.bases[0]

    def may_follow(self) -> bool:
        """Whether some claimed gradient may be a multiple of that of the loss, and has its sign.

        It has one ratio to the slope of the loss along random lines, one through each point and one more.
        """
        bases = (*self.bases, self.base)
        lines = [RandomLine(self.graph, base, self.loss, self.parameters) for base in bases]
        for i, parameter in enumerate(self.parameters):
            slopes = [line.slope([i]) for line in lines]
            claims = [line.claimed(i, parameter.claim, parameter.factor) for line in lines]
            ratios = [claim / slope if slope else math.nan for claim, slope in zip(claims, slopes, strict=True)]
            if ratios[0] > 0 and all(equal_slopes(ratio, ratios[0], nearly=True) for ratio in ratios):
                return True
        return False

    def counts(self) -> dict[int, str]:
        """Lengths of axes and sequences in the step, each with the sentence that says of what."""
        found: dict[int, str] = {}
        for node in self.graph.nodes:
            for axis, n in enumerate(node.shape):
                if n > 1 and n not in found:
                    found[n] = f"{n} is the length of axis {axis} of {node.label}"
        found.pop(2, None)  # a factor of 2 is that of a square, more often than any length
        for name, value in self.step.sequences():
            if len(value) > 2 and not any(hasattr(item, "__dict__") for item in value[:3]):
                found.setdefault(len(value), f"{len(value)} is the length of {name}")
        return found


def analyse(step: Step, hints: Hints, rng: np.random.Generator) -> Analysis:
    """Analyse a step.

    Raises
    ------
    SubjectError
        If the step has no parameters or no loss, or several that fit equally, or not what the hints say.
    """
    if hints.loss is not None:
        step.set_loss(hints.loss)
    given = dict(hints.pairs)
    trace = _recorded(step, hints)
    step.snapshot.include([variable.found for variable in trace.before.values()])
    graph = DataflowGraph(step, trace, rng)
    changed = changed_variables(graph)
    updates = find_updates(graph, changed)
    if not updates and hints.function is not None:
        updates = named_parameters(graph, given)
    if not updates:
        raise NoUpdateError(_no_update(step, changed))
    graph = graph.at(_with_parts(graph.base, updates))
    sums = [update for update in updates if _is_negative_sum(graph, update, updates)]
    updates = [update for update in updates if update not in sums]  # their values are losses, with the right sign
    graph = graph.at(_without_updates(graph.base, updates))
    nodes = {n.index for update in updates for n in update.nodes}
    if hints.loss is not None:  # it is computed behind the updates, but means the parameters before them
        graph = graph.at(graph.base.recorded() or graph.base)
    try:
        choice = _loss(graph, updates, hints)
    except NoLossError as error:
        moving = {variable.path for variable in trace.changed()} & {update.variable.path for update in updates}
        error.rule = _rule(graph, updates)
        if error.rule and not error.updates:  # each of them looks like a sum
            error.updates = tuple(updates)
        error.is_final = bool(moving) and not _depends_on_itself(graph, updates)
        if error.rule or not error.is_final:
            raise
        raise NoUpdateError(_only_sums(step, updates)) from None
    loss = choice.node
    forward = graph.ancestors([loss.index], stop=nodes) - nodes
    elsewhere = {variable.path for variable, _ in choice.elsewhere}
    unmoved = set() if choice.jumps else independent_of(graph, [u.variable for u in updates], loss)
    independent = [u for u in updates if u.variable.path in unmoved]
    beside = _updated_beside(graph, independent, updates)
    updates = [update for update in updates if update not in independent]
    # a rate that decays in the step is no parameter: its update takes effect
    graph = graph.at(replace(graph.base, suppressed=suppress(graph.base, updates)))
    updates = [update for update in updates if update.variable.path not in elsewhere]
    if not updates:
        raise NoUpdateError(_no_update(step, changed))
    parameters = _parameters(graph, updates, forward, given, choice)
    if not parameters:  # all of them only get their own values again
        raise NoUpdateError(_no_update(step, changed))
    repeated = [p for p in parameters if _is_updated_repeatedly(p)]
    if repeated and hints.loss is None:
        raise NoLossError(_several_updates(step, repeated[0], loss))
    base = graph.base.recorded() or graph.base
    graph = graph.at(base)
    stale = [] if repeated else stale_reads(graph, trace, base, parameters, forward)
    second = _second_point(base, parameters, loss, rng)
    bases = (base,) if second is None else (base, second)
    named = {variable for variable, _ in hints.pairs}
    named_claims = {p.name for p in parameters if _names(p) & named}
    rated = without_rates(graph, bases, loss, parameters, forward, named_claims)
    for other in () if rated.is_right else choice.equivalent:
        again = without_rates(graph, bases, other, parameters, forward, named_claims)
        if again.is_right:
            loss, rated, forward = other, again, graph.ancestors([other.index], stop=nodes) - nodes
            break
    parameters = list(rated.parameters)
    parameters, treated = _behind_updates(graph, bases, loss, parameters, forward, hints)
    if treated:
        rated = without_rates(graph, bases, loss, parameters, forward, named_claims)
        parameters = list(rated.parameters)
    return Analysis(
        step,
        graph,
        loss,
        forward,
        tuple(parameters),
        bases,
        tuple(stale),
        tuple(treated),
        rated,
        choice,
        beside,
        tuple(p.name for p in parameters if _has_entries_updated_repeatedly(graph, p)),
    )


def _recorded(step: Step, hints: Hints) -> Trace:
    """The first run of the step. Raises `SubjectError` for a name in the given loss that the step does not know."""
    try:
        return step.prepare()
    except NameError as error:
        if hints.loss is None or error.name not in words_of(hints.loss):
            raise
        assigned = [node.id for node in ast.walk(step.loop.node) if isinstance(node, ast.Name)]
        near = difflib.get_close_matches(error.name, [*assigned, *step.locals, *step.scope], n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SubjectError(f"--loss {hints.loss!r}: the training step has no variable {error.name!r}{hint}") from None


def _is_negative_sum(graph: DataflowGraph, update: Update, updates: Sequence[Update]) -> bool:
    """Whether a number is subtracted from another one that nothing else depends on, as ``loss -= np.log(p)`` does."""
    places = {node.location.place for node in update.nodes}
    subtracted = [node for node in graph.nodes if node.is_increment and node.location.place in places]
    others = [node for other in updates if other is not update for node in other.nodes]
    if update.variable.value.size != 1 or {node.location.sign for node in subtracted} != {-1} or not others:
        return False
    others += subtracted  # a parameter may be read for its own gradient alone
    shifted = {update.variable.path: update.variable.value + 1.0}
    if not _are_same(graph.values(graph.base, others, shifted), list(map(graph.base.value, others))):
        return False  # by the recording, which takes no other branch
    return _are_same(graph.base.run(others, values=shifted), graph.base.run(others))


def _are_same(one: Sequence[Array] | None, other: Sequence[Array] | None) -> bool:
    if one is None or other is None:
        return False
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))


def _parameters(
    graph: DataflowGraph, updates: Sequence[Update], forward: set[int], given: dict[str, str], choice: LossChoice
) -> list[Parameter]:
    """The parameters with their gradients. Raises `NoLossError` if there are none since nothing is minimised."""
    try:
        return find_parameters(graph, updates, forward, given)
    except SubjectError as error:
        rule = _rule(graph, updates) if choice.jumps or not choice.followed else ""
        if not rule:
            raise
        nothing = NoLossError(str(error), (), None, updates)
        nothing.rule = rule
        raise nothing from None


def _rule(graph: DataflowGraph, updates: Sequence[Update]) -> str:
    """What the updates of a step without a loss are, if they are no gradients; else empty."""
    step = graph.step
    step.carries_over, carries_over = False, step.carries_over
    rule = gradient_free_rule(graph, updates)
    step.carries_over = carries_over
    return "" if rule is None else rule.value.format(names=", ".join(u.variable.name for u in updates[:_SHOWN]))


def _depends_on_itself(graph: DataflowGraph, updates: Sequence[Update]) -> bool:
    """Whether what the step adds to variables depends on their values."""
    own = {n.index for update in updates for n in update.nodes}
    added = [graph.nodes[i] for index in sorted(own) for i in sorted(graph.predecessors[index] - own)]
    shifted = {u.variable.path: u.variable.value + graph.perturbation(u.variable.value) for u in updates}
    moved, usual = graph.base.run(added, values=shifted), graph.base.run(added)
    if moved is None or usual is None:
        return True
    return any(not np.array_equal(one, two, equal_nan=True) for one, two in zip(moved, usual, strict=True))


def _updated_beside(graph: DataflowGraph, independent: Sequence[Update], updates: Sequence[Update]) -> tuple[str, ...]:
    """Of the variables on which the loss does not depend, those that are updated as parameters are.

    They are used, what is added to them depends on parameters, and they are no state of an optimiser, whose new value
    goes into another update.
    """
    found = []
    read = {i for update in updates if update not in independent for i in graph.responses_to(update.variable)[1]}
    moving = graph.descendants(read)
    for update in independent:
        own = {n.index for n in update.nodes}
        others = {n.index for other in updates if other is not update for n in other.nodes}
        is_state = bool((graph.descendants(own) - own) & others)
        if own & moving and not is_state and is_used(graph, update, updates):
            found.append(update.variable.name)
    return tuple(found)


def _loss(graph: DataflowGraph, updates: Sequence[Update], hints: Hints) -> LossChoice:
    """The loss; if the updates follow none, one that depends on the parameters through the iteration before."""
    try:
        choice = find_loss(graph, updates, hints.loss)
    except NoLossError:
        graph.step.carries_over = True
        return find_loss(graph, updates, hints.loss)
    if choice.followed:
        return choice
    graph.step.carries_over = True
    with contextlib.suppress(SubjectError):
        other = find_loss(graph, updates, hints.loss)
        if other.followed:
            return other
    graph.step.carries_over = False
    return choice


def _with_parts(base: BasePoint, updates: Sequence[Update]) -> BasePoint:
    """The same point, with updated parts as variables of their own."""
    parts = [update.variable for update in updates if update.variable.part]
    base.step.track(parts)
    return replace(base, trace=base.trace.with_variables(parts))


def _without_updates(base: BasePoint, updates: Sequence[Update]) -> BasePoint:
    """The same point, with replays that leave out the updates."""
    return replace(base, suppressed=suppress(base, updates))


def _second_point(
    base: BasePoint, parameters: Sequence[Parameter], loss: Node, rng: np.random.Generator
) -> BasePoint | None:
    """A point with other random parameters; None if the step takes another branch wherever it was tried."""
    for distance in SECOND_POINT.distances:
        values = {}
        for parameter in parameters:
            old = parameter.variable.value
            width = 1.0 / math.sqrt(max(old.shape, default=1))
            size = max(float(np.sqrt(np.mean(old * old))), width)
            values[parameter.variable.path] = old + distance * size * rng.standard_normal(old.shape)
        second = replace(base, values=values).recorded()
        if second is not None and np.isfinite(second.value(loss)).all() and _is_comparable(base, second, loss):
            return second
    return None


def _is_comparable(base: BasePoint, second: BasePoint, loss: Node) -> bool:
    """Whether the loss at the second point is not too large beside the other."""
    here, there = abs(float(base.value(loss).sum())), abs(float(second.value(loss).sum()))
    return there <= SECOND_POINT.largest_loss * max(here, 1.0)


def _behind_updates(
    graph: DataflowGraph,
    bases: Sequence[BasePoint],
    loss: Node,
    parameters: Sequence[Parameter],
    forward: set[int],
    hints: Hints,
) -> tuple[list[Parameter], list[TreatedGradient]]:
    """The parameters with the gradients that their updates are made of, except where the user named the gradient."""
    named = {variable for variable, _ in hints.pairs}
    directions = Directions(graph, bases)
    behind = list(map(Underlying, parameters))
    for _ in range(2):  # what clips one parameter is seen by what it does to another
        known = common_bounds([each.bounds for each in behind if each.bounds is not None])
        for k, each in enumerate(behind):
            if each.treatment is None and not _names(each.parameter) & named:
                behind[k] = underlying_gradient(graph, bases, loss, each.parameter, forward, directions, known)
        if not any(each.bounds for each in behind):
            break
    found = [each.parameter for each in behind]
    treated = [
        TreatedGradient(each.parameter.name, each.treatment, each.parameter.claim.location.line)
        for each in behind
        if each.treatment is not None
    ]
    return found, treated


def _names(parameter: Parameter) -> set[str]:
    """The names by which the user may mean a parameter."""
    return {parameter.name, last_word(parameter.name)}


def _is_updated_repeatedly(parameter: Parameter) -> bool:
    """Whether one line updates the whole parameter several times."""
    lines = [n.location.index for n in parameter.updates if not n.is_increment and not n.container_id and not n.keys]
    return len(lines) != len(set(lines))


def _has_entries_updated_repeatedly(graph: DataflowGraph, parameter: Parameter) -> bool:
    """Whether one line updates the same entries of the parameter several times."""
    events = [graph.base.trace.events[e] for n in parameter.updates for e in n.events if not n.is_increment]
    keys = [(event.location.index, repr(event.key)) for event in events if event.key is not None]
    return len(keys) != len(set(keys))


def _several_updates(step: Step, parameter: Parameter, loss: Node) -> str:
    line = parameter.updates[-1].location.line
    return (
        f"one iteration of the loop on line {step.loop.line} updates {parameter.name} several times (line {line}), but "
        f"its loss, {loss.label} on line {loss.location.line}, is that of the whole iteration: give the loss of one "
        "update with --loss EXPR, in the variables of the inner loop"
    )


def _only_sums(step: Step, updates: Sequence[Update]) -> str:
    names = ", ".join(update.variable.name for update in updates[:_SHOWN])
    return (
        f"the loop on line {step.loop.line} updates no parameters: what it adds to {names} does not depend on the "
        "present value, as the gradient of a loss does. If a number is minimised all the same, give it with --loss EXPR"
    )


def _no_update(step: Step, changed: Sequence[StateVariable]) -> str:
    names = ", ".join(variable.name for variable in changed[:_SHOWN])
    integers = [step.tracer.locations[i] for i in step.tracer.integer_locations]
    loop = step.loop
    what = f"the loop on line {loop.line}" if loop.is_loop else f"the function {loop.node.name} on line {loop.line}"
    text = (
        f"{what} updates no parameters: gradcheck looks for a float or an array of floats "
        "that the loss depends on and to which the loop adds something, as in w -= rate * dw"
    )
    if names:
        text += f" (the loop changes {names})"
    if integers:
        text += f"; {integers[0].target} on line {integers[0].line} is an array of integers: convert it to floats"
    if not loop.is_loop:
        text += (
            ". No loop of the program trains: to check a gradient that is computed once, write a function without "
            "arguments that returns (fun, grad, x0), and pass its name, as in file.py:name"
        )
    return text
