"""Guards of the loss that its gradient ignores: without the small constant, the claims are the exact gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.graph import Graph, Ref, Value
from gradcheck.recording.operations import same
from gradcheck.recording.record import Recording
from gradcheck.recording.rules import NoRule
from gradcheck.recording.settings import RECORDING
from gradcheck.tracebacks import pass_on_signal


def ignored_guard(recording: Recording, wrong: Sequence[int]) -> Value | None:
    """The value that a small constant guards, where the gradient leaves that out.

    Parameters
    ----------
    recording : Recording
    wrong : sequence of int
        Blocks that failed: without the constant all of them are right.
    """
    for i in sorted(recording.adjoints.of):
        value = recording.graph.values[i]
        inner = _guarded(recording, value)
        if inner is not None and _is_right_without(recording, value, inner, wrong):
            return value
    return None


def _guarded(recording: Recording, value: Value) -> int | None:
    """What a guard was put on; None if a value is no such sum, maximum or clip."""
    if not any(value.function is each for each in (np.add, np.maximum, np.clip)) or value.kwargs:
        return None
    inner = [each.id for each in value.args if isinstance(each, Ref) and each.id in recording.adjoints.of]
    rest = [each for each in value.args if not (isinstance(each, Ref) and each.id in recording.adjoints.of)]
    limits = [recording.graph.filled(each) for each in rest]
    if len(inner) != 1 or not limits or any(np.size(each) != 1 or each is None for each in limits):
        return None
    away = [min(abs(each), abs(1.0 - each)) for each in (float(np.asarray(limit).item()) for limit in limits)]
    return (
        inner[0]
        if 0.0 < max(away) <= RECORDING.guard
        and np.shape(value.array) == np.shape(recording.graph.values[inner[0]].array)
        else None
    )


def _is_right_without(recording: Recording, value: Value, inner: int, wrong: Sequence[int]) -> bool:
    seed = max(recording.adjoints.of)
    try:
        with np.errstate(all="ignore"):
            graph = _without(recording.graph, value, inner)
            found = adjoints(graph, {seed: recording.adjoints.of[seed]}, set(recording.adjoints.of)).of
    except NoRule:
        return False
    except Exception as error:  # an operation at values that it is not defined for
        pass_on_signal(error)
        return False
    return bool(wrong) and all(_is_right(recording, graph, found, block) for block in wrong)


def _is_right(recording: Recording, graph: Graph, found: dict[int, Any], block: int) -> bool:
    """Whether a claim is the derivative in another graph, times the constant that it carries."""
    claim, recorded = recording.claims[block], recording.truths[block]
    before, truth = (_total(each, recording.parameters[block]) for each in (recording.adjoints.of, found))
    if claim is None or recorded is None or before is None or truth is None or not np.any(before):
        return False
    factor = float(np.vdot(before, recorded)) / float(np.vdot(before, before))
    claimed = np.asarray(graph.values[claim].array).reshape(-1)
    return bool(np.all(np.isfinite(truth))) and recording.is_equal(factor * truth.reshape(-1), claimed)


def _total(adjoint: dict[int, Any], ids: Sequence[int]) -> Any:
    parts = [np.asarray(adjoint[i]) for i in ids if i in adjoint]
    return sum(parts[1:], parts[0]) if parts else None


def _without(graph: Graph, value: Value, inner: int) -> Graph:
    """The graph with one value the same as another one."""
    arrays = graph.recomputed({value.id: graph.values[inner].array}, range(len(graph.values)))
    other = Graph()
    other.bytes = graph.bytes
    other.pullbacks = graph.kept_pullbacks(arrays, {value.id})
    other.values = [replace(each, array=arrays[each.id]) for each in graph.values]
    other.values[value.id] = replace(
        other.values[value.id], function=same, args=(Ref(inner),), kwargs={}, inputs=(inner,)
    )
    return other
