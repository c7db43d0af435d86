"""Finds the loss: of the numbers that depend on the parameters, the one whose gradient the updates follow.

Names decide only between numbers that the dataflow does not tell apart.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.scripts.graph.dataflow import BasePoint, DataflowGraph, random_direction
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.updates import Update
from gradcheck.scripts.instrument.events import Kind
from gradcheck.scripts.instrument.values import Array
from gradcheck.scripts.replay.state import Path, StateVariable
from gradcheck.scripts.text.identifiers import loss_rank
from gradcheck.scripts.text.training_loop import Loop


@dataclass(frozen=True)
class LossSettings:
    """How the loss is told from other numbers.

    Attributes
    ----------
    trials, perturbations : int
        Parameters are perturbed so many times, by so many usual perturbations, to see which numbers change.
    large : int
        The same for numbers that change in jumps: parameters are perturbed by their own size.
    dependent : float
        A number depends on the parameters if it changes by more than this, relatively: a few hundred roundings.
    clearly : float
        It does without a trial if its slope says that a usual perturbation of one entry changes it by more than this.
    parameters : int
        Parameters along which numbers are compared with the updates.
    directions : int
        Directions for each of them, at each of two points.
    steps : tuple of float
        The two steps of an extrapolated difference.
    finer : float
        Where these do not agree, both are taken so many times as long.
    agreeing : float
        Two differences agree up to this: what extrapolation leaves is of the order of its square, which is `equal`.
    equal : float
        Slopes and updates that are proportional up to this are.
    flat : float
        A number whose slopes are below this, relative to its size, is constant between jumps.
    rounded : float
        Two numbers that differ by less than this, relatively, are one, rounded for display.
    distance : float
        Of the second point, in units of the parameters.
    shown : int
        Names in a message.
    made : int
        Values in a message that depend on parameters.
    decimals : int
        A number is rounded to fewer decimals than this for a print.
    printed : float
        Relative difference of a number and another one that is rounded, if it is that.
    """

    trials: int = 2
    perturbations: int = 30
    large: int = 10_000
    dependent: float = 1e-13
    clearly: float = 1e-9
    parameters: int = 12
    directions: int = 2
    steps: tuple[float, float] = (2.0**-9, 2.0**-11)
    finer: tuple[float, ...] = (2.0**-5, 2.0**-10, 2.0**-15)
    agreeing: float = 1e-2
    equal: float = 1e-4
    flat: float = 1e-9
    rounded: float = 1e-6
    distance: float = 0.2
    shown: int = 6
    made: int = 2
    decimals: int = 9
    printed: float = 1e-12


LOSS = LossSettings()


class NoLossError(SubjectError):
    """No number of the step depends on the parameters.

    Attributes
    ----------
    loops : tuple of Loop
        Those that update parameters and compute no loss, the likeliest first.
    graph : DataflowGraph or None
        Of the last of them.
    updates : tuple of Update
        Of its parameters.
    rule : str
        What these are, if they are known to be no gradients; else empty.
    is_final : bool
        Whether no loss is to be assumed, because what the updates add is the same for all parameters nearby.
    """

    def __init__(
        self,
        text: str,
        loops: Sequence[Loop] = (),
        graph: DataflowGraph | None = None,
        updates: Sequence[Update] = (),
    ) -> None:
        super().__init__(text)
        self.loops, self.graph, self.updates = tuple(loops), graph, tuple(updates)
        self.rule, self.is_final = "", False


class SeveralLossesError(SubjectError):
    """Several numbers of the step may be the loss."""


@dataclass(frozen=True)
class LossChoice:
    """The loss.

    Attributes
    ----------
    node : Node
    equivalent : tuple of Node
        Other numbers with a gradient of the same direction, that may be meant as well.
    others : tuple of Node
        Other numbers that depend on the parameters, and whose gradient the updates do not follow.
    elsewhere : tuple of (StateVariable, Node)
        Parameters whose updates follow the gradient of another number, as those of two networks that compete do.
    jumps : bool
        Whether it keeps its value for small changes of the parameters, as a count does.
    followed : bool
        Whether an update follows its gradient, or is made of values that it is made of.
    """

    node: Node
    equivalent: tuple[Node, ...] = ()
    others: tuple[Node, ...] = ()
    elsewhere: tuple[tuple[StateVariable, Node], ...] = ()
    jumps: bool = False
    followed: bool = True


def find_loss(graph: DataflowGraph, updates: Sequence[Update], expression: str | None) -> LossChoice:
    """The number that is the loss.

    Parameters
    ----------
    graph : DataflowGraph
    updates : sequence of Update
        The parameters, and other variables that the step adds something to.
    expression : str or None
        The loss as the user gave it, which the step computes then.

    Raises
    ------
    SubjectError
        If there is none or several that fit equally.
    """
    graph.find_successors()
    variables = [update.variable for update in updates]
    sums = [update for update in updates if _is_running_sum(graph, update, updates)]
    proper = [update for update in updates if update not in sums]
    ends = {n.index for update in updates for n in update.nodes}
    summed = {i for update in sums for n in update.nodes for i in graph.predecessors[n.index]}
    scalars = [
        n for n in graph.nodes if n.size == 1 and n.index not in ends and (not n.is_increment or n.index in summed)
    ]
    dependent = dependent_on(graph, variables, scalars)
    jumps = not dependent
    dependent = dependent or dependent_on(graph, variables, scalars, jumps=True)
    if expression is not None:
        chosen = [n for n in dependent if n.location.file and "loss" in n.names and n.location.kind is Kind.EXPRESSION]
        if not chosen:
            raise SubjectError(f"--loss {expression} must give one finite number that depends on the parameters")
        return LossChoice(chosen[-1])
    into_updates = graph.ancestors({n.index for update in proper for n in update.nodes})
    pool = _candidates(graph, [n for n in dependent if n.index not in into_updates])
    pool = [n for n in pool if not _gates(graph, n, updates) and (jumps or not _decides(graph, n, proper))]
    pool = [n for n in pool if not any(_is_rounding_of(graph, n, other) for other in dependent)]
    if not pool:  # a number that the updates are computed from is the loss only if they follow its gradient
        inner = [n for n in _candidates(graph, dependent) if not _gates(graph, n, updates)]
        found = _Comparison(graph, proper, inner, into_updates).followed() if inner else []
        pool = [inner[k] for k in found]
    if not pool:
        message = _not_finite(graph, scalars)
        if message:
            raise SubjectError(message)
        raise NoLossError(_no_loss(graph, updates), (), graph, proper)

    def shares(node: Node) -> bool:
        """Whether updates are made of values that a number is made of, before these updates."""
        return bool((graph.ancestors([node.index], stop=ends) - ends) & into_updates)

    if len(pool) == 1 or jumps:
        followed = jumps or shares(pool[-1])
        followed = followed or bool(_Comparison(graph, proper, pool[-1:], into_updates).followed(least=1))
        return LossChoice(pool[-1], jumps=jumps, followed=followed)
    choice = _Comparison(graph, proper, pool, into_updates).choice()
    return replace(choice, followed=choice.followed or shares(choice.node))


def _is_rounding_of(graph: DataflowGraph, node: Node, other: Node) -> bool:
    """Whether a number is another one rounded to some decimals, as it is printed."""
    if node.index not in graph.successors.get(other.index, ()):
        return False
    rounded, value = (float(graph.base.value(each).sum()) for each in (node, other))
    if not math.isfinite(value) or len(graph.predecessors[node.index]) != 1:
        return False
    return any(math.isclose(round(value, n), rounded, rel_tol=LOSS.printed) for n in range(LOSS.decimals))


def _decides(graph: DataflowGraph, node: Node, updates: Sequence[Update]) -> bool:
    """Whether updates depend on a number in jumps, as those of a perceptron depend on its output: it is no loss."""
    if node.size != 1:
        return False
    ends = [n for update in updates for n in update.nodes]
    value = graph.base.value(node)
    usual = graph.base.run(ends)
    for other in (-np.abs(value) - 1.0, np.abs(value) + 1.0):
        seen = graph.base.run(ends, node.set_to(other))
        if usual is not None and seen is not None:
            pairs = zip(usual, seen, strict=True)
            if any(one.shape != two.shape or not np.array_equal(one, two, equal_nan=True) for one, two in pairs):
                return True
    return False


def _gates(graph: DataflowGraph, node: Node, updates: Sequence[Update]) -> bool:
    """Whether a number decides by its sign whether there are updates, as the output of a perceptron does: no loss does.

    All of them stand under a condition that does not name it, as that of a tolerance would do, and what they add does
    not depend on the parameters, as the gradient of a loss with a tolerance does.
    """
    ends = [n for update in updates for n in update.nodes]
    loop = graph.step.loop
    lines = {n.location.line for n in ends if n.location.file == loop.file}
    if not lines or any(n.location.file != loop.file for n in ends):
        return False
    conditional = any(
        isinstance(branch, ast.If)
        and lines <= set(range(branch.lineno, (branch.end_lineno or branch.lineno) + 1))
        and not {ast.unparse(each) for each in ast.walk(branch.test)} & set(node.names)
        for branch in ast.walk(loop.node)
    )
    if not conditional or node.size != 1 or graph.base.run(ends) is None or not _is_constant(graph, updates):
        return False
    value = np.abs(graph.base.value(node))
    return any(graph.base.run(ends, node.set_to(other)) is None for other in (-value - 1.0, value + 1.0))


def _is_constant(graph: DataflowGraph, updates: Sequence[Update]) -> bool:
    """Whether what the step adds to variables is the same near their values."""
    pairs = [(u.variable, n) for u in updates for n in u.nodes if n.shape == u.variable.value.shape]
    shifts = {variable.path: graph.perturbation(variable.value, LOSS.perturbations) for variable, _ in pairs}
    usual = graph.base.run([node for _, node in pairs])
    for sign in (1.0, -1.0):  # one of them may take another branch
        values = {variable.path: variable.value + sign * shifts[variable.path] for variable, _ in pairs}
        moved = graph.base.run([node for _, node in pairs], values=values)
        if usual is not None and moved is not None:
            shifted = (sign * shifts[variable.path] for variable, _ in pairs)
            triples = zip(shifted, moved, usual, strict=True)
            return all(np.allclose(m - u, shift, rtol=LOSS.equal, atol=0.0) for shift, m, u in triples)
    return True


def _is_running_sum(graph: DataflowGraph, update: Update, updates: Sequence[Update]) -> bool:
    """Whether a number that the step adds to is only looked at: no update depends on it but its own, as of a sum."""
    return update.variable.value.size == 1 and len(updates) > 1 and not is_used(graph, update, updates)


def is_used(graph: DataflowGraph, update: Update, updates: Sequence[Update]) -> bool:
    """Whether updates depend on the value that an updated variable has before the step."""
    own = {n.index for n in update.nodes}
    read = set(graph.responses_to(update.variable)[1]) - own
    others = {n.index for other in updates if other is not update for n in other.nodes}
    added = {i for n in update.nodes for i in graph.predecessors[n.index] if graph.nodes[i].is_increment}
    return bool(graph.descendants(read) & (others | added))


def _candidates(graph: DataflowGraph, nodes: Sequence[Node]) -> list[Node]:
    """Numbers that may be the loss: of several from one line that have the same names the last; no parts of others."""
    indices = {n.index for n in nodes}

    def is_part(node: Node) -> bool:
        feeds = graph.successors.get(node.index, set())
        inside = not node.is_named or node.location.kind is Kind.RETURN
        return inside and bool(feeds & indices)

    def is_copy(node: Node) -> bool:
        before = (graph.nodes[i] for i in graph.predecessors[node.index] & indices)
        return node.is_increment and not all(map(is_part, before))

    last = {(n.location.index, frozenset(n.names)): n for n in nodes if not is_part(n) and not is_copy(n)}
    return sorted(last.values(), key=lambda n: n.index)


class _Comparison:
    """Compares slopes of numbers with what the updates subtract, along the same directions, at two points."""

    def __init__(
        self, graph: DataflowGraph, updates: Sequence[Update], pool: Sequence[Node], into_updates: set[int]
    ) -> None:
        self._graph, self._pool, self._into_updates = graph, list(pool), into_updates
        self._parameters = _largest([u for u in updates if u.nodes])
        first = self._measured_at(graph.base)
        second = self._measured_at(self._second(LOSS.distance))
        for scale in () if _is_level(first) else LOSS.finer:
            if not _is_level(second) and not _is_lost(first, second):
                break
            second = self._measured_at(self._second(LOSS.distance * scale))  # where a sigmoid is not saturated
        rows = zip(first, second, strict=True)
        #: by parameter, point, direction: what the update subtracts, and then the slope of each number
        self._rows = [[row for row in blocks if row is not None] for blocks in rows]

    def _measured_at(self, base: BasePoint) -> list[Array | None]:
        """For each parameter what is measured at a base point."""
        base = base.recorded() or base
        steps = self._steps(base)
        return [self._measured(update, base, steps[i]) for i, update in enumerate(self._parameters)]

    def _second(self, distance: float) -> BasePoint:
        values = {}
        for update in self._parameters:
            old = self._graph.base.state(update.variable.path)
            values[update.variable.path] = old + distance * random_direction(old, self._graph.rng)
        return replace(self._graph.base, values=values)

    def _steps(self, base: BasePoint) -> list[Array | None]:
        """What each update subtracts; None if that is not known, or has another shape."""
        together = base.run([node for update in self._parameters for node in update.nodes])
        values = iter(together or ())
        found: list[Array | None] = []
        for update in self._parameters:
            seen = base.run(update.nodes) if together is None else [next(values) for _ in update.nodes]
            centre = base.state(update.variable.path)
            fits = seen is not None and all(value.shape == centre.shape for value in seen)
            found.append(sum((centre - value for value in seen or ()), np.zeros(centre.shape)) if fits else None)
        return found

    def _measured(self, update: Update, base: BasePoint, step: Array | None) -> Array | None:
        """For each direction a row: the step of the update along it, and the slopes of all numbers."""
        if step is None:
            return None
        variable = update.variable
        centre = base.state(variable.path)
        rows = []
        for _ in range(LOSS.directions):
            direction = random_direction(centre, self._graph.rng)
            slopes = self._slopes(base, variable, direction)
            for scale in LOSS.finer:
                bent = [] if slopes is None else [not abs(a - b) <= LOSS.agreeing * abs(b) for a, b in slopes.T]
                if slopes is not None and not any(bent):
                    break
                finer = self._slopes(base, variable, direction, scale)
                if finer is not None:
                    slopes = finer if slopes is None else np.where(bent, finer, slopes)
            if slopes is None:
                return None
            rows.append([float((step * direction).sum()), *((16 * slopes[1] - slopes[0]) / 15)])
        return np.array(rows)

    def _slopes(self, base: BasePoint, variable: StateVariable, direction: Array, scale: float = 1.0) -> Array | None:
        """Slopes of all numbers along a direction, with each of the two steps; None if they cannot be had."""
        centre = base.state(variable.path)
        slopes = []
        for h in LOSS.steps:
            shifts = (scale * h, -scale * h)
            ends = [self._numbers(base, {variable.path: centre + t * direction}) for t in shifts]
            if ends[0] is None or ends[1] is None:
                return None
            slopes.append((ends[0] - ends[1]) / (2 * shifts[0]))
        return np.array(slopes)

    def _numbers(self, base: BasePoint, values: Mapping[Path, Array]) -> Array | None:
        """All numbers near a base point; None if they cannot be had."""
        seen: Sequence[Array | None] | None = self._graph.values(base, self._pool, values)
        seen = base.elsewhere(self._pool, values) if seen is None else seen
        numbers = [float(value.sum()) for value in seen if value is not None]
        return np.array(numbers) if len(numbers) == len(seen) else None

    def choice(self) -> LossChoice:
        """The number whose gradient most updates follow, and that no such number is only a part of."""
        sizes = [abs(float(self._graph.base.value(n).sum())) for n in self._pool]
        moving = [k for k in range(len(self._pool)) if self._is_sloped(k, sizes[k])] or list(range(len(self._pool)))
        left = [k for k in moving if not any(self._is_part_of(k, other) for other in moving)] or moving
        best = max(self._evidence(k) for k in left)
        found = [k for k in left if self._evidence(k) == best]
        if any(not self._same_direction(found[0], k) for k in found):
            found = [k for k in found if _is_shown(self._pool[k])] or found
        if any(not self._same_direction(found[0], k) for k in found):
            found = self._by_name(found)
        first = self._of_wrong_updates(left, found[0])
        group = [k for k in left if self._same_direction(first, k)]
        followed = [k for k in group if self._score(k)] or group
        ends = [k for k in followed if not any(self._goes_into(k, other) for other in followed)] or followed
        ends.sort(key=lambda k: (not self._descends(k), loss_rank(self._pool[k].names), -self._pool[k].index))
        nodes = [self._pool[self._first_equal(k, followed)] for k in ends]
        others = [self._pool[k] for k in left if k not in group]
        led = any(map(self._score, group))
        return LossChoice(nodes[0], tuple(nodes[1:]), tuple(others), tuple(self._elsewhere(group, left)), followed=led)

    def _first_equal(self, k: int, group: Sequence[int]) -> int:
        """The first number of the same value and direction: not its rounded value, or a copy."""
        equal = [j for j in group if self._is_rounded(j, k)]
        return min(equal, key=lambda j: self._pool[j].index, default=k)

    def _is_rounded(self, k: int, other: int) -> bool:
        """Whether two numbers are the same but for rounding."""
        one, two = (float(self._graph.base.value(self._pool[j]).sum()) for j in (k, other))
        return math.isclose(one, two, rel_tol=LOSS.rounded)

    def _follows(self, i: int, k: int) -> bool:
        """Whether the update of a parameter is a multiple of a number's gradient."""
        rows = np.concatenate(self._rows[i]) if self._rows[i] else np.zeros((0, k + 2))
        return _is_parallel(rows[:, 0], rows[:, k + 1])

    def _of_wrong_updates(self, numbers: Sequence[int], first: int) -> int:
        """If updates follow different numbers, and one follows none: the number of those that it has most in common
        with.
        """
        every = range(len(self._parameters))
        led = {i: [k for k in numbers if self._follows(i, k)] for i in every}
        wrong = [i for i in every if not led[i]]
        right = [i for i in every if led[i]]
        if not wrong or all(any(self._same_direction(first, k) for k in led[i]) for i in right):
            return first
        forward = self._graph.ancestors([self._pool[k].index for k in numbers])
        behind = {i: self._graph.ancestors([n.index for n in self._parameters[i].nodes]) - forward for i in every}
        nearest = max(right, key=lambda i: len(behind[i] & behind[wrong[0]]))
        return led[nearest][-1]

    def _elsewhere(self, group: Sequence[int], left: Sequence[int]) -> Iterator[tuple[StateVariable, Node]]:
        """Parameters that follow another number, while some follow the loss."""
        for i, update in enumerate(self._parameters):
            following = [k for k in left if self._follows(i, k)]
            if following and not set(following) & set(group) and any(map(self._score, group)):
                yield update.variable, self._pool[following[-1]]

    def followed(self, least: int | None = None) -> list[int]:
        """The numbers whose gradient all updates follow, or at least some."""
        least = max(len(self._rows), 1) if least is None else least
        return [k for k in range(len(self._pool)) if self._score(k) >= least]

    def _by_name(self, found: Sequence[int]) -> list[int]:
        """Of numbers that the dataflow does not tell apart, those with the name of a loss."""
        ranks = {k: loss_rank(self._pool[k].names) for k in found}
        chosen = [k for k in found if ranks[k] == min(ranks.values())]
        if any(not self._same_direction(chosen[0], k) for k in chosen):
            nodes = [self._pool[k] for k in chosen]
            names = ", ".join(f"{n.label} (line {n.location.line})" for n in nodes[: LOSS.shown])
            if len(nodes) == 1:
                raise SubjectError(
                    f"only {names} depends on the parameters, and its gradient is zero or undefined: it is not the "
                    "loss. Give the loss with --loss EXPR, in the program's variables"
                )
            raise SeveralLossesError(
                f"{len(nodes)} numbers depend on the parameters, and the updates follow the gradient of none more than "
                f"of the others: {names}. Choose one with --loss EXPR"
            )
        return chosen

    def _is_sloped(self, k: int, size: float) -> bool:
        slopes = [abs(v) for blocks in self._rows for block in blocks for v in block[:, k + 1]]
        return max(slopes, default=0.0) > LOSS.flat * max(size, 1e-300)

    def _is_part_of(self, k: int, other: int) -> bool:
        """Whether another number is computed from this one, and not from this one alone."""
        return k != other and self._feeds(k, other) and not self._same_direction(k, other)

    def _feeds(self, k: int, other: int) -> bool:
        return k != other and self._pool[other].index in self._graph.descendants([self._pool[k].index])

    def _goes_into(self, k: int, other: int) -> bool:
        """Whether a number is computed from this one, and is more than shown, as ``100 * loss`` is."""
        return self._feeds(k, other) and (self._pool[other].is_named or not self._pool[k].is_named)

    def _same_direction(self, k: int, other: int) -> bool:
        """Whether two numbers have parallel gradients at each point, or one is the other after rounding."""
        if self._is_rounded(k, other) and (self._feeds(k, other) or self._feeds(other, k)):
            return True
        points = [[blocks[i] for blocks in self._rows if len(blocks) > i] for i in range(2)]
        columns = [np.concatenate(blocks)[:, [k + 1, other + 1]] for blocks in points if blocks]
        return all(_is_parallel(pair[:, 0], pair[:, 1]) for pair in columns)

    def _score(self, k: int) -> int:
        """The number of parameters whose update is one multiple of the number's gradient."""
        return sum(self._follows(i, k) for i in range(len(self._parameters)))

    def _descends(self, k: int) -> bool:
        columns = [np.concatenate(blocks) for blocks in self._rows if blocks]
        return sum(float(rows[:, 0] @ rows[:, k + 1]) for rows in columns) > 0

    def _evidence(self, k: int) -> tuple[int, int]:
        """How many updates follow the number, and how much of what updates are made of it is made of as well."""
        return self._score(k), len(self._graph.ancestors([self._pool[k].index]) & self._into_updates)


