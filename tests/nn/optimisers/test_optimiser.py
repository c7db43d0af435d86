"""What holds for every optimiser."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gradcheck.nn.kinds import OPTIMISERS, find
from gradcheck.nn.optimisers.optimiser import Optimiser
from tests.nn.optimisers.trajectory import run

Array = NDArray[Any]


#: Optimisers whose parameters change without a gradient, with the arguments that prevent it.
NO_DECAY = {"AdamW": {"weight_decay": 0.0}}


def made(name: str, rate: float = 0.01, **options: Any) -> Optimiser:
    optimiser: Optimiser = find(name, OPTIMISERS[name])(rate, **options)
    return optimiser


@pytest.mark.parametrize("name", OPTIMISERS)
def test_reset_deletes_the_state(name: str) -> None:
    optimiser = made(name)
    first, second = run(optimiser, 5)[-1], run(optimiser, 5)[-1]
    assert optimiser.steps == 10
    optimiser.reset()
    assert optimiser.steps == 0
    third = run(optimiser, 5)[-1]
    for key, value in first.items():
        np.testing.assert_array_equal(value, third[key])
        assert name == "SGD" or (value != second[key]).any()


@pytest.mark.parametrize("name", OPTIMISERS)
def test_floating_types_stay(name: str) -> None:
    grads: list[Any] = [np.ones((2, 3)), np.ones((2, 3), np.float32), np.ones((2, 3), int).tolist()]
    for rate in (0.01, np.float64(0.01)):
        optimiser = made(name, rate)
        params = {"W": np.ones((2, 3), np.float32)}
        for grad in grads:
            optimiser.step(params, {"W": grad})
            assert optimiser._change("W", params["W"], np.ones((2, 3), np.float32)).dtype == np.float32
        assert params["W"].dtype == np.float32
        assert {array.dtype.name for kept in optimiser._memory.values() for array in kept.values()} <= {"float32"}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_arrays_are_changed_in_place_and_gradients_are_not(name: str) -> None:
    optimiser = made(name)
    W, grad = np.ones((2, 3)), np.full((2, 3), 0.5)
    for _ in range(3):
        optimiser.step({"W": W}, {"W": grad})
    assert (W < 1).all()
    np.testing.assert_array_equal(grad, np.full((2, 3), 0.5))


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_gradient_of_zero_changes_nothing(name: str) -> None:
    params = {"W": np.ones(3)}
    made(name, **NO_DECAY.get(name, {})).step(params, {"W": np.zeros(3)})
    np.testing.assert_array_equal(params["W"], np.ones(3))


@pytest.mark.parametrize("name", OPTIMISERS)
def test_parameters_do_not_mix(name: str) -> None:
    together, alone = made(name), made(name)
    both, one = {"a": np.ones(2), "b": np.ones(2)}, {"b": np.ones(2)}
    for factor in (1.0, -2.0, 3.0):
        together.step(both, {"a": np.array([5.0, -7.0]), "b": factor * np.ones(2)})
        alone.step(one, {"b": factor * np.ones(2)})
    np.testing.assert_array_equal(both["b"], one["b"])


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize(
    ("params", "grads", "message"),
    [
        ({"a": np.ones(2), "b": np.ones(2)}, {"a": np.ones(2)}, r"no gradient for 'b'; got a"),
        ({"a": np.ones(2), "b": np.ones(2)}, {}, r"no gradient for 'a'; got none"),
        (
            {"a": np.ones(2), "b": np.ones((2, 1))},
            {"a": np.ones(2), "b": np.ones(2)},
            r"'b' must have shape \(2, 1\), got \(2,\)",
        ),
        (
            {"a": np.ones(2), "b": np.ones(2, int)},
            {"a": np.ones(2), "b": np.ones(2)},
            "'b' must hold floating-point numbers, got int64",
        ),
        ({"a": np.ones(2), "known": np.ones(2)}, {"a": np.ones(2), "known": np.ones(2)}, "reset"),
    ],
)
def test_nothing_changes_where_something_is_wrong(
    name: str, params: dict[str, Array], grads: dict[str, Array], message: str
) -> None:
    optimiser, params = made(name), {key: value.copy() for key, value in params.items()}
    optimiser.step({"known": np.ones(3)}, {"known": np.ones(3)})
    if message == "reset" and name == "SGD":
        optimiser.step(params, grads)
        return
    with pytest.raises(ValueError, match=rf"^{name}\(rate=0.01.*{message}"):
        optimiser.step(params, grads)
    np.testing.assert_array_equal(params["a"], np.ones(2))
    assert optimiser.steps == 1


@pytest.mark.parametrize("name", OPTIMISERS)
def test_described_by_plain_data(name: str) -> None:
    optimiser = made(name, 0.25)
    spec = json.loads(json.dumps(optimiser.spec()))
    assert spec.pop("kind") == name
    assert repr(type(optimiser)(**spec)) == repr(optimiser)


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_rates_are_named(name: str, rate: float) -> None:
    with pytest.raises(ValueError, match=f"{name}: rate must be a positive number, got {rate}"):
        made(name, rate)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("Momentum", {"momentum": 1.0}, "Momentum: momentum must be at least 0 and less than 1, got 1.0"),
        ("Nesterov", {"momentum": -0.1}, "Nesterov: momentum must be at least 0 and less than 1, got -0.1"),
        ("RMSProp", {"decay": 1.0}, "RMSProp: decay must be at least 0 and less than 1, got 1.0"),
        ("RMSProp", {"eps": 0.0}, "RMSProp: eps must be a positive number, got 0.0"),
        ("AdaGrad", {"eps": 0.0}, "AdaGrad: eps must be a positive number, got 0.0"),
        ("AdamW", {"beta1": 1.0}, "AdamW: beta1 must be at least 0 and less than 1, got 1.0"),
        ("AdamW", {"weight_decay": -0.1}, "AdamW: weight_decay must be a finite number and at least 0, got -0.1"),
        ("Adam", {"beta1": 1.0}, "Adam: beta1 must be at least 0 and less than 1, got 1.0"),
        ("Adam", {"beta2": float("nan")}, "Adam: beta2 must be at least 0 and less than 1, got nan"),
        ("Adam", {"eps": -1.0}, "Adam: eps must be a positive number, got -1.0"),
        ("IRpropMinus", {"shrink": 1.5}, "shrink must be less than 1 and grow more, got 1.5 and 1.2"),
        ("IRpropMinus", {"grow": 0.9}, "shrink must be less than 1 and grow more, got 0.5 and 0.9"),
        ("IRpropMinus", {"smallest": 2.0, "largest": 1.0}, "smallest must not be more than largest, got 2.0 and 1.0"),
    ],
)
def test_bad_options_are_named(name: str, options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(name, **options)
