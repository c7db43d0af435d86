"""Attributes are restored after the block, whatever happens in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.subjects.preserving import preserved


class Thing:
    def __init__(self) -> None:
        self.array = np.arange(3.0)
        self.memory: dict[str, Any] = {"mean": np.zeros(2), "inner": {"count": 1}}
        self.rng = np.random.default_rng(3)
        self.inputs = [np.zeros(1), np.ones(2)]
        self.skipped = np.zeros(2)


def change(thing: Any) -> None:
    thing.array += 1
    thing.memory["mean"] += 1
    thing.memory["inner"]["count"] = 5
    thing.memory["new"] = 1
    thing.inputs[0] += 1
    thing.inputs.append(np.ones(3))
    thing.rng.random()
    thing.skipped += 1
    thing.added = True


@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
def test_arrays_dicts_lists_and_generators_get_back_their_contents(error: type[BaseException] | None) -> None:
    thing = Thing()
    objects = dict(vars(thing))
    try:
        with preserved([thing], skip="skipped"):
            change(thing)
            thing.array = np.zeros(1)
            del thing.memory
            if error is not None:
                raise error
    except (RuntimeError, KeyboardInterrupt):
        pass
    assert vars(thing).keys() == objects.keys()
    assert all(vars(thing)[name] is value for name, value in objects.items())
    assert thing.array.tolist() == [0.0, 1.0, 2.0]
    assert thing.memory.keys() == {"mean", "inner"}
    assert thing.memory["mean"].tolist() == [0.0, 0.0]
    assert thing.memory["inner"] == {"count": 1}
    assert [x.tolist() for x in thing.inputs] == [[0.0], [1.0, 1.0]]
    assert thing.rng.random() == np.random.default_rng(3).random()
    assert thing.skipped.tolist() == [1.0, 1.0]


def test_read_only_arrays_do_no_harm() -> None:
    thing = Thing()
    thing.array.flags.writeable = False
    with preserved([thing], skip=""):
        thing.array = np.ones(3)
    assert thing.array.tolist() == [0.0, 1.0, 2.0]
