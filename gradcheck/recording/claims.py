"""The claimed gradients taken apart: a vector into which several were packed is as many claims as it has pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.recording.graph import Ref, is_real
from gradcheck.recording.operations import MOVES, Part, gathered, same, written
from gradcheck.recording.record import Recording
from gradcheck.recording.rules import sources_of


@dataclass(frozen=True, eq=False)
class Claim:
    """A value that ends up, as it is, in a claimed gradient.

    Attributes
    ----------
    id : int
        The value.
    truth : ndarray
        What it has to be; NaN where that is not known.
    block : int
    right : bool
    """

    id: int
    truth: Any
    block: int
    right: bool


def claims_of(recording: Recording, block: int) -> list[Claim]:
    """The smallest values of which the claim for a block is put together."""
    start, truth = recording.claims[block], recording.truths[block]
    if start is None or truth is None:
        return []
    whole = np.asarray(truth, dtype=np.float64).reshape(np.shape(recording.graph.values[start].array))
    found: dict[int, Any] = {}
    for each, wanted in _pieces(recording, start, whole):
        found[each] = wanted
    claims = []
    for each, wanted in found.items():
        if np.all(np.isnan(wanted)):
            continue
        value = recording.graph.values[each].array
        scale = float(np.linalg.norm(whole[~np.isnan(whole)]))
        right = recording.is_equal(wanted, value) or _differs_little(wanted, value, recording.tolerance * scale)
        claims.append(Claim(each, wanted, block, right))
    return claims


def _differs_little(wanted: Any, value: Any, bound: float) -> bool:
    gap = np.abs(np.asarray(wanted) - np.asarray(value))
    return bool(np.all(gap[~np.isnan(wanted)] <= bound))


def _pieces(recording: Recording, start: int, truth: Any) -> Iterator[tuple[int, Any]]:
    graph = recording.graph
    waiting = [(start, truth)]
    while waiting:
        each, wanted = waiting.pop()
        value = graph.values[each]
        function = value.function
        if function is None or (value.phase == 0 and each in recording.adjoints.of):
            yield each, wanted
        elif function is same and (value.site is None or _is_put_together(graph.values[value.inputs[0]])):
            waiting.append((value.inputs[0], wanted))
        elif function is gathered:
            yield from _spread(graph, value, [value.inputs[0]], wanted, value.args[1] + 1, waiting)
        elif function is written:
            owner, new, where = value.args
            rest = wanted.reshape(-1).copy()
            inner = rest[where]
            rest[where] = np.nan
            if isinstance(new, Ref) and np.shape(graph.values[new.id].array) == np.shape(where):
                waiting.append((new.id, inner))
            else:
                alone = np.full(wanted.size, np.nan)
                alone[where] = inner
                yield each, alone.reshape(wanted.shape)
            if not np.all(np.isnan(rest)):
                waiting.append((owner.id, rest.reshape(wanted.shape)))
        elif _packs(value):
            found = sources_of(graph, value)
            inputs = [i for i in value.inputs if is_real(graph.values[i].array)]
            if found is None or not _complete(found, wanted):
                yield each, wanted
                continue
            places, ranges = found
            flat = np.full(max(high for _, high in ranges.values()), np.nan)
            flat[places] = wanted
            for i in inputs:
                low, high = ranges[i]
                waiting.append((i, flat[low:high].reshape(np.shape(graph.values[i].array))))
        else:
            yield each, wanted


def _packs(value: Any) -> bool:
    """Whether an operation puts several values together."""
    function = value.function
    try:
        return (
            not isinstance(function, Part)
            and function in MOVES
            and len(value.inputs) > 1
            and function.__name__
            in (
                "concatenate",
                "stack",
                "vstack",
                "hstack",
                "dstack",
                "column_stack",
                "append",
                "array",
                "asarray",
                "block",
            )
        )
    except TypeError:
        return False


def _is_put_together(value: Any) -> bool:
    """Whether a value has pieces."""
    return value.function in (gathered, written) or _packs(value)


def _complete(found: Any, wanted: Any) -> bool:
    places, ranges = found
    return bool(ranges) and places.shape == wanted.shape and bool(np.all(places > 0))


def _spread(graph: Any, value: Any, inputs: list[int], wanted: Any, places: Any, waiting: list[Any]) -> Iterator[Any]:
    """A view: the entries of the owner that it shows."""
    owner = graph.values[inputs[0]]
    flat = np.full(np.size(owner.array), np.nan)
    flat[places - 1] = wanted
    waiting.append((owner.id, flat.reshape(np.shape(owner.array))))
    return iter(())
