"""The parameters of a model: set in place, restored with their objects, and watched for changes."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.holder import ParameterHolder, parameters_of


class Model:
    def __init__(self, **params: Any) -> None:
        self.params: Any = params


def model() -> Any:
    return Model(W=np.array([[1.0, 2.0]]), b=0.5)


def test_parameters_are_set_in_place_and_restored() -> None:
    subject = model()
    mapping, array = subject.params, subject.params["W"]
    holder = ParameterHolder(subject)
    holder.write((np.array([[3.0, 4.0]]), np.array(7.0)))
    assert subject.params["W"] is array
    assert array.tolist() == [[3.0, 4.0]]
    assert subject.params["b"] == 7.0
    holder.restore((np.array([[1.0, 2.0]]), np.array(0.5)))
    assert subject.params is mapping
    assert array.tolist() == [[1.0, 2.0]]
    assert type(subject.params["b"]) is float


def test_objects_that_the_model_replaced_are_restored() -> None:
    subject = model()
    mapping, array = subject.params, subject.params["W"]
    holder = ParameterHolder(subject)
    point = (np.array([[1.0, 2.0]]), np.array(0.5))
    subject.params["W"] = np.zeros((1, 2))
    assert holder.changed(point) == "Model.params['W']"
    holder.restore(point)
    assert subject.params["W"] is array
    subject.params = {"W": np.zeros((1, 2)), "b": 0.0}
    assert holder.changed(point) == "params"
    holder.restore(point)
    assert subject.params is mapping


def test_a_changed_value_is_named_and_the_same_value_is_not() -> None:
    subject = model()
    holder = ParameterHolder(subject)
    point = (np.array([[np.nan, -0.0]]), np.array(0.5))
    holder.write(point)
    assert holder.changed(point) is None
    subject.params["W"][0, 1] += 1e-300
    assert holder.changed(point) == "Model.params['W']"


def test_float64_arrays_are_in_the_mapping_during_a_call_only() -> None:
    subject = Model(W=np.ones(2, np.float32))
    array = subject.params["W"]
    holder = ParameterHolder(subject)
    assert holder.top_level
    seen = holder.with_float64((np.full(2, 0.1),), lambda: subject.params["W"])
    assert seen.dtype == np.float64
    assert seen.tolist() == [0.1, 0.1]
    assert subject.params["W"] is array
    with pytest.raises(ZeroDivisionError):
        holder.with_float64((np.full(2, 0.1),), lambda: 1 / 0)
    assert subject.params["W"] is array


def test_nested_and_read_only_mappings_are_not_top_level() -> None:
    assert not ParameterHolder(Model(layer={"W": np.ones(2)})).top_level
    subject = Model()
    subject.params = MappingProxyType({"W": np.ones(2)})
    assert not ParameterHolder(subject).top_level


def test_either_attribute_holds_parameters_and_the_first_wins() -> None:
    subject = model()
    subject.parameters = {"other": np.ones(1)}
    assert parameters_of(subject) == ("params", subject.params)
    subject.params = [np.ones(1)]
    assert parameters_of(subject) == ("parameters", subject.parameters)
    assert parameters_of(3) is None
    with pytest.raises(SubjectTypeError, match="int has no mapping params or parameters"):
        ParameterHolder(3)


def test_arrays_that_share_memory_are_refused_and_neighbours_are_not() -> None:
    base = np.arange(4.0)
    with pytest.raises(SubjectError, match=r"params\['a'\] and Model.params\['b'\] share memory"):
        ParameterHolder(Model(a=base[:3], b=base[2:]))
    assert len(ParameterHolder(Model(a=base[:2], b=base[2:])).blocks) == 2


def test_nested_objects_are_restored_and_what_was_added_is_removed_at_the_end() -> None:
    subject = Model(layers=[{"W": np.ones(2)}, {"W": np.zeros(3), "b": None}], note=None)
    array, mapping = subject.params["layers"][0]["W"], subject.params
    holder = ParameterHolder(subject)
    point = (np.ones(2), np.zeros(3))
    assert holder.changed(point) is None
    subject.params["layers"][0]["W"] = np.full(2, 7.0)
    assert holder.changed(point) == "Model.params"
    subject.params["layers"].append({"W": np.ones(1)})
    subject.params["layers"][1]["b"] = subject.params["note"] = subject.params["cache"] = np.ones(1)
    holder.write(point)
    assert subject.params["layers"][0]["W"] is array
    assert "cache" in subject.params  # a gradient may need what the loss has stored
    assert subject.params["note"] is not None
    holder.restore(point)
    assert subject.params is mapping
    assert list(mapping) == ["layers", "note"]
    assert mapping["note"] is None
    assert [list(layer) for layer in mapping["layers"]] == [["W"], ["W", "b"]]
    assert mapping["layers"][1]["b"] is None
