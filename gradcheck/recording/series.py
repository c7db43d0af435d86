"""What the values that one expression makes, time after time, may have to be: adjoints that belong together.

In a loop over samples, time steps or layers an expression makes one value each time. Each of them belongs to another
value of the forward pass: the nearest one behind what the line reads, by the expression that has made it there.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.recording.graph import Value, is_real
from gradcheck.recording.matching import Kind, Match, Matches
from gradcheck.recording.operations import same
from gradcheck.recording.record import Recording
from gradcheck.recording.settings import RECORDING

#: What may stand in place of a value: the forward value that it belongs to, and the adjoint.
Candidate = tuple[int, Any]

#: The expression that has made a forward value or, of a contribution, that has used it, and the place among its inputs.
_Key = tuple[int, int | None]


class Series:
    """Finds adjoints for the values of one expression.

    Parameters
    ----------
    recording : Recording
    matches : Matches
    meaning : callable
        Of which adjoints a value is a multiple.
    """

    def __init__(
        self,
        recording: Recording,
        matches: Matches,
        meaning: Callable[[Value], list[Match]],
    ) -> None:
        self._recording, self._graph = recording, recording.graph
        self._matches, self._meaning = matches, meaning
        self._uses: dict[int, list[tuple[int, int, Any]]] = defaultdict(list)
        for use, of, array in recording.adjoints.uses:
            self._uses[use].append((of, self._place(use, of), array))
        self._ordered = self._adjoints_by_site()
        self._behind: dict[int, dict[_Key, tuple[int, Candidate]]] = {}

    def of(self, values: Sequence[Value]) -> Iterator[list[Candidate]]:
        """For all values of an expression, what they may have to be."""
        yield from self._by_what_is_read(values)
        n = len(values)
        for series in self._ordered:
            if n <= len(series) <= n + 2:
                for start in range(len(series) - n + 1):
                    yield series[start : start + n][::-1]
                    yield series[start : start + n]
        for series in self._ordered:
            times = len(series) // n  # an expression that is evaluated several times in each turn
            for first in range(times) if len(series) == times * n and 2 <= times <= RECORDING.most_times else ():
                yield series[first::times][::-1]
                yield series[first::times]

    def _place(self, use: int, of: int) -> int:
        """The place of a value among the arguments of what uses it; -1 if it is inside one."""
        ids = [getattr(each, "id", None) for each in self._graph.values[use].args]
        return ids.index(of) if of in ids else -1

    # -- one after the other -------------------------------------------------------------------------------------------

    def _adjoints_by_site(self) -> list[list[Candidate]]:
        """Adjoints of the values that one expression has made, in order, and the parts that one use contributes."""
        series: dict[tuple[Any, ...], list[Candidate]] = defaultdict(list)
        found = self._recording.adjoints
        for value in self._graph.values:
            if value.phase == 0 and value.site is not None and is_real(value.array):
                adjoint = found.of.get(value.id, np.zeros(np.shape(value.array)))
                series["whole", value.site].append((value.id, adjoint))
                for unit in value.named_in:
                    series["named", unit].append((value.id, adjoint))
        times: dict[int, int] = defaultdict(int)
        for _, of, _ in found.uses:
            times[of] += 1
        for use in sorted(self._uses):
            value = self._graph.values[use]
            for of, place, array in self._uses[use]:
                if value.site is not None and times[of] > 1:
                    series["part", value.site, place].append((of, array))
        return [each for each in series.values() if len(each) > 1]

    # -- by what each of them reads ------------------------------------------------------------------------------------

    def _by_what_is_read(self, values: Sequence[Value]) -> Iterator[list[Candidate]]:
        """For each expression behind what the first value reads: the nearest value of it behind what each reads."""
        anchors = self._anchors(values)
        if anchors is None:
            return
        first = self._nearest(anchors[0][1])
        for key in first:
            chosen: list[tuple[int, Candidate]] = []
            for (earlier, known), value in zip(anchors, values, strict=True):
                at = known if earlier is None else chosen[earlier][0]
                found = self._nearest(at, beyond=earlier is not None).get(key)
                if found is None or np.size(found[1][1]) != np.size(value.array):
                    break
                chosen.append(found)
            else:
                yield [candidate for _, candidate in chosen]

    def _anchors(self, values: Sequence[Value]) -> list[tuple[int | None, int]] | None:
        """For each value an earlier one that it is made of, or else the forward value whose derivative it reads."""
        order = {value.id: i for i, value in enumerate(values)}
        found: list[tuple[int | None, int]] = []
        for value in values:
            operands = self._read(value, order)
            earlier = max((i for each in operands for i in self._earlier(each, order)), default=None)
            known = self._known(operands) if earlier is None else 0
            if known is None or (not found and earlier is not None):
                return None
            found.append((earlier, known))
        return found

    def _read(self, value: Value, order: dict[int, int]) -> list[Value]:
        """What the expressions of a unit read to make a value, where they made it this time."""
        unit = self._unit(value)
        found: dict[int, Value] = {}
        waiting = [value.id]
        while waiting:
            for i in self._graph.values[waiting.pop()].inputs:
                inner = self._graph.values[i]
                own = inner.site is not None and self._unit(inner) == unit
                if i not in order and (own or (inner.function is same and inner.site is None)):
                    waiting.append(i)
                else:
                    found[i] = inner
        return list(found.values())

    def _unit(self, value: Value) -> int:
        return -1 if value.site is None else self._recording.sites[value.site].unit

    def _earlier(self, value: Value, order: dict[int, int]) -> Iterator[int]:
        """The last of some values that another one, itself no derivative of anything, is made of."""
        waiting, seen = [-value.id], {value.id}
        for _ in range(RECORDING.nearest):
            if not waiting:
                return
            each = self._graph.values[-heapq.heappop(waiting)]
            if each.id in order:
                yield order[each.id]
                return
            if each.phase == 0 or (each.function is not same and self._meaning(each)):
                continue
            for i in each.inputs:
                if i not in seen:
                    seen.add(i)
                    heapq.heappush(waiting, -i)

    def _known(self, operands: Sequence[Value]) -> int | None:
        """The last forward value whose derivative is read or, if there is none, that is read itself."""
        derivatives = [each for each in operands if each.phase == 1 and each.function is not None]
        read = [
            match.of
            for each in derivatives
            if not self._matches.is_forward(each.array)
            for match in self._meaning(each)
            if match.kind is Kind.WHOLE and np.size(each.array) > 1
        ]
        if not read:
            read = [i for each in operands if np.size(each.array) > 1 for i in self._matches.forward(each.array)]
            read = [i for i in read if i in self._recording.adjoints.of]
        return max(read, default=None)

    def _nearest(self, start: int, *, beyond: bool = False) -> dict[_Key, tuple[int, Candidate]]:
        """By expression, the nearest value behind a forward value, and the nearest use, with its adjoint."""
        number = -1 - start if beyond else start
        if number in self._behind:
            return self._behind[number]
        found: dict[_Key, tuple[int, Candidate]] = {}
        adjoints = self._recording.adjoints.of
        for i in self._graph.nearest(start, RECORDING.nearest, adjoints):
            each = self._graph.values[i]
            if each.site is not None and not (beyond and i == start):
                if i in adjoints:
                    found.setdefault((each.site, None), (i, (i, adjoints[i])))
                for of, place, array in self._uses.get(i, ()):
                    found.setdefault((each.site, place), (i, (of, array)))
        self._behind[number] = found
        return found
