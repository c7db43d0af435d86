"""The line that made what another line reads, where that alone makes the second one wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.recording.backward_values import BackwardValues
from gradcheck.recording.dataflow import SELECTIONS, SUMS, Dataflow, is_move
from gradcheck.recording.edits import is_written
from gradcheck.recording.graph import Value, is_real
from gradcheck.recording.matching import Kind
from gradcheck.recording.operands import Operands
from gradcheck.recording.operations import same
from gradcheck.recording.record import equal
from gradcheck.recording.remedies import Remedy
from gradcheck.recording.slopes import Slopes
from gradcheck.tracebacks import pass_on_signal


class Sources:
    """Finds the line that made a wrong operand of another one.

    Parameters
    ----------
    dataflow : Dataflow
    backward : BackwardValues
    slopes : Slopes
    operands : Operands
    """

    def __init__(self, dataflow: Dataflow, backward: BackwardValues, slopes: Slopes, operands: Operands) -> None:
        self._dataflow = dataflow
        self._backward = backward
        self._slopes = slopes
        self._operands = operands
        self._recording, self._graph = dataflow.recording, dataflow.recording.graph

    def source_of(self, value: Value, unit: int, needed: Any) -> Value | None:
        """A value that another line has made, that is nothing, and that makes this one wrong."""
        operands = self._dataflow.operands_of(value, unit)
        unknown = [each for each in operands if self._operands.is_unknown(each)]
        kept = {
            one
            for one in {v.unit for v in unknown}
            if self._operands.may_repair([v for v in unknown if v.unit == one], value, needed)
        }
        unknown = [each for each in unknown if each.unit in kept]
        if len({each.unit for each in unknown}) != 1:
            return None
        other = unknown[0]
        assert other.unit is not None
        assert other.site is not None
        within = self._dataflow.within(value, unit)
        moved = all(is_move(each.function) or each.function in SUMS for each in within)
        if not moved and not self._backward.is_neutral(other):
            return None
        if not self._dataflow.is_active(other) and self._dataflow.is_term(other, within):
            return None  # data, as labels are
        if not moved and (
            self._slopes.is_slope(self._backward.array(other)) or self._slopes.is_jacobian(self._backward.array(other))
        ):
            return None
        array = np.asarray(self._backward.array(other))
        alike = needed is not None and array.shape == np.shape(needed) and array.size > 1
        if not moved and alike and not self._is_used_as_factor(value, other, needed):
            return None
        inner = self._recording.sites[other.site].unit
        return self.source_of(other, inner, None) or other

    def _is_used_as_factor(self, value: Value, factor: Value, needed: Any) -> bool:
        """Whether another factor would make a value what it has to be."""
        if needed is None:
            return True
        array = np.asarray(factor.array, dtype=np.float64)
        now = np.asarray(value.array, dtype=np.float64)
        if array.shape != now.shape or not np.all(array):
            return False
        with np.errstate(all="ignore"):
            instead = [needed * array / now, array * now / needed]  # of a factor, of a divisor
        try:
            made = [self._graph.recomputed({factor.id: each}, [value.id])[value.id] for each in instead]
        except Exception as error:
            pass_on_signal(error)
            return False
        return any(equal(needed, each, self._recording.tolerance) for each in made)

    def fed_wrongly(self, remedy: Remedy) -> Value | None:
        """What an expression reads wherever it is wrong, if it is right elsewhere: made by one line, and nothing."""
        values = [self._graph.values[i] for i in remedy.values]
        right = [
            v for v in values if np.any(v.array) and equal(remedy.instead[v.id], v.array, self._recording.tolerance)
        ]
        wrong = [v for v in values if not equal(remedy.instead[v.id], v.array, self._recording.tolerance)]
        if not right or not wrong:
            return None
        unit = self._recording.sites[remedy.site].unit
        unknown = [
            [v for v in self._dataflow.operands_of(each, unit) if self._operands.is_unknown(v)] for each in values
        ]
        by_value = dict(zip((v.id for v in values), unknown, strict=True))
        read = [v for each in wrong for v in by_value[each.id]]
        alike = all(by_value[each.id] for each in wrong) and not any(by_value[each.id] for each in right)
        return read[0] if alike and len({v.unit for v in read}) == 1 and read[0].unit is not None else None

    def passed_on(self, value: Value, unit: int) -> Value | None:
        """The one value of another line that a line moves or adds up, and no more; None if it may be right."""
        operands = [each for each in self._dataflow.operands_of(value, unit) if each.phase == 1 and is_real(each.array)]
        made = [each for each in operands if each.function is not None and each.site is not None]
        if len(made) != 1 or made[0].id in self._backward.innocent or made[0].site in self._dataflow.forward_sites:
            return None
        source = made[0]
        assert source.site is not None
        inner = self._recording.sites[source.site].unit
        if self._recording.units[inner].function != self._recording.units[unit].function:
            return None
        return self.passed_on(source, inner) if self._dataflow.passes_on(inner) else source

    def left_as_it_was(self, value: Value, unit: int) -> Value | None:
        """What another line has made for wrong claims, and a limit has left as it was, as a clip far below it does."""
        if value.function not in SELECTIONS:
            return None
        read = [
            v
            for v in self._dataflow.operands_of(value, unit)
            if v.unit not in (None, unit) and self._backward.is_made_behind(v)
        ]
        alike = [v for v in read if np.array_equal(v.array, value.array)]
        return alike[0] if len(alike) == 1 else None

    def read_as_a_multiple(self, value: Value, unit: int, needed: Any) -> tuple[Value, int, Any, float] | None:
        """The multiple of a derivative that a line reads, directly or through others, and that alone makes it wrong.

        Also its unit, what it has to be, and the constant. None if the line would be wrong without any such constant,
        or if it may be the line that brings it in: a count is as often forgotten where a multiple is used.
        """
        found: tuple[Value, int, Any, float] | None = None
        while True:
            multiples = (
                (each, each.unit, np.asarray(self._backward.array(each), dtype=np.float64) / match.factor, match.factor)
                for each in self._dataflow.operands_of(value, unit)
                if each.unit is not None and each.unit != unit and self._backward.is_made_behind(each)
                for match in self._backward.multiples(each)
                if match.factor < 0.0 or not is_written(match.factor)
            )
            further = next((each for each in multiples if self._makes(each[0], each[2], value, needed)), None)
            if further is None:
                return found
            found = further
            value, unit, needed, _ = found

    def _makes(self, operand: Value, array: Any, value: Value, needed: Any) -> bool:
        """Whether a value is what it has to be with another array in place of an operand."""
        now = self._graph.recomputed({operand.id: array}, [value.id]).get(value.id)
        return now is not None and np.shape(now) == np.shape(needed) and self._recording.is_equal(needed, now)

    def reads_what_may_be_a_multiple(self, value: Value, unit: int, needed: Any, factor: float) -> bool:
        """Whether a line reads a derivative that, without the constant, would be that of something else."""
        read = [
            each
            for each in self._dataflow.operands_of(value, unit)
            if each.unit != unit and self._backward.is_made_behind(each)
        ]
        return any(self._makes(each, np.asarray(self._backward.array(each)) / factor, value, needed) for each in read)

    def read_as_a_multiple_of_a_slope(self, value: Value, unit: int, factor: float) -> Value | None:
        """What another function made of the forward pass: a slope, but for the constant that a line is off by.

        The line multiplies it with the derivative of a function's value. That of a difference may lack the minus sign.
        """
        units = self._recording.units
        outer = [self._graph.values[i].function for i in self._backward.incoming(value)]
        if not outer or any(each in (*SUMS, np.negative) or is_move(each) for each in outer):
            return None
        read = [v for v in self._dataflow.operands_of(value, unit) if np.shape(v.array) == np.shape(value.array)]
        made = [v for v in read if v.unit is not None and units[v.unit].function != units[unit].function]
        made = [
            v
            for v in made
            if v.phase == 1 and v.function is not same and is_real(v.array) and self._backward.is_neutral(v)
        ]
        if len(made) != 1 or value.function is not np.multiply or not set(value.inputs) <= {v.id for v in read}:
            return None
        array = np.asarray(self._backward.array(made[0]), dtype=np.float64)
        return made[0] if not self._backward.meaning(value) and self._slopes.is_slope(array / factor) else None

    def adds_up_parts(self, value: Value, unit: int, needed: Any) -> bool:
        """Whether a line adds up what other lines contribute to a derivative: any of them may lack what is missing."""
        if not self._backward.lacks_a_part(value, needed) or self._backward.is_computed(needed, value):
            return False
        owners = self._backward.with_adjoint(needed)
        others = [each for each in self._dataflow.operands_of(value, unit) if each.unit != unit]
        return any(
            match.kind is Kind.PART and match.exact and match.of in owners
            for each in others
            for match in self._backward.meaning(each)
        )
