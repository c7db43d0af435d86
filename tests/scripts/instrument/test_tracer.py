"""Recording and replaying a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.scripts.instrument.events import Diverged, Finished, Reached, SourceLocation
from gradcheck.scripts.instrument.tracer import Tracer


def tracer_for(*targets: str) -> Tracer:
    tracer = Tracer()
    tracer.add_locations(SourceLocation(i, "f.py", i + 1, 0, target, "", target) for i, target in enumerate(targets))
    return tracer


def program(tracer: Tracer, start: float = 2.0) -> Any:
    a = tracer.value(0, np.array([start, start]))
    b = tracer.value(1, a * a)
    return tracer.value(2, b + a)


def recorded() -> Tracer:
    tracer = tracer_for("a", "b", "c")
    tracer.begin_recording()
    program(tracer)
    tracer.end()
    return tracer


def test_a_recorded_run_keeps_values_and_names() -> None:
    events = recorded().events
    assert [next(iter(event.names)) for event in events] == ["a", "b", "c"]
    np.testing.assert_array_equal(events[1].value, [4.0, 4.0])


def test_a_replay_applies_actions_and_keeps_watched_values() -> None:
    tracer = recorded()
    tracer.begin_replay({0: lambda v: v + 1}, {0, 2})
    program(tracer)
    tracer.end()
    np.testing.assert_array_equal(tracer.seen[0], [2.0, 2.0])  # before the action on itself
    np.testing.assert_array_equal(tracer.seen[2], [12.0, 12.0])


def test_a_replay_ends_after_the_last_event() -> None:
    tracer = recorded()
    tracer.begin_replay(watched={1}, last=1)
    with pytest.raises(Finished):
        program(tracer)
    assert set(tracer.seen) == {1}


def test_another_branch_is_noticed() -> None:
    tracer = recorded()
    tracer.begin_replay(watched={0})
    with pytest.raises(Diverged):
        tracer.value(1, np.ones(2))


def test_an_inactive_tracer_changes_nothing() -> None:
    tracer = tracer_for("a")
    value = np.ones(1)
    assert tracer.value(0, value) is value
    assert tracer.events == []


def test_a_replay_gets_the_recorded_draws_again() -> None:
    tracer = tracer_for()
    source = iter([1.0, 2.0])
    tracer.begin_recording()
    assert tracer.draw(source) == 1.0
    tracer.end()
    tracer.begin_replay()
    assert tracer.draw(source) == 1.0
    tracer.end()
    assert next(source) == 2.0


def test_the_record_is_preserved() -> None:
    tracer = recorded()
    events, layout = tracer.events, tracer.layout
    with tracer.preserved():
        tracer.add_locations([SourceLocation(3, "f.py", 9, 0, "d", "", "d")])
        tracer.begin_recording()
        tracer.value(3, 1.0)
        tracer.end()
        assert tracer.events != events
    assert (tracer.events, tracer.layout, len(tracer.locations)) == (events, layout, 3)


def test_the_program_stops_at_the_wanted_loop() -> None:
    tracer = tracer_for()
    tracer.stop_at(1)
    tracer.arrive(0, {}, {})
    with pytest.raises(Reached):
        tracer.arrive(1, {"g": 1}, {"l": 2})
    assert tracer.reached == ({"g": 1}, {"l": 2})
