"""The lines, and the expressions inside of one, that an edit may repair."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from gradcheck.recording.backward_values import BackwardValues
from gradcheck.recording.dataflow import Dataflow
from gradcheck.recording.evidence import Evidence
from gradcheck.recording.graph import Graph, Value, is_real
from gradcheck.recording.operands import Operands
from gradcheck.recording.operations import same
from gradcheck.recording.remedies import Faulty
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.sites import Span
from gradcheck.tracebacks import pass_on_signal


class EditSites:
    """Where edits may help, once it is known which line is wrong.

    Parameters
    ----------
    dataflow : Dataflow
    backward : BackwardValues
    operands : Operands
    evidence : Evidence
    """

    def __init__(self, dataflow: Dataflow, backward: BackwardValues, operands: Operands, evidence: Evidence) -> None:
        self._dataflow = dataflow
        self._backward = backward
        self._operands = operands
        self._evidence = evidence
        self._recording, self._graph = dataflow.recording, dataflow.recording.graph

    def region(self, faulty: Faulty) -> list[int]:
        """The unit of a wrong line, and those before it on which only wrong claims depend, the nearest first."""
        above = self._graph.ancestors([faulty.value]) - self._dataflow.of_loss
        above -= set() if faulty.value in self._backward.innocent else self._backward.innocent
        units = [faulty.unit]
        for each in sorted(above, reverse=True):
            value = self._graph.values[each]
            if (
                value.phase != 1
                or value.function is None
                or value.site is None
                or value.site in self._dataflow.forward_sites
            ):
                continue
            units += [self._recording.sites[value.site].unit, *reversed(value.named_in)]
        for i in sorted(self._graph.ancestors([faulty.value])):
            units += self._graph.values[i].named_in if self._graph.values[i].phase == 1 else []
        named = {self._recording.units[unit].function for unit in units[:1]}
        sites = self._recording.sites
        forward = {sites[site].unit for site in self._dataflow.forward_sites}
        forward |= {unit for i in self._dataflow.of_loss for unit in self._graph.values[i].named_in}
        made: dict[int, list[bool]] = defaultdict(list)
        for value in self._graph.values:
            if value.phase == 1 and value.site is not None and value.function is not same and is_real(value.array):
                made[sites[value.site].unit].append(self._backward.matches.is_forward(value.array))
        forward |= {unit for unit, same_as in made.items() if all(same_as) and unit != faulty.unit}
        forward -= {each.unit for each in self._operands.open_operands(self._graph.values[faulty.value], faulty.unit)}
        forward.discard(faulty.unit)
        kept = [unit for unit in dict.fromkeys(units) if unit >= 0 and unit not in forward]
        return sorted(kept, key=lambda unit: (unit != faulty.unit, self._recording.units[unit].function not in named))

    def users(self, faulty: Faulty) -> list[int]:
        """The units after a value that may be right itself, through which all wrong claims go."""
        if faulty.proved:
            return []
        sites, made = self._recording.sites, defaultdict(set)
        for i in sorted(self._dataflow.below([faulty.value])):
            value = self._graph.values[i]
            if value.site is not None and value.phase == 1 and sites[value.site].unit >= 0:
                made[sites[value.site].unit].add(i)
        through = [
            self._graph.ancestors([claim.id]) | self._dataflow.below([claim.id]) for claim in self._backward.claims
        ]
        return [unit for unit, ids in made.items() if all(ids & each for each in through)]

    def exchanged(self, faulty: Faulty) -> list[int]:
        """The unit of a derivative that a line reads in place of another one."""
        pair = (
            None if faulty.needed is None else self._evidence.taken_for(self._graph.values[faulty.value], faulty.needed)
        )
        if pair is None or any(one in self._graph.ancestors([other]) for one, other in (pair, pair[::-1])):
            return []  # what is missing is a slope
        read = self._dataflow.operands_of(self._graph.values[faulty.value], faulty.unit)
        return [v.unit for v in read if v.unit is not None and any(m.of == pair[0] for m in self._backward.meaning(v))]

    def constants(self, faulty: Faulty) -> list[tuple[Span, float]]:
        """Expressions inside a wrong line that, times a constant, make it what it has to be, and the constants.

        Of a product with zero it is the constant that belongs in the place of the zero.
        """
        if faulty.needed is None or np.size(faulty.needed) < 3:
            return []
        made = self._dataflow.within(self._graph.values[faulty.value], faulty.unit)
        found = []
        for value in made:
            site = None if value.site is None else self._recording.sites[value.site]
            array = _factor_of_zero(self._graph, value) if not np.any(value.array) else value.array
            if site is None or array is None or sum(other.site == value.site for other in made) > 1:
                continue
            constant = self._constant_for(faulty, value.id, np.asarray(array, dtype=np.float64))
            if constant is not None and abs(constant - 1.0) > RECORDING.alike:
                found.append((site.span, constant))
        return found

    def _constant_for(self, faulty: Faulty, inner: int, array: Any) -> float | None:
        """The constant that an expression needs; None if none would do."""
        ends = [np.zeros(np.shape(array)), array]
        try:
            rest, whole = (self._graph.recomputed({inner: x}, [faulty.value])[faulty.value] for x in ends)
        except Exception as error:
            pass_on_signal(error)
            return None
        step, wanted = np.asarray(whole - rest).reshape(-1), np.asarray(faulty.needed - rest).reshape(-1)
        size = float(step @ step)
        constant = float(step @ wanted) / size if size else 0.0
        return constant if constant and self._recording.is_equal(wanted, constant * step) else None


def _factor_of_zero(graph: Graph, value: Value) -> Any:
    """What a product with zero multiplies it with; None of anything else."""
    arrays = [graph.values[i].array for i in value.inputs]
    others = [array for array in arrays if np.any(array)]
    return others[0] if value.function is np.multiply and len(others) == 1 and is_real(others[0]) else None
