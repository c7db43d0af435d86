"""Finds the fewest faulty lines that explain all wrong gradients, by correcting what the lines compute.

What a line computes is corrected in a replay: divided by the constant that it is off by, or replaced by what the chain
rule gives, measured entry by entry. A gradient that is right then was wrong because of these lines alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.scripts.blame.faulty_line import FaultyLine
from gradcheck.scripts.chain_rule.constants import local_factor
from gradcheck.scripts.chain_rule.pairs import AdjointPair
from gradcheck.scripts.chain_rule.vjp import ChainRule, Pullback, Variable
from gradcheck.scripts.graph.dataflow import DataflowGraph
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.instrument.values import Action, Array

#: Makes the action that corrects an event, given the constant that the corrected value carries.
Correction = Callable[[float], Action]


@dataclass(frozen=True)
class MinimalSetSettings:
    """How many lines are tried, and when corrected gradients are right.

    Attributes
    ----------
    lines : int
        The largest set that is tried.
    entries : int
        Entries that are measured to replace what lines compute, over all lines: each costs about 12 replays.
    directions : int
        Directions along which each gradient is compared with the loss.
    tolerance : float
        The relative difference from the slope up to which a gradient is right.
    same_constant : float
        The relative difference up to which two constants are the same.
    """

    lines: int = 3
    entries: int = 400
    directions: int = 3
    tolerance: float = 2e-4
    same_constant: float = 1e-3


MINIMAL_SET = MinimalSetSettings()


def minimal_set(
    graph: DataflowGraph,
    chain: ChainRule,
    pairs: Sequence[AdjointPair],
    parameters: Sequence[Parameter],
    lines: Sequence[FaultyLine],
    wrong: Iterable[int],
) -> list[FaultyLine]:
    """The fewest lines that explain the wrong gradients; all lines if no few of them do.

    Parameters
    ----------
    graph : DataflowGraph
    chain : ChainRule
    pairs : sequence of AdjointPair
        All adjoints of the backward pass.
    parameters : sequence of Parameter
    lines : sequence of FaultyLine
        In the order in which they are executed.
    wrong : iterable of int
        Nodes of the gradients that are wrong.
    """
    below = graph.descendants([node.index for line in lines for node in line.executions])
    affected = [p for p in parameters if p.claim.index in set(wrong) & below]
    if len(lines) < 2 or not affected:
        return list(lines)
    corrections = _Corrections(graph, chain, pairs)
    for count in range(1, min(len(lines), MINIMAL_SET.lines) + 1):
        for chosen in itertools.combinations(lines, count):
            if corrections.make_right(chosen, affected):
                return list(chosen)
    return list(lines)


class _Corrections:
    """Corrects lines at the last base point; slopes and corrections are measured once."""

    def __init__(self, graph: DataflowGraph, chain: ChainRule, pairs: Sequence[AdjointPair]) -> None:
        self._graph, self._chain, self._pairs = graph, chain, pairs
        self._base = chain.bases[-1]
        self._slopes: dict[int, list[tuple[Array, float]]] = {}
        self._corrections: dict[FaultyLine, Mapping[int, Correction] | None] = {}
        self._entries_left = MINIMAL_SET.entries

    def make_right(self, lines: Sequence[FaultyLine], parameters: Sequence[Parameter]) -> bool:
        """Whether gradients are right once lines are corrected, up to a constant that a line may carry on."""
        corrections: dict[int, Correction] = {}
        for own in [self._correction(line) for line in lines]:
            if own is None:
                return False
            corrections.update(own)
        if all(line.constant is not None for line in lines):
            claims = self._claims(corrections, parameters, 1.0)
            return claims is not None and all(
                self._agrees(claim, parameter) for claim, parameter in zip(claims, parameters, strict=True)
            )
        single, double = (self._claims(corrections, parameters, constant) for constant in (1.0, 2.0))
        return (
            single is not None
            and double is not None
            and all(
                self._agrees_scaled(one, two, parameter)
                for one, two, parameter in zip(single, double, parameters, strict=True)
            )
        )

    def _agrees(self, claim: Array, parameter: Parameter) -> bool:
        """Whether a corrected gradient agrees with the loss."""
        for direction, slope in self._true_slopes(parameter):
            contributions = claim * direction
            size = float(np.linalg.norm(contributions)) + abs(slope)
            if abs(float(contributions.sum()) - slope) > MINIMAL_SET.tolerance * size:
                return False
        return True

    def _agrees_scaled(self, single: Array, double: Array, parameter: Parameter) -> bool:
        """The same for one constant of the corrected value; the gradient was measured with the constants 1 and 2."""
        constant = None
        for direction, slope in self._true_slopes(parameter):
            contributions = single * direction
            claimed = float(contributions.sum())
            tolerance = MINIMAL_SET.tolerance * (float(np.linalg.norm(contributions)) + abs(slope))
            per_constant = float((double * direction).sum()) - claimed
            if abs(per_constant) <= tolerance:
                if abs(claimed - slope) > tolerance:
                    return False
                continue
            own = 1 + (slope - claimed) / per_constant
            if constant is not None and abs(own - constant) * abs(per_constant) > tolerance * max(abs(own), 1.0):
                return False
            constant = own if constant is None else constant
        return True

    def _claims(
        self, corrections: Mapping[int, Correction], parameters: Sequence[Parameter], constant: float
    ) -> list[Array] | None:
        """The gradients with corrected lines; None if the replay fails or they are not finite."""
        actions = {event: correction(constant) for event, correction in corrections.items()}
        seen = self._base.run([p.claim for p in parameters], actions)
        if seen is None or not all(np.isfinite(value).all() for value in seen):
            return None
        claims = []
        for parameter, value in zip(parameters, seen, strict=True):  # values are those before an action on themselves
            own = actions.get(parameter.claim.last) if len(parameter.claim.events) == 1 else None
            claims.append(parameter.gradient(value if own is None else np.asarray(own(value))))
        return claims

    def _true_slopes(self, parameter: Parameter) -> list[tuple[Array, float]]:
        """Directions, and the slope of the loss along each."""
        found = self._slopes.get(parameter.claim.index)
        if found is None:
            pullback = Pullback(Variable(parameter=parameter.variable))
            value = pullback.variable.value(self._base)
            directions = [self._chain.direction(value) for _ in range(MINIMAL_SET.directions)]
            found = [(v, self._chain.slope(pullback, self._base, v)[0]) for v in directions]
            self._slopes[parameter.claim.index] = found
        return found

    # -- what a line should compute ------------------------------------------------------------------------------------

    def _correction(self, line: FaultyLine) -> Mapping[int, Correction] | None:
        """Corrections of the line's events; None if it has too many entries to measure."""
        if line not in self._corrections:
            self._corrections[line] = self._divided(line) if line.constant is not None else self._replaced(line)
        return self._corrections[line]

    def _of_same_line(self, line: FaultyLine) -> list[AdjointPair]:
        return [p for p in self._pairs if p.node.location.place == line.pair.node.location.place]

    def _divided(self, line: FaultyLine) -> dict[int, Correction]:
        constant = line.constant
        assert constant is not None
        nodes = [
            p.node for p in self._of_same_line(line) if abs(local_factor(p) / constant - 1) < MINIMAL_SET.same_constant
        ]
        if line.node not in nodes:
            nodes = [line.node]

        def divided(_: float) -> Action:
            return lambda value: value / constant

        return {node.last: divided for node in nodes}

    def _replaced(self, line: FaultyLine) -> dict[int, Correction] | None:
        failing = [p for p in self._of_same_line(line) if not p.proportional or p.reassigned]
        if line.node is not line.pair.node or not failing:
            return None
        indices = {p.node.index for p in failing}
        if any((self._graph.ancestors([i]) - {i}) & indices for i in indices):
            return None  # one execution builds on another, so what it should compute depends on the other's correction
        found: dict[int, Correction] = {}
        for pair in failing:
            self._entries_left -= pair.node.size
            if self._entries_left < 0:
                return None
            entries = list(np.ndindex(*pair.variable.shape))
            right = self._chain.gradient(pair.pullback, self._base, entries) / pair.factor
            if not np.isfinite(right).all():
                return None
            for event, action in pair.node.set_to(right.reshape(pair.node.shape)).items():
                found[event] = _scaled(action)
        return found


def _scaled(action: Action) -> Correction:
    """The correction that puts a value there, times a constant."""

    def corrected(constant: float) -> Action:
        return lambda value: constant * action(value)

    return corrected
