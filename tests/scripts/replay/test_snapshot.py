"""Contents are kept and put back in place."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradcheck.scripts.replay import holders
from gradcheck.scripts.replay.snapshot import Snapshot, generator_states, set_generator_states


def test_everything_that_can_be_reached_is_put_back() -> None:
    array, numbers, net = np.zeros(2), deque([1]), SimpleNamespace(w=1.0, layers=[{"b": np.ones(1)}])
    snapshot = Snapshot([{"a": array, "n": numbers, "net": net}])
    inner = net.layers[0]["b"]
    array[:] = 5
    numbers.append(2)
    net.new, net.w = 1, 2.0
    inner[:] = 7
    net.layers[0]["c"] = 1
    snapshot.restore()
    assert (array.tolist(), list(numbers), net.w) == ([0, 0], [1], 1.0)
    assert not hasattr(net, "new")
    assert net.layers[0] == {"b": inner}
    assert inner == [1.0]


def test_arrays_are_put_back_bit_for_bit_and_left_alone_if_they_are_the_same() -> None:
    signed, gone, same = np.array([0.0, 1.0]), np.array([np.nan, 1.0]), np.array([np.nan, -0.0])
    columns = np.arange(6.0).reshape(2, 3).T
    snapshot = Snapshot([[signed, gone, same, columns]])
    signed[0], gone[0], columns[2, 1] = -0.0, 0.0, 9.0
    same.flags.writeable = False  # to write into it would raise an error
    snapshot.restore()
    assert not np.signbit(signed[0])
    assert np.isnan(gone[0])
    np.testing.assert_array_equal(columns, [[0, 3], [1, 4], [2, 5]])


def test_arrays_of_numbers_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[object] = []
    usual = holders._attributes

    def noted(value: object) -> Iterator[tuple[str, Any, Any]]:
        searched.append(value)
        return usual(value)

    monkeypatch.setattr(holders, "_attributes", noted)
    inner = [1.0]
    table = np.array([inner, None], dtype=object)
    snapshot = Snapshot([[np.ones(2) for _ in range(50)], table])
    assert not any(isinstance(each, np.ndarray) and each.dtype != object for each in searched)
    inner.append(2.0)
    snapshot.restore()
    assert inner == [1.0]  # what an array of objects holds is


def test_generators_are_put_back() -> None:
    generator, other = np.random.default_rng(0), random.Random(0)
    snapshot = Snapshot([[generator, other]])
    first = generator.random(), other.random()
    snapshot.restore()
    assert first == (generator.random(), other.random())


def test_only_the_data_of_a_run_are_rewound(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("one\ntwo\n")
    generator, weights = np.random.default_rng(0), {"w": 1.0}
    with (tmp_path / "rows.txt").open() as rows:
        snapshot = Snapshot([[generator, rows, weights]])
        first = generator.random(), rows.readline()
        weights["w"], weights["b"] = 2.0, 0.0
        snapshot.rewind()
        assert first == (generator.random(), rows.readline())
    assert weights == {"w": 2.0, "b": 0.0}


def test_the_global_generators() -> None:
    states = generator_states()
    first = np.random.rand(), random.random()  # noqa: NPY002
    set_generator_states(states)
    assert first == (np.random.rand(), random.random())  # noqa: NPY002
    set_generator_states(states)


def test_a_restricted_snapshot_puts_back_only_what_changed_before() -> None:
    changed, other, included = np.zeros(1), np.zeros(1), np.zeros(1)
    snapshot = Snapshot([[changed, other, included]])
    changed[:] = 1
    snapshot.restrict_to_changed()
    snapshot.include([included])
    for array in (changed, other, included):
        array[:] = 2
    snapshot.restore()
    assert (changed[0], other[0], included[0]) == (0, 2, 0)


def test_a_snapshot_of_a_module_leaves_the_import_system_out() -> None:
    state, loader = [1.0], [2.0]
    snapshot = Snapshot([{"state": state, "__loader__": loader, "__spec__": SimpleNamespace(loader=loader)}])
    state[0], loader[0] = 5.0, 6.0
    snapshot.restore()
    assert (state, loader) == ([1.0], [6.0])
