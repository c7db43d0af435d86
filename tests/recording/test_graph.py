"""Values are computed again only where they depend on what changes, each once."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from gradcheck.recording.graph import Graph, Ref

FUNCTIONS = (operator.add, operator.mul, operator.sub)


def random_graph(seed: int, size: int = 40, leaves: int = 5) -> Graph:
    """Numbers, each made of two that were made before it."""
    rng = np.random.default_rng(seed)
    graph = Graph()
    for i in range(size):
        if i < leaves:
            graph.add(None, (), {}, float(rng.normal()), site=None, unit=None, phase=0)
            continue
        a, b = (int(k) for k in rng.integers(max(0, i - 8), i, 2))
        function = FUNCTIONS[int(rng.integers(len(FUNCTIONS)))]
        array = function(graph.values[a].array, graph.values[b].array)
        graph.add(function, (Ref(a), Ref(b)), {}, array, site=None, unit=None, phase=0)
    return graph


def all_again(graph: Graph, instead: dict[int, float]) -> list[float]:
    """Everything computed again, the plain way."""
    new: list[float] = []
    for value in graph.values:
        if value.id in instead or value.function is None:
            new.append(instead.get(value.id, value.array))
        else:
            new.append(value.function(*(new[i.id] for i in value.args)))
    return new


@pytest.mark.parametrize("seed", range(20))
def test_values_are_computed_again_as_by_a_replay_of_everything(seed: int) -> None:
    graph, rng = random_graph(seed), np.random.default_rng(seed + 100)
    instead = {int(i): float(rng.normal()) for i in rng.choice(40, 4, replace=False)}
    plain = all_again(graph, instead)
    wanted = [int(i) for i in rng.integers(0, 40, 5)]
    assert graph.recomputed(instead, wanted) == {i: plain[i] for i in wanted}
    assert graph.recomputed(instead, wanted, graph.order(instead, wanted)) == {i: plain[i] for i in wanted}


@pytest.mark.parametrize("seed", range(20))
def test_each_in_turn_has_the_others_before_it_in_place(seed: int) -> None:
    graph, rng = random_graph(seed), np.random.default_rng(seed + 100)
    ids = sorted(int(i) for i in rng.choice(range(5, 40), 6, replace=False))
    instead = {i: float(rng.normal()) for i in ids}
    found = graph.in_turn(instead)
    for k, each in enumerate(ids):
        before = {i: instead[i] for i in ids[:k]}
        assert found[each] == all_again(graph, before)[each]


def test_nothing_is_computed_for_the_sake_of_values_that_are_given() -> None:
    graph = Graph()

    def add(function: Any, *args: Any) -> int:
        values = [graph.values[each.id].array for each in args]
        return graph.add(function, args, {}, function(*values), site=None, unit=None, phase=0).id

    first = graph.add(None, (), {}, 1.0, site=None, unit=None, phase=0).id
    between = add(operator.neg, Ref(first))
    second = add(operator.neg, Ref(between))
    last = add(operator.neg, Ref(second))
    assert [value.id for value in graph.order([first, second], [last])] == [between, second, last]
    assert [value.id for value in graph.order([first, second], [last], given=True)] == [last]