def _is_level(measured: Sequence[Array | None]) -> bool:
    """Whether no number has a slope, as behind a sigmoid that is saturated."""
    return not any(row[:, 1:].any() for row in measured if row is not None)


def _is_lost(first: Sequence[Array | None], second: Sequence[Array | None]) -> bool:
    """Whether a number has a finite slope at one point only, as the logarithm of a sigmoid that is saturated."""
    pairs = [(one, two) for one, two in zip(first, second, strict=True) if one is not None and two is not None]
    return any(bool((np.isfinite(one).all(axis=0) & ~np.isfinite(two).all(axis=0)).any()) for one, two in pairs)


def _largest(updates: Sequence[Update]) -> list[Update]:
    """The updates of the largest parameters; of equal ones, as numbers in lists are, some far from each other."""
    ranked = sorted(updates, key=lambda u: -u.variable.value.size)
    if len(ranked) <= LOSS.parameters:
        return ranked
    least = ranked[LOSS.parameters - 1].variable.value.size
    larger = [u for u in ranked if u.variable.value.size > least]
    equal = [u for u in ranked if u.variable.value.size == least]
    chosen = np.linspace(0, len(equal) - 1, LOSS.parameters - len(larger)).round().astype(int)
    return larger + [equal[i] for i in chosen]


