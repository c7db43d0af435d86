"""References are read from names, classes and instances."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from gradcheck import nn
from gradcheck.training.optimisers.references import FORMULAS, hyperparameter_names, name_of, reference_of


def adam_step(params: Any, grads: Any, rate: float = 0.1) -> None: ...


@pytest.mark.parametrize("reference", ["Adam", "adam", "ADAM", nn.Adam, nn.Adam(0.001)])
def test_a_name_a_class_and_an_instance_are_the_same_reference(reference: Any) -> None:
    found = reference_of(reference, None, {})
    assert found.kind == "Adam"
    assert found.formula is FORMULAS["Adam"]
    assert found.missing == (() if isinstance(reference, nn.Optimiser) else hyperparameter_names("Adam"))


def test_given_hyperparameters_are_not_missing() -> None:
    found = reference_of("RMSProp", None, {"rate": 0.1, "eps": 1})
    assert found.given == {"rate": 0.1, "eps": 1.0}
    assert found.missing == ("decay",)
    assert found.optimiser({"rate": 0.1, "decay": 0.9, "eps": 1.0}).spec()["decay"] == 0.9


@pytest.mark.parametrize(
    ("rule", "name"),
    [(adam_step, "adam_step"), (functools.partial(adam_step, rate=0.2), "adam_step"), (nn.Adam(), "Adam")],
)
def test_names_of_rules(rule: Any, name: str) -> None:
    assert name_of(rule) == name
    assert reference_of(None, rule, {}).kind == "Adam"
