"""Recording and replaying a run."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import TargetError
from gradcheck.scripts.instrument.events import Diverged, Finished, Reached, SourceLocation
from gradcheck.scripts.instrument.observer import Observer
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
    used: list[Any] = []
    tracer.stop_at(lambda number: number == 1, used.append)
    assert not tracer.begins(0)
    assert tracer.begins(1)
    with pytest.raises(Reached):
        tracer.arrive(1, {"g": 1}, {"l": 2})
    assert used == [tracer.reached]
    assert tracer.reached is not None
    assert (tracer.reached.scope, tracer.reached.variables) == ({"g": 1}, {"l": 2})


def test_functions_of_a_program_that_is_over_do_not_run() -> None:
    tracer = tracer_for()
    tracer.over = True
    with pytest.raises(Reached):
        tracer.begins(0)
    tracer.begin_replay()
    assert not tracer.begins(0)
    tracer.end()


def test_handlers_of_a_program_do_not_see_what_ends_it() -> None:
    tracer = tracer_for()
    seen = []
    for error in (ZeroDivisionError(), KeyboardInterrupt(), Reached()):
        try:
            raise error
        except BaseException:
            seen.append((tracer.caught(), tracer.ends()))
    assert seen == [(False, False), (True, True), (True, False)]


def test_coroutines_are_awaited_without_an_event_loop() -> None:
    async def value() -> float:
        return 2.0

    async def values() -> AsyncIterator[float]:
        yield await value()
        yield 3.0

    tracer = tracer_for()
    assert tracer.awaited(value()) == 2.0
    assert list(tracer.iterated(values())) == [2.0, 3.0]
    with pytest.raises(TargetError, match="event loop"):
        tracer.awaited(itertools.repeat(None))


class Doubled(Observer):
    """Takes down all events, and doubles those that are not in place."""

    def __init__(self) -> None:
        self.events: list[tuple[int, Any, bool]] = []
        self.totals = 0

    def total(self, a: Any, b: Any, *, subtracts: bool) -> Any:
        self.totals += 1
        return super().total(a, b, subtracts=subtracts)

    def event(self, index: int, value: Any, container: Any, key: Any, in_place: bool) -> Any:
        self.events.append((index, np.array(value), in_place))
        return value if in_place else 2.0 * value


def test_an_observer_meets_all_events_and_may_put_other_objects_in_their_place() -> None:
    tracer, observer = recorded(), Doubled()
    tracer.begin_observed(observer, {0, 1, 2})
    result = program(tracer)
    tracer.end()
    assert [index for index, _, _ in observer.events] == [0, 1, 2]
    np.testing.assert_array_equal(observer.events[1][1], [16.0, 16.0])
    np.testing.assert_array_equal(tracer.seen[1], [16.0, 16.0])
    np.testing.assert_array_equal(result, [72.0, 72.0])
    tracer.begin_replay()
    np.testing.assert_array_equal(program(tracer), [6.0, 6.0])
    tracer.end()
    assert len(observer.events) == 3


def test_an_observer_computes_the_sums_that_may_be_updates() -> None:
    tracer, observer = tracer_for("w", "w"), Doubled()
    tracer.begin_observed(observer, set())
    assert tracer.total(0, 3.0, (), 1, 1.0, ()) == 4.0
    assert observer.totals == 1
    tracer.end()
    assert tracer.total(0, 3.0, (), 1, 1.0, ()) == 4.0
    assert observer.totals == 1
