"""One iteration of the loop, run again and again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradcheck.errors import TargetError
from gradcheck.scripts.replay.step import Step, Trace
from tests.scripts.planted import captured
from tests.scripts.samples import LINEAR, LINEAR_HEAD


def event(trace: Trace, name: str) -> int:
    return next(e.index for e in trace.events if name in e.names)


def prepared(folder: Path, text: str) -> tuple[Step, Trace]:
    step = captured(folder, text)
    return step, step.prepare()


def test_a_replay_repeats_the_recorded_run(tmp_path: Path) -> None:
    step, trace = prepared(tmp_path, LINEAR)
    for _ in range(2):
        seen = step.replay(watched={e.index for e in trace.events})
        assert seen is not None
        assert all(np.array_equal(seen[e.index], e.value) for e in trace.events)
    assert step.runs == 2


def test_the_state_is_put_back_after_each_run(tmp_path: Path) -> None:
    step, trace = prepared(tmp_path, LINEAR)
    before = step.scope["w"].copy()
    step.replay(values={("w",): np.zeros(3)})
    step.replay({event(trace, "r"): lambda r: 2 * r})
    np.testing.assert_array_equal(step.scope["w"], before)
    assert not np.array_equal(trace.after["w",].value, before)


def test_values_and_actions_change_a_replay(tmp_path: Path) -> None:
    step, trace = prepared(tmp_path, LINEAR)
    gradient, residual = event(trace, "g"), event(trace, "r")
    x, y = step.scope["x"], step.scope["y"]
    seen = step.replay(watched={gradient}, values={("w",): np.zeros(3)})
    assert seen is not None
    np.testing.assert_allclose(seen[gradient], x.T @ -y)
    seen = step.replay({residual: np.zeros_like}, {gradient})
    assert seen is not None
    assert not seen[gradient].any()


def test_another_branch_and_a_failure_give_none(tmp_path: Path) -> None:
    text = LINEAR.replace("    w -=", "    if loss < 0:\n        g = 2 * g\n    assert loss != 0\n    w -=")
    step, trace = prepared(tmp_path, text)
    loss, gradient = event(trace, "loss"), event(trace, "g")
    watched = {e.index for e in trace.events}
    assert step.replay({loss: lambda _: -1.0}, watched) is None
    assert step.replay({loss: lambda _: 0.0}, watched) is None
    assert step.replay({gradient: lambda g: 2 * g}, watched) is not None


def test_integers_that_become_floats_are_converted_until_release(tmp_path: Path) -> None:
    step, trace = prepared(
        tmp_path, LINEAR_HEAD + "b = 0\nfor i in range(9):\n    r = x @ w + b - y\n    b -= 0.1 * r.sum()\n"
    )
    assert ("b",) in trace.before
    assert type(step.scope["b"]) is float
    step.release()
    assert type(step.scope["b"]) is int


def test_every_run_starts_with_the_generators_at_the_loop(tmp_path: Path) -> None:
    text = LINEAR.replace("for i", "np.random.seed(5)\nfor i").replace(
        "    r =", "    drawn = np.random.rand()\n    r ="
    )
    step, trace = prepared(tmp_path, text)
    expected = np.random.RandomState(5).rand()
    assert trace.events[event(trace, "drawn")].value == expected
    np.random.rand()  # noqa: NPY002
    seen = step.replay(watched={event(trace, "drawn")})
    assert seen is not None
    assert seen[event(trace, "drawn")] == expected
    step.advance()  # the next iteration reads the same data
    assert step.prepare().events[event(trace, "drawn")].value == expected
    step.release()


def test_a_step_may_advance_until_release(tmp_path: Path) -> None:
    step, _ = prepared(tmp_path, LINEAR)
    before = step.scope["w"].copy()
    step.advance()
    assert not np.array_equal(step.scope["w"], before)
    step.release()
    np.testing.assert_array_equal(step.scope["w"], before)


def test_an_iteration_that_ran_for_good_gives_its_data_back(tmp_path: Path) -> None:
    head = LINEAR_HEAD + "rows = iter(range(8))\nown = np.random.default_rng(2)\nseen = {}\n"
    body = "for i in range(4):\n    k = next(rows) + own.integers(3)\n    seen.setdefault(k, 0.5)\n"
    step, trace = prepared(tmp_path, head + body + "    r = x[k] @ w - y[k] + seen[k]\n    w = w - 0.1 * r * x[k]\n")
    first = trace.events[event(trace, "r")].value
    (key,) = (path[1] for path in step.appeared)
    step.advance()
    again = step.prepare()
    assert [path[1] for path in again.before if path[0] == "seen"] == [key]
    assert again.events[event(again, "r")].value != first  # of other parameters, on the same row
    assert step.appeared == frozenset()
    step.release()
    assert step.scope["seen"] == {}


def test_the_second_iteration_is_recorded_and_undone(tmp_path: Path) -> None:
    step, trace = prepared(tmp_path, LINEAR)
    x, y, w = step.scope["x"], step.scope["y"], step.scope["w"].copy()
    second = step.record_second()
    assert second is not None
    np.testing.assert_array_equal(second.before["w",].value, trace.after["w",].value)
    moved = step.record_second(lambda variable: np.ones(3) if variable.path == ("w",) else None)
    assert moved is not None
    np.testing.assert_allclose(moved.events[event(moved, "r")].value, x @ np.ones(3) - y)
    np.testing.assert_array_equal(step.scope["w"], w)


def test_what_the_first_iteration_creates(tmp_path: Path) -> None:
    step, _ = prepared(tmp_path, LINEAR_HEAD + "m = {}\nfor i in range(9):\n    m['w'] = 0.1 * w\n    w = w - m['w']\n")
    assert [value.shape for value in step.created] == [(3,)]


def test_a_step_with_too_many_numbers_is_refused(tmp_path: Path) -> None:
    text = LINEAR_HEAD + "for i in range(9):\n    for k in range(70_000):\n        a = 1.0 * k\n    w = w - 0.1 * a\n"
    with pytest.raises(TargetError, match="too many to follow"):
        prepared(tmp_path, text)


def test_a_step_may_read_what_the_iteration_before_computes(tmp_path: Path) -> None:
    text = LINEAR_HEAD + "r = x @ w - y\nfor i in range(9):\n    g = x.T @ r\n    w = w - 0.1 * g\n    r = x @ w - y\n"
    step, trace = prepared(tmp_path, text)
    x, y = step.scope["x"], step.scope["y"]
    gradient, new = event(trace, "g"), event(trace, "w")
    zeros = np.zeros(3)
    seen = step.replay(watched={gradient}, values={("w",): zeros})
    assert seen is not None
    np.testing.assert_array_equal(seen[gradient], trace.events[gradient].value)
    step.carries_over = True
    seen = step.replay(watched={gradient}, values={("w",): zeros}, before={new: lambda _: zeros})
    assert seen is not None
    np.testing.assert_allclose(seen[gradient], x.T @ -y)
