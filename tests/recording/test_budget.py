"""A search for lines does a bounded amount of work: counted in operations and calls, never by the clock."""

from __future__ import annotations

import linecache
import types
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.checks.lines import LocatedFindings
from gradcheck.recording.budget import Budget, Costs
from gradcheck.recording.graph import Graph, Ref
from gradcheck.recording.matching import Matches
from gradcheck.recording.settings import RECORDING


def graph_of(calls: int, entries: int) -> Graph:
    """A loss of one operation, and a gradient of several on arrays of some size."""
    graph = Graph()
    data = graph.add(None, (), {}, np.ones(entries), site=None, unit=None, phase=0)
    graph.add(np.sum, (Ref(data.id),), {}, 1.0, site=None, unit=None, phase=0)
    for _ in range(calls):
        graph.add(np.exp, (Ref(data.id),), {}, np.ones(entries), site=None, unit=None, phase=1)
    return graph


def test_an_operation_counts_by_the_entries_that_it_reads_and_makes() -> None:
    """A call itself counts one; then 1 for each operation, and 1 for each thousand entries."""
    unit = RECORDING.entries_of_operation
    small, large = Costs.of(graph_of(3, 0)), Costs.of(graph_of(3, 5000))
    assert (small.loss, small.gradient) == pytest.approx((2.0 + 1 / unit, 4.0))
    assert (large.loss, large.gradient) == pytest.approx((2.0 + 5001 / unit, 4.0 + 3 * 10_000 / unit))


def test_work_is_a_multiple_of_what_was_done_before_or_a_fixed_amount() -> None:
    costs = Costs(3.0, 500.0)
    assert costs.budget(100, 10).left == RECORDING.least_work
    assert costs.budget(10**6, 10**5).left == RECORDING.most_work * (3e6 + 500e5)


def test_what_is_reserved_is_there_afterwards() -> None:
    budget = Budget(10.0)
    with budget.reserving(4.0):
        budget.spend(5.0)
        assert not budget.is_spent
        budget.spend(1.0)
        assert budget.is_spent
    assert budget.left == 4.0
    with pytest.raises(ArithmeticError), budget.reserving(4.0):
        raise ArithmeticError
    assert budget.left == 4.0


#: A gradient in which each line may be the wrong one, and none can be repaired by an edit.
LONG = """
import numpy as np

calls = {}

def steps(x, n):
    calls["steps"] = calls.get("steps", 0) + 1
    for i in range(n):
        x = x + 0.001 * np.sin(x)
    return x

def fun(x, n):
    calls["fun"] = calls.get("fun", 0) + 1
    return float(np.sum(steps(x, n) ** 2))

def grad(x, n):
    calls["grad"] = calls.get("grad", 0) + 1
    kept = [x]
    for i in range(n):
        kept.append(kept[-1] + 0.001 * np.sin(kept[-1]))
    back = 2 * kept[-1]
    one = back * np.cosh(x + 0.3)
    two = one + np.sinh(back) * x
    three = two * np.arctan(two + x)
    for before in reversed(kept[:-1]):
        three = three * (1 + 0.001 * np.cos(before))
    return three * np.sqrt(np.abs(x) + 0.7)
"""


def counted(turns: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Counter[str], Counter[str]]:
    """Calls of the author's functions in a failing check without and with its lines."""
    file = f"<long {turns}>"
    linecache.cache[file] = (len(LONG), None, LONG.splitlines(keepends=True), file)
    module: Any = types.ModuleType("long")
    exec(compile(LONG, file, "exec", dont_inherit=True), module.__dict__)
    x0 = np.array([0.4, 1.1, -0.7])
    found = []
    for with_lines in (False, True):
        module.calls.clear()
        with monkeypatch.context() as patch:
            if not with_lines:
                patch.setattr("gradcheck.checks.lines.with_lines", lambda *given: LocatedFindings(given[2]))
            report = gradcheck.check_gradients(module.fun, module.grad, x0, args=(turns,), rng=0)
        assert report.verdict.value == "fail"
        found.append(Counter(module.calls))
    return found[0], found[1]


def test_a_failing_check_takes_twice_the_work_for_its_lines_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn of `fun` takes 3 operations, and one of `grad` 7; a few calls more are recorded."""
    monkeypatch.setattr("gradcheck.recording.budget.RECORDING", replace(RECORDING, least_work=0.0))
    without, with_lines = counted(100, monkeypatch)
    work = [3.0 * found["fun"] + 7.0 * found["grad"] for found in (without, with_lines)]
    recorded = 3 * (3.0 + 7.0)
    assert work[1] <= (1.0 + 1.05 * RECORDING.most_work) * work[0] + recorded
    assert with_lines["grad"] > without["grad"] + 2  # more than the two recordings: it did search


def test_a_short_function_is_called_as_often_as_a_fixed_amount_of_work_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling an edit takes hundreds of operations, beside which a short function takes nothing."""
    without, with_lines = counted(2, monkeypatch)
    assert with_lines["grad"] - without["grad"] < RECORDING.least_work / RECORDING.work_of_edit


class Recurrent:
    """A recurrent network whose backward pass has the slope of another activation."""

    def __init__(self, steps: int) -> None:
        rng = np.random.default_rng(0)
        self.x, self.y = rng.normal(size=(steps, 2)), rng.normal(size=3)
        self.params = {"W": 0.5 * rng.normal(size=(2, 3)), "U": 0.4 * rng.normal(size=(3, 3))}

    def forward(self) -> list[Any]:
        hs = [np.zeros(3)]
        for x in self.x:
            hs.append(np.tanh(x @ self.params["W"] + hs[-1] @ self.params["U"]))
        return hs

    def loss(self) -> float:
        return float(0.5 * np.sum((sum(self.forward()) - self.y) ** 2))

    def gradient(self) -> dict[str, Any]:
        hs = self.forward()
        dW, dU, dh = np.zeros((2, 3)), np.zeros((3, 3)), np.zeros(3)
        de = sum(hs) - self.y
        for t in reversed(range(len(self.x))):
            dz = (de + dh) * (1 - hs[t + 1])
            dW += np.outer(self.x[t], dz)
            dU += np.outer(hs[t], dz)
            dh = dz @ self.params["U"].T
        return {"W": dW, "U": dU}


def test_the_search_is_linear_in_the_length_of_a_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted are the values that are compared and computed again, before any edit is tried."""
    counts = {"compared": 0, "computed": 0}
    compared, computed = Matches.of, Graph._computed

    def counted_of(self: Matches, array: Any) -> Any:
        counts["compared"] += 1
        return compared(self, array)

    def counted_computed(self: Graph, value: Any, instead: Any) -> Any:
        counts["computed"] += 1
        return computed(self, value, instead)

    monkeypatch.setattr(Matches, "of", counted_of)
    monkeypatch.setattr(Graph, "_computed", counted_computed)
    found = []
    for steps in (20, 80):
        counts.update(compared=0, computed=0)
        report = gradcheck.check_gradients(Recurrent(steps), rng=0)
        assert [line.text for line in report.lines if line.verdict is gradcheck.Verdict.FAIL] == [
            "dz = (de + dh) * (1 - hs[t + 1])"
        ]
        found.append(dict(counts))
    for each in ("compared", "computed"):
        assert found[1][each] <= 6 * found[0][each], found