class _HiddenComparison(_Comparison):
    """The same for numbers that a replay leaves somewhere else.

    Parameters
    ----------
    graph : DataflowGraph
    updates : sequence of Update
    clear, read : callable
        Called before and after a replay; the second gives the numbers.
    """

    def __init__(
        self,
        graph: DataflowGraph,
        updates: Sequence[Update],
        clear: Callable[[], None],
        read: Callable[[], Array],
    ) -> None:
        self._clear, self._read = clear, read
        super().__init__(graph, updates, [], set())

    def _numbers(self, base: BasePoint, values: Mapping[Path, Array]) -> Array | None:
        self._clear()
        seen = base.run([node for update in self._parameters for node in update.nodes], values=values)
        return None if seen is None else self._read()

    def descended(self) -> list[int]:
        """The numbers whose gradient most updates follow, downwards; empty if none is followed by any."""
        count = min((rows.shape[1] - 1 for blocks in self._rows for rows in blocks), default=0)
        scores = [self._score(k) if self._descends(k) else 0 for k in range(count)]
        return [k for k, score in enumerate(scores) if score and score == max(scores)]


def descended_numbers(
    graph: DataflowGraph, updates: Sequence[Update], clear: Callable[[], None], read: Callable[[], Array]
) -> list[int]:
    """Of numbers that replays leave somewhere, those whose gradient most updates follow downwards.

    Parameters
    ----------
    graph : DataflowGraph
    updates : sequence of Update
    clear, read : callable
        Called before and after a replay; the second gives the numbers, as many each time.
    """
    with np.errstate(all="ignore"):
        return _HiddenComparison(graph, updates, clear, read).descended()


