"""State variables and their access paths."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.scripts.replay.state import current_values, state_variables, values_at


def scope() -> dict[str, Any]:
    return {"net": SimpleNamespace(layers=[{"W": np.ones((2, 2))}], lr=0.1), "n": 3, "__name__": 1.0, "text": "x"}


def test_floats_are_found_with_their_names() -> None:
    found = {variable.name for variable in state_variables(scope()).values()}
    assert found == {"net.layers[0]['W']", "net.lr"}


def test_inner_scopes_hide_outer_ones() -> None:
    found = state_variables({"a": 1.0}, {"a": 2.0, "b": 3.0})
    assert {variable.name: float(variable.value) for variable in found.values()} == {"a": 1.0, "b": 3.0}


def test_one_array_has_its_shortest_name() -> None:
    array = np.ones(2)
    assert [v.name for v in state_variables({"deep": {"a": [1.0]}, "w": array}).values()] == ["w", "deep['a'][0]"]


def test_current_values_at_the_same_paths() -> None:
    variables = scope()
    before = state_variables(variables)
    variables["net"].lr = 0.2
    variables["net"].layers[0] = "gone"
    after = current_values(before, variables)
    assert {v.name: float(v.value) for v in after.values()} == {"net.lr": 0.2}
    assert values_at([("net", ".layers", "[0]"), ("nothing",)], variables) == {("net", ".layers", "[0]"): "gone"}


def test_values_are_put_into_arrays_and_in_place_of_numbers() -> None:
    variables = scope()
    for variable in state_variables(variables).values():
        variable.put(variable.owner, 5 * np.ones(variable.value.shape))
    assert variables["net"].lr == 5.0
    assert (variables["net"].layers[0]["W"] == 5).all()


def test_a_part_of_an_array_is_a_variable_of_its_own() -> None:
    array = np.zeros((3, 2))
    (whole,) = state_variables({"U": array}).values()
    row = whole.at(1, "U[u]")
    assert row is not None
    assert (row.name, row.value.shape, row.part) == ("U[u]", (1, 2), True)
    row.put(None, np.ones((1, 2)))
    assert array.tolist() == [[0, 0], [1, 1], [0, 0]]


def test_the_whole_array_and_a_mask_are_not_parts() -> None:
    (whole,) = state_variables({"U": np.zeros((3, 2))}).values()
    assert whole.at(slice(None), "U[:]") is None
    assert whole.at(np.array([True, False, True]), "U[mask]") is None
    assert whole.at(7, "U[7]") is None
