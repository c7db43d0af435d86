"""What a recording of a step says about changes is what replays of the step measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradcheck.scripts.graph import dataflow
from gradcheck.scripts.graph.dataflow import DataflowGraph
from gradcheck.scripts.graph.recorded import RecordedStep, record_events
from gradcheck.scripts.instrument.values import Action, Array
from tests.scripts.planted import captured
from tests.scripts.samples import LINEAR, LINEAR_HEAD, TWO_LAYERS

#: A recurrent network that writes rows, and a bias that is written entry by entry.
ROWS = """\
import numpy as np

rng = np.random.default_rng(2)
x, y = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
U, V, b = rng.standard_normal((3, 2)), rng.standard_normal((2, 2)), np.zeros(2)
for step in range(100):
    h = np.zeros((5, 2))
    for t in range(4):
        h[t + 1] = np.tanh(x[t] @ U + h[t] @ V + b)
    out = np.empty((4, 2))
    for t in range(4):
        out[t] = h[t + 1] * 2.0
    r = out - y
    loss = 0.5 * np.sum(r**2)
    dU, dV, db, carried = np.zeros_like(U), np.zeros_like(V), np.zeros_like(b), np.zeros(2)
    for t in range(3, -1, -1):
        dz = (2.0 * r[t] + carried) * (1 - h[t + 1] ** 2)
        dU += np.outer(x[t], dz)
        dV += np.outer(h[t], dz)
        db[:] = db + dz
        carried = dz @ V.T
    U -= 0.01 * dU
    V -= 0.01 * dV
    for k in range(2):
        b[k] -= 0.01 * db[k]
"""

#: Functions, a dictionary, numbers, a literal that stands twice, and values without a derivative.
FUNCTIONS = """\
import numpy as np

rng = np.random.default_rng(4)
x, y = rng.standard_normal((6, 3)), rng.integers(0, 2, 6)
params = {"W": rng.standard_normal((3, 2)), "b": np.zeros(2)}
scale = 0.5

def forward(x, W, b):
    z = x @ W + b
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return z, e / e.sum(axis=1, keepdims=True)

def backward(x, p, y):
    d = p.copy()
    d[np.arange(len(y)), y] -= 1
    half = 0.5
    d = half * d / len(y)
    return {"W": x.T @ d, "b": d.sum(axis=0)}

while True:
    z, p = forward(x, params["W"], params["b"])
    right = float(np.mean(p.argmax(axis=1) == y))
    loss = 0.5 * -np.log(p[np.arange(6), y]).mean()
    first, second = p[0]
    grads = backward(x, p, y)
    for key in params:
        params[key] = params[key] - scale * grads[key]
    scale = scale * 0.99