def _is_shown(node: Node) -> bool:
    """Whether a number is printed or stored under the name of an attribute, as that of an object with a derivative."""
    return any(location.kind is Kind.SHOWN for location in node.names.values())


def _is_parallel(one: Array, other: Array) -> bool:
    length = float(other @ other)
    if not length > 0 or not np.isfinite(one).all():
        return False
    rest = float(np.linalg.norm(one - (one @ other) / length * other))
    return bool(one.any()) and rest <= LOSS.equal * float(np.linalg.norm(one))


def dependent_on(
    graph: DataflowGraph, variables: Sequence[StateVariable], scalars: Sequence[Node], *, jumps: bool = False
) -> list[Node]:
    """Scalars that change when some state variables do, by a little, or by their own size if scalars may jump."""
    size = LOSS.large if jumps else LOSS.perturbations
    found: dict[int, Node] = {}
    for _ in range(LOSS.trials):
        shifts = {v.path: v.value + graph.perturbation(v.value, size) for v in variables}
        seen = graph.base.run(scalars, values=shifts)
        for node, value in zip(scalars, graph.base.elsewhere(scalars, shifts) if seen is None else seen, strict=True):
            old = graph.base.value(node)
            if (
                value is not None
                and np.isfinite(value).all()
                and np.abs(value - old).max() > LOSS.dependent * np.abs(old).max()
            ):
                found[node.index] = node
    return [found[i] for i in sorted(found)]


