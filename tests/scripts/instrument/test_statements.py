"""A rewritten source computes what it did, and its assignments become events with names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.scripts.instrument.events import Kind
from gradcheck.scripts.instrument.statements import instrument
from gradcheck.scripts.instrument.tracer import TRACER, Tracer
from gradcheck.scripts.text.source import Source


def run(text: str) -> tuple[dict[str, Any], Tracer]:
    """Variables and tracer after a recorded run of a source."""
    source, tracer = Source("f.py", text), Tracer()
    instrumented = instrument(source.tree(), source, 0)
    tracer.add_locations(instrumented.locations)
    variables: dict[str, Any] = {TRACER: tracer, "np": np}
    tracer.begin_recording()
    exec(instrumented.unit.code, variables)
    tracer.end()
    return variables, tracer


def names(text: str) -> list[list[str]]:
    return [list(event.names) for event in run(text)[1].events]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = b = np.sqrt(4.0)", [["a"]]),
        ("a = np.sqrt(4.0)\nb = a", [["a", "b"]]),
        ("a: float = 2.0", [["a"]]),
        ("a, b = np.sqrt(4.0), np.sqrt(9.0)", [["a"], ["b"]]),
        ("a, (b, c) = np.sqrt(4.0), (np.sqrt(9.0), np.sqrt(1.0))", [["a"], ["b"], ["c"]]),
        ("a, b = np.ones(2)", [["a"], ["b"]]),
        ("d = {'w': 2.0 * np.ones(1)}", [["w", "d['w']"]]),
        ("a = [np.ones(1) * 1.0]", [["np.ones(1) * 1.0", "a[0]"]]),
        ("def f(x):\n    return x * 2.0\na = f(3.0)", [["f()", "a"]]),
        ("d = {}\nd['k'] = 2.0", [["d['k']"]]),
        ("if (a := 2.0) > 1: pass", [["a"]]),
        ("print(np.mean(np.ones(2)))", [["np.mean(np.ones(2))"]]),
    ],
)
def test_an_assignment_is_an_event_with_its_names(text: str, expected: list[list[str]]) -> None:
    assert names(text) == expected


def test_integers_and_other_objects_are_not_events() -> None:
    assert names("a = 1\nb = 'x'\nc = None") == []


def test_an_update_has_an_increment_with_its_factors() -> None:
    _, tracer = run("w = 1.0\ng = 2.0\nlr = 0.5\nw -= lr * g")
    increment = next(event for event in tracer.events if event.location.kind is Kind.INCREMENT)
    assert (float(increment.value), increment.location.sign) == (1.0, -1)
    assert [(f.value, f.power, f.literal) for f in increment.factors] == [(0.5, 1, False), (2.0, 1, False)]
    assert float(tracer.events[-1].value) == 0.0


def test_a_write_into_an_array_is_an_event_with_its_index() -> None:
    _, tracer = run("a = np.zeros(3)\na[1] = 5.0")
    assert (tracer.events[-1].key, float(tracer.events[-1].value)) == (1, 5.0)
    assert tracer.events[-1].container is not None


def test_an_index_is_evaluated_once() -> None:
    variables, _ = run("n = []\ndef i():\n    n.append(1)\n    return 0\na = np.zeros(2)\na[i()] += 1.0")
    assert len(variables["n"]) == 1
    np.testing.assert_array_equal(variables["a"], [1.0, 0.0])


def test_empty_arrays_are_zeros() -> None:
    assert not run("a = np.empty(100)")[0]["a"].any()


def test_classes_lambdas_and_comprehensions_still_work() -> None:
    text = (
        "class A:\n    k = 2.0\n    def f(self, x):\n        return self.k * x\n"
        "g = lambda x: x + 1.0\nb = [A().f(v) for v in (1.0, 2.0)]\nc = {k: g(k) for k in (1.0,)}\n"
        "first, *rest = [1.0, 2.0, 3.0]\ntext = f'{b[0]:.1f}'\n"
    )
    variables, _ = run(text)
    assert (variables["b"], variables["c"], variables["rest"]) == ([2.0, 4.0], {1.0: 2.0}, [2.0, 3.0])
    assert variables["text"] == "2.0"


def test_loops_are_numbered_from_a_given_number() -> None:
    source = Source("f.py", "def f():\n    for i in range(2):\n        pass\nwhile False:\n    pass\n")
    loops = instrument(source.tree(), source, 0, first_loop=5).loops
    assert [(loop.number, loop.line, len(loop.functions)) for loop in loops] == [(5, 1, 1), (6, 2, 1), (7, 4, 0)]