"""

#: A number that the recorder loses sight of.
LOST = LINEAR.replace("    g = x.T @ r\n", "    n = float(str(loss)) / 7.0\n    g = x.T @ r * (1.0 + 0.0 * n)\n")


def recorded_and_measured(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[DataflowGraph, ...]:
    found = []
    for way in (record_events, lambda step, trace: None):
        monkeypatch.setattr(dataflow, "record_events", way)
        step = captured(folder, text)
        with np.errstate(all="ignore"):
            graph = DataflowGraph(step, step.prepare(), np.random.default_rng(0))
            graph.find_successors()
            for variable in graph.base.trace.changed():
                graph.responses_to(variable)
        step.release()
        found.append(graph)
    return tuple(found)


def recording(folder: Path, text: str) -> tuple[DataflowGraph, RecordedStep]:
    step = captured(folder, text)
    trace = step.prepare()
    recorded = record_events(step, trace)
    assert recorded is not None
    return DataflowGraph(step, trace, np.random.default_rng(0)), recorded


@pytest.mark.parametrize("text", [TWO_LAYERS, LINEAR, ROWS, FUNCTIONS, LOST])
def test_values_depend_on_what_replays_say(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, measured = recorded_and_measured(tmp_path, text, monkeypatch)
    assert [node.events for node in recorded.nodes] == [node.events for node in measured.nodes]
    assert recorded.successors == measured.successors
    assert recorded.predecessors == measured.predecessors
    assert any(recorded.successors.values())
    for variable in recorded.base.trace.changed():
        assert set(recorded.responses_to(variable)[1]) == set(measured.responses_to(variable)[1])


@pytest.mark.parametrize("text", [TWO_LAYERS, ROWS, FUNCTIONS])
def test_a_recorded_step_is_replayed_a_few_times(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, measured = recorded_and_measured(tmp_path, text, monkeypatch)
    assert recorded.step.runs == 2
    assert measured.step.runs >= len(measured.nodes)


def test_a_recording_that_predicts_another_replay_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, measured = recorded_and_measured(tmp_path, LOST, monkeypatch)
    assert recorded.step.runs >= measured.step.runs


def test_changed_events_and_variables_are_followed_to_all_that_changes(tmp_path: Path) -> None:
    graph, recorded = recording(tmp_path, TWO_LAYERS)
    step, events = graph.step, graph.base.trace.events
    hidden = next(node for node in graph.nodes if node.label == "h")
    variable = graph.base.trace.before["W2",]
    actions: dict[int, Action] = {hidden.first: lambda h: 1.01 * h}
    value: Array = 1.02 * variable.value
    said = recorded.replay(actions, actions, [(variable, value)])
    seen = step.replay(actions, {event.index for event in events}, values={variable.path: value})
    assert said is not None
    assert seen is not None
    changed = {i for i, array in seen.items() if not np.array_equal(array, events[i].value)}
    assert set(said) == changed
    for i in changed:
        np.testing.assert_allclose(said[i], seen[i], rtol=1e-12)


def test_only_what_some_events_are_made_of_is_computed(tmp_path: Path) -> None:
    graph, recorded = recording(tmp_path, TWO_LAYERS)
    nodes = {node.label: node for node in graph.nodes}
    actions: dict[int, Action] = {nodes["h"].first: lambda h: 1.01 * h}
    said = recorded.replay(actions, actions, within=recorded.above([nodes["loss"].first]))
    assert said is not None
    assert nodes["loss"].first in said
    assert nodes["dW2"].first not in said


def test_slopes_are_those_of_the_formula(tmp_path: Path) -> None:
    graph, recorded = recording(tmp_path, LINEAR)
    loss = next(node for node in graph.nodes if node.label == "loss")
    scope, variable = graph.step.scope, graph.base.trace.before["w",]
    found = recorded.slopes(loss.events, [variable])
    np.testing.assert_allclose(found[variable.path], scope["x"].T @ (scope["x"] @ scope["w"] - scope["y"]), rtol=1e-12)


def test_random_numbers_are_not_drawn_again(tmp_path: Path) -> None:
    noise = "    noise = rng.normal(0.1 * w)\n    r = x @ w - y\n"
    graph, recorded = recording(tmp_path, LINEAR.replace("    r = x @ w - y\n", noise))
    state = graph.step.scope["rng"].bit_generator.state
    variable = graph.base.trace.before["w",]
    assert recorded.replay({}, (), [(variable, 2.0 * variable.value)]) is None
    assert graph.step.scope["rng"].bit_generator.state == state


def test_the_state_is_put_back(tmp_path: Path) -> None:
    step = captured(tmp_path, FUNCTIONS)
    trace = step.prepare()
    before = {path: variable.value for path, variable in trace.before.items()}
    assert record_events(step, trace) is not None
    after = step.record().before
    assert all(np.array_equal(after[path].value, value) for path, value in before.items())


def test_a_step_that_carries_values_over_is_not_recorded(tmp_path: Path) -> None:
    step = captured(tmp_path, LINEAR_HEAD + LINEAR.removeprefix(LINEAR_HEAD))
    trace = step.prepare()
    step.carries_over = True
    assert record_events(step, trace) is None


def test_near_a_base_point_values_come_from_the_recording(tmp_path: Path) -> None:
    graph, _ = recording(tmp_path, TWO_LAYERS)
    loss = next(node for node in graph.nodes if node.label == "loss")
    variable = graph.base.trace.before["W1",]
    base = graph.base.recorded()
    assert base is not None
    assert graph.follows(base)
    values = {variable.path: 1.01 * variable.value}
    runs = graph.step.runs
    (found,) = graph.values(base, [loss], values) or []
    assert graph.step.runs == runs
    (seen,) = base.run([loss], values=values) or []
    np.testing.assert_allclose(found, seen, rtol=1e-12)