def independent_of(graph: DataflowGraph, variables: Sequence[StateVariable], node: Node) -> set[Path]:
    """Those state variables, each by itself, with which a number does not change that depends on some of them."""
    slopes = graph.slopes(node, variables)
    size = float(np.abs(graph.base.value(node)).max())
    found = set()
    for variable in variables:
        moved = np.abs(slopes.get(variable.path, 0.0) * graph.perturbation(variable.value))
        if not float(moved.max()) > LOSS.clearly * size and not dependent_on(graph, [variable], [node]):
            found.add(variable.path)
    return found if len(found) < len(variables) else set()


def _not_finite(graph: DataflowGraph, scalars: Sequence[Node]) -> str:
    """The message about a loss that is not finite; empty if all are finite."""
    lost = [n for n in scalars if not n.is_increment and not np.isfinite(graph.base.value(n)).all()]
    if not lost:
        return ""
    value = float(graph.base.value(lost[-1]).ravel()[0])
    return (
        f"the loss, {lost[-1].label} on line {lost[-1].location.line}, is {value} in the first iteration: look for an "
        "overflow, a division by zero or a logarithm of zero in it"
    )


def _no_loss(graph: DataflowGraph, updates: Sequence[Update]) -> str:
    names = ", ".join(update.variable.name for update in updates[: LOSS.shown])
    made = _first_made(graph, updates)
    of_them = f", of which {' and '.join(made)} depend{'s' if len(made) == 1 else ''} on parameters" if made else ""
    return (
        f"the step on line {graph.step.loop.line} never computes its loss: gradcheck looks for a number that depends "
        f"on {names} and is assigned, returned, stored or printed. Give it with --loss EXPR, in the program's "
        f"variables{of_them}, as in --loss 'np.mean((output - y) ** 2)'"
    )


def _first_made(graph: DataflowGraph, updates: Sequence[Update]) -> list[str]:
    """What the step makes first of its parameters, by name, each with its line."""
    ends = {n.index for update in updates for n in update.nodes}
    nodes = [n for n in graph.nodes if n.index not in ends and not n.is_increment]
    found: dict[str, int] = {}
    for node in dependent_on(graph, [u.variable for u in updates], nodes):
        given = {name: place.line for name, place in node.names.items() if place.kind is Kind.ASSIGN}
        name = next(filter(str.isidentifier, given), "")
        if name:
            found.setdefault(name, given[name])
    return [f"{name} (line {line})" for name, line in found.items()][: LOSS.made]
