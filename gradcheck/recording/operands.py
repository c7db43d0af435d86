"""What a line of the backward pass reads, and whether that is known to be right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.recording.backward_values import BackwardValues
from gradcheck.recording.dataflow import Dataflow
from gradcheck.recording.graph import Value, is_real
from gradcheck.recording.record import equal
from gradcheck.recording.remedies import Faulty
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.slopes import Slopes
from gradcheck.tracebacks import pass_on_signal


class Operands:
    """What lines read, and what is known of it.

    Parameters
    ----------
    dataflow : Dataflow
    backward : BackwardValues
    slopes : Slopes
    """

    def __init__(self, dataflow: Dataflow, backward: BackwardValues, slopes: Slopes) -> None:
        self._dataflow = dataflow
        self._backward = backward
        self._slopes = slopes
        self._recording, self._graph = dataflow.recording, dataflow.recording.graph

    def is_unknown(self, value: Value, *, by_claims: bool = True) -> bool:
        """Whether a backward value is no adjoint, no value of the forward pass, and not known to be right.

        What right claims need is known to be right, unless `by_claims` is false.
        """
        if value.phase != 1 or value.function is None or value.site is None or not is_real(value.array):
            return False
        if (
            value.site in self._dataflow.forward_sites
            or value.id in self._dataflow.of_loss
            or (by_claims and value.id in self._backward.innocent)
        ):
            return False
        array = self._backward.array(value)
        if not np.any(array):
            return self._dataflow.is_active(value) and np.size(array) not in self._backward.zero_sizes
        return (
            not self._backward.meaning(value)
            and not self._backward.matches.is_forward(array)
            and not self._backward.makes_a_derivative(value)
        )

    def is_open(self, unit: int, faulty: Faulty) -> bool:
        """Whether a unit makes a value that is known to be nothing, so that a repair of it may count."""
        sites = self._recording.sites
        made = [v for v in self._graph.values if v.site is not None and sites[v.site].unit == unit]
        return unit == faulty.unit or any(self.is_unknown(value) for value in made)

    def open_operands(self, value: Value, unit: int) -> list[Value]:
        """What a unit reads, and is neither known to be right nor a derivative of one forward value by another.

        Where right claims need the value itself, although it is wrong, they say nothing about what it is made of.
        """
        needed = value.id not in self._backward.innocent
        read = [each for each in self._dataflow.operands_of(value, unit) if each.unit != unit]
        unknown = [each for each in read if self.is_unknown(each, by_claims=needed)]
        arrays = [(each, self._backward.array(each)) for each in unknown]
        return [
            each for each, array in arrays if not self._slopes.is_slope(array) and not self._slopes.is_jacobian(array)
        ]

    def may_repair(self, operands: Sequence[Value], value: Value, needed: Any) -> bool:
        """Whether other arrays in place of some operands could make a value what it has to be.

        Of fewer entries than the value, on which this depends linearly, it is seen whether they can.
        """
        sizes = [np.size(each.array) for each in operands]
        if needed is None or not sum(sizes) < np.size(value.array) or sum(sizes) > RECORDING.most_jacobian:
            return True
        now = [np.asarray(each.array, dtype=np.float64) for each in operands]
        flat = np.asarray(value.array, dtype=np.float64).reshape(-1)
        try:
            slopes = np.stack([self._moved(operands, now, each, value) - flat for each in np.eye(sum(sizes))], axis=1)
            twice = self._moved(operands, now, np.full(sum(sizes), 2.0), value) - flat
        except Exception as error:
            pass_on_signal(error)
            return True
        if not equal(twice, 2.0 * slopes.sum(axis=1), RECORDING.screened):
            return True
        missing = np.asarray(needed, dtype=np.float64).reshape(-1) - flat
        best = slopes @ np.linalg.lstsq(slopes, missing, rcond=None)[0]
        return equal(missing, best, RECORDING.screened)

    def _moved(self, operands: Sequence[Value], now: Sequence[Any], move: Any, value: Value) -> Any:
        """A value with something added to the entries of some others."""
        parts = np.split(move, np.cumsum([each.size for each in now])[:-1])
        instead = {v.id: x + d.reshape(x.shape) for v, x, d in zip(operands, now, parts, strict=True)}
        return np.asarray(self._graph.recomputed(instead, [value.id])[value.id], dtype=np.float64).reshape(-1)

    def reads_what_is_right(self, value: Value, unit: int, needed: Any = None) -> bool:
        """Whether all that a unit reads is an adjoint, a slope, of the forward pass, or read by a right claim.

        What no other array would make the value what it has to be, is not what is wrong with it.
        """
        operands = [each for each in self._dataflow.operands_of(value, unit) if each.unit != unit]
        if any(self._is_another_forward_value(each, unit) or self._is_renamed(each, unit) for each in operands):
            return False
        if needed is not None and any(self._is_taken_for_a_slope(each, value, unit, needed) for each in operands):
            return False
        open_ones = self.open_operands(value, unit)
        units = {each.unit for each in open_ones}
        return not any(
            self.may_repair([each for each in open_ones if each.unit == one], value, needed) for one in units
        )

    def _is_taken_for_a_slope(self, operand: Value, value: Value, unit: int, needed: Any) -> bool:
        """Whether a factor, made by another function of the backward pass, is a slope where another slope belongs.

        Then that function may have computed the wrong one.
        """
        units, array, now = (
            self._recording.units,
            self._backward.array(operand),
            np.asarray(value.array, dtype=np.float64),
        )
        if operand.unit is None or units[operand.unit].function == units[unit].function or operand.phase != 1:
            return False
        if (
            operand.id in self._dataflow.of_loss
            or operand.id in self._backward.innocent
            or self._backward.matches.is_forward(array)
        ):
            return False
        if not np.shape(array) == now.shape == np.shape(needed) or not np.all(now) or not self._slopes.is_slope(array):
            return False
        wanted = needed * array / now
        return not equal(wanted, array, self._recording.tolerance) and self._slopes.is_slope(wanted)

    def _is_renamed(self, value: Value, unit: int) -> bool:
        """Whether the function of a unit gives a value of the forward pass a name that it has nowhere there.

        What has such a name, but is computed wrongly, is often a value of the forward pass itself.
        """
        units = self._recording.units
        given = {
            units[each].target
            for each in value.named_in
            if each >= 0 and units[each].function == units[unit].function and units[each].target.isidentifier()
        }
        own = value.phase != 1 or value.id in self._dataflow.of_loss or value.id in self._backward.innocent
        if (
            not given
            or own
            or any(match.exact for match in self._backward.meaning(value))
            or self._backward.makes_a_derivative(value)
        ):
            return False
        alike = list(self._backward.matches.forward(value.array))
        return bool(alike) and not any(given & set(self._graph.values[i].names) for i in alike if i != value.id)

    def _is_another_forward_value(self, value: Value, unit: int) -> bool:
        """Whether a value that a unit reads is meant as one of the forward pass, and is another.

        The function of the unit has given it a name, and the author calls one so, or the same expression has made one;
        but the value is none of these.
        """
        if (
            value.phase != 1
            or not is_real(value.array)
            or value.id in self._backward.innocent
            or value.id in self._dataflow.of_loss
        ):
            return False
        function = self._recording.units[unit].function
        if all(self._recording.units[each].function != function for each in value.named_in if each >= 0):
            return False
        names = {name for name in value.names if name.isidentifier()}
        alike = [
            other
            for other in self._graph.values
            if (other.id in self._dataflow.of_loss or other.phase == 0)
            and np.size(other.array) == np.size(value.array)
            and ((value.site is not None and other.site == value.site) or names & set(other.names))
        ]
        if not alike or (self._backward.meaning(value) and not self._backward.matches.is_forward(value.array)):
            return False
        flat = np.asarray(value.array).reshape(-1)
        return not any(self._recording.is_equal(np.asarray(each.array).reshape(-1), flat) for each in alike)

    def is_made_of_numbers(self, value: Value, unit: int) -> bool:
        """Whether a line is made of single numbers that do not change with the parameters: any may be the wrong one."""
        read = self._dataflow.operands_of(value, unit)
        return not self._dataflow.is_active(value) and not any(
            np.size(v.array) > 1 or self._dataflow.is_active(v) or self._dataflow.is_parameter(v) for v in read
        )

    def factors_read(self, value: Value, unit: int, *, named: bool = False, every: bool = False) -> set[float]:
        """The constants of the multiples of adjoints that a line reads, where no right claim needs them.

        All of them if asked, or all of variables with a name. What is the adjoint of a variable is no multiple of that
        of a value without a name.
        """
        read = [
            each for each in self._dataflow.operands_of(value, unit) if each.phase == 1 and each.function is not None
        ]
        read = [each for each in read if named or every or each.id not in self._backward.innocent]
        factors = set()
        for each in read:
            found = [] if self._backward.matches.is_forward(each.array) else self._backward.meaning(each)
            found = [m for m in found if not named or self._graph.values[m.of].names]
            if any(m.exact and self._graph.values[m.of].names for m in found):
                found = [m for m in found if m.exact or self._graph.values[m.of].names]
            factors |= {m.factor for m in found}
        return factors
