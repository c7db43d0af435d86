from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck
from gradcheck.nn import (
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    Loss,
    MeanSquaredError,
    Network,
    Optimiser,
    Residual,
    Tanh,
)
from tests.nn.network import assert_network_agrees, draw, perceptron, small
from tests.nn.reference import tensor, torch

Array = NDArray[Any]


class Descent(Optimiser):
    """Down the gradient."""

    def _change(self, name: str, value: Array, grad: Array) -> Array:
        return -self.rate * grad


def test_weights_of_samples_agree_with_torch() -> None:
    X, y, weight = draw(4, 3), draw(4, 2, seed=1), np.array([0.0, 1.0, 2.5, 3.0])
    assert_network_agrees(
        small(), lambda X, p: (tensor(weight)[:, None] * (perceptron(X, p) - tensor(y)) ** 2).mean(), X, y, weight
    )


def test_residuals_and_branches_agree_with_torch() -> None:
    layers = [Residual(Dense(3, 3), Tanh()), Concatenate([Dense(3, 2), [Dense(3, 1), Tanh()]]), Dense(3, 1)]
    X, y = draw(5, 3), draw(5, 1, seed=1)

    def function(X: Any, p: Any) -> Any:
        h = X + torch.tanh(X @ p["layers.0.layers.0.W"] + p["layers.0.layers.0.b"])
        one = h @ p["layers.1.branches.0.W"] + p["layers.1.branches.0.b"]
        two = torch.tanh(h @ p["layers.1.branches.1.layers.0.W"] + p["layers.1.branches.1.layers.0.b"])
        out = torch.cat([one, two], 1) @ p["layers.2.W"] + p["layers.2.b"]
        return torch.nn.functional.mse_loss(out, tensor(y))

    assert_network_agrees(Network(layers, MeanSquaredError()), function, X, y)


def test_a_table_of_vectors_agrees_with_torch() -> None:
    X, y = np.array([[0, 2], [2, 2]]), draw(2, 1, seed=1)

    def function(X: Any, p: Any) -> Any:
        h = torch.nn.functional.embedding(X, p["layers.0.W"]).flatten(1)
        return torch.nn.functional.mse_loss(h @ p["layers.2.W"] + p["layers.2.b"], tensor(y))

    assert_network_agrees(Network([Embedding(3, 2), Flatten(), Dense(4, 1)], MeanSquaredError()), function, X, y)


def test_the_gradients_returned_stay_as_they_are() -> None:
    network = small()
    grads = network.loss(draw(4, 3), draw(4, 2))[1]
    saved = copy.deepcopy(grads)
    network.loss(draw(4, 3, seed=5), draw(4, 2, seed=6))
    for name, value in grads.items():
        np.testing.assert_array_equal(value, saved[name])


def test_a_checker_passes_it_in_either_precision() -> None:
    X, y = draw(6, 3), draw(6, 2, seed=1)
    for network in (small(), small().astype(np.float32)):
        assert gradcheck.check_gradients(network, batch=(X, y), rng=0)


def test_a_checker_fails_a_layer_that_is_wrong() -> None:
    class Wrong(Tanh):
        def derivative(self, z: Array) -> Array:
            return 1 - z**2

    network = Network([Dense(3, 4, rng=0), Wrong(), Dense(4, 2, rng=1)], MeanSquaredError())
    report = gradcheck.check_gradients(network, batch=(draw(6, 3), draw(6, 2, seed=1)), rng=0)
    verdicts = {name: block.verdict.value for name, block in report.blocks.items()}
    assert verdicts == {"layers.0.W": "fail", "layers.0.b": "fail", "layers.2.W": "pass", "layers.2.b": "pass"}


def test_float32_stays_float32_whatever_it_is_given() -> None:
    network = small().astype(np.float32)
    for X in (draw(4, 3), draw(4, 3).astype(np.float16), np.ones((4, 3), int), np.ones((4, 3), bool).tolist()):
        assert network.forward(X).dtype == np.float32
        assert {grad.dtype.name for grad in network.loss(X, draw(4, 2))[1].values()} == {"float32"}


def test_whole_numbers_become_float32_before_layers_without_parameters() -> None:
    network = Network([Flatten(), Dense(4, 2, dtype=np.float32)], MeanSquaredError())
    assert network.forward(np.ones((3, 2, 2), int)).dtype == np.float32


def test_whole_numbers_stay_whole_before_a_table() -> None:
    network = Network([Embedding(2**24 + 2, 1, dtype=np.float32)], MeanSquaredError())
    network.params["layers.0.W"][-1] = 7.0
    assert network.forward([[2**24 + 1]])[0, 0, 0] == 7.0


def test_parameters_of_a_wider_type_are_computed_with() -> None:
    X, y = draw(4, 3), draw(4, 2)
    wide = small()
    narrow = wide.astype(np.float32)
    assert narrow.dtype == np.float32
    for name, value in wide.params.items():
        narrow.params[name] = value
    assert narrow.dtype == np.float64
    assert narrow.loss(X, y)[0] == wide.loss(X, y)[0]


def test_modes_come_back_after_an_error() -> None:
    network = small()
    with pytest.raises(ValueError, match=r"layers\.0"):
        network.predict(np.ones((1, 2)))
    assert network.training


def test_masks_stay_until_redrawn() -> None:
    network = Network([Residual(Dropout(0.5)), Dropout(0.5, seed=1)], MeanSquaredError())
    X = np.ones((8, 8))
    first = network.forward(X)
    np.testing.assert_array_equal(network.forward(X), first)
    network.redraw()
    assert (network.forward(X) != first).any()
    inner, outer = network.layers[0].children()["layers.0"], network.layers[1]
    assert [vars(layer)["draw"] for layer in (inner, outer)] == [1, 1]


def test_fitting_follows_the_gradient() -> None:
    network, other = small(), small()
    X, y = draw(8, 3), draw(8, 2, seed=1)
    expected = []
    for _ in range(3):
        value, grads = other.loss(X, y)
        expected.append(value)
        for name, grad in grads.items():
            other.params[name] -= 0.1 * grad
    seen: list[tuple[int, float]] = []
    losses = network.fit(X, y, Descent(0.1), 3, callback=lambda step, loss: seen.append((step, loss)))
    assert losses == expected
    assert seen == list(enumerate(expected))
    for name, array in other.params.items():
        np.testing.assert_allclose(network.params[name], array, rtol=1e-14)


def test_targets_may_be_none() -> None:
    class Size(MeanSquaredError):
        def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
            assert target is None
            return prediction, np.zeros_like(prediction)

    losses = Network([Dense(3, 2, rng=0)], Size()).fit(draw(8, 3), None, Descent(0.1), 3, batch_size=4, rng=0)
    assert losses[-1] < losses[0]


def test_batches_take_every_sample_once_a_pass() -> None:
    class Watching(Tanh):
        seen: list[float]

        def forward(self, x: Array) -> Array:
            self.seen += x.ravel().tolist()
            return super().forward(x)

    watching = Watching()
    watching.seen = []
    network = Network([watching, Dense(1, 1, rng=0)], MeanSquaredError())
    X = np.arange(7.0)[:, None]
    network.fit(X, X, Descent(1e-9), 4, batch_size=3, rng=0)
    passes = watching.seen[:6], watching.seen[6:]
    assert [len(set(numbers)) for numbers in passes] == [6, 6]
    assert passes[0] != passes[1]
    again = Network([Tanh(), Dense(1, 1, rng=0)], MeanSquaredError())
    other = Network([Tanh(), Dense(1, 1, rng=0)], MeanSquaredError())
    assert again.fit(X, X, Descent(0.1), 4, batch_size=3, rng=5) == other.fit(
        X, X, Descent(0.1), 4, batch_size=3, rng=5
    )


def test_fitting_is_training_with_a_new_mask_a_step() -> None:
    network = Network([Dropout(0.5), Dense(1, 1, rng=0)], MeanSquaredError())
    network.training = False
    network.fit(np.ones((2, 1)), np.ones((2, 1)), Descent(0.1), 3)
    dropout = network.layers[0]
    assert isinstance(dropout, Dropout)
    assert dropout.draw == 3
    assert not network.training


@pytest.mark.parametrize(
    ("X", "y", "options", "message"),
    [
        (np.ones((4, 3)), np.ones((5, 2)), {}, r"same number of samples, got \(4, 3\) and \(5, 2\)"),
        (
            np.ones((4, 3)),
            np.ones((4, 2)),
            {"batch_size": 5},
            "batch_size is 5, but must be at most the number of samples, 4",
        ),
        (np.ones((4, 3)), np.ones((4, 2)), {"batch_size": 0}, "batch_size must be a positive whole number, got 0"),
        (np.ones((4, 3)), np.ones((4, 2)), {"steps": 0}, "steps must be a positive whole number, got 0"),
        (np.ones((4, 2)), np.ones((4, 2)), {}, r"^layers\.0: Dense"),
        (np.ones((0, 3)), np.ones((0, 2)), {}, r"^layers\.0: .*empty"),
        (np.full((4, 3), np.nan), np.ones((4, 2)), {}, "X must be finite in float64"),
        (np.full((4, 3), "a"), np.ones((4, 2)), {}, "takes an array of real numbers"),
    ],
)
def test_data_that_do_not_fit_are_named(X: Array, y: Array, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small().fit(X, y, Descent(0.1), **{"steps": 1, **options})


def test_numbers_beyond_float32_are_named() -> None:
    with pytest.raises(ValueError, match="X must be finite in float32"):
        small().astype(np.float32).forward(np.full((1, 3), 1e300))


@pytest.mark.parametrize(
    ("layers", "loss", "message"),
    [
        ([], MeanSquaredError(), "Network: needs at least one layer"),
        ([Dense(2, 2), Tanh], MeanSquaredError(), r"layer 1 is .*did you mean Tanh\(...\)"),
        ([Tanh()], MeanSquaredError, r"which is not a Loss; did you mean MeanSquaredError\(\)"),
        ([Tanh()], None, "loss is None, which is not a Loss"),
        ([Tanh()], MeanSquaredError("none"), "one number, got MeanSquaredError"),
    ],
)
def test_invalid_arguments_of_a_network_are_refused(layers: list[Layer], loss: Loss, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Network(layers, loss)


def test_astype_makes_a_copy() -> None:
    class Shifted(Tanh):
        def __init__(self) -> None:
            super().__init__()
            self.shift = np.ones(2)

        def forward(self, x: Array) -> Array:
            return super().forward(x - self.shift)

    network = Network([Dense(3, 2, rng=0), Shifted(), Dropout(0.5), Residual(Dense(2, 2))], MeanSquaredError())
    X, y = draw(4, 3), draw(4, 2)
    network.loss(X, y)
    before = {name: value.copy() for name, value in network.params.items()}
    other = network.astype(np.float32)
    for value in other.params.values():
        assert value.dtype == np.float32
        value[...] = 0.0
    for name, value in network.params.items():
        np.testing.assert_array_equal(value, before[name])
    assert network.forward(X).dtype == network.predict(X).dtype == np.float64
    assert other.forward(X).dtype == other.predict(X).dtype == np.float32
    with pytest.raises(ValueError, match="takes a floating-point type, got int64"):
        network.astype(np.int64)


def test_predicting_is_not_training() -> None:
    network = Network([Dense(3, 4, rng=0), Dropout(0.5), Dropout(0.5, seed=1)], MeanSquaredError())
    network.layers[2].training = False
    X = draw(6, 3)
    assert np.count_nonzero(network.forward(X)) < np.count_nonzero(network.predict(X)) == 24
    assert [layer.training for layer in network.layers] == [True, True, False]
    assert network.training
    network.training = False
    np.testing.assert_array_equal(network.forward(X), network.predict(X))


def test_an_object_that_is_not_a_regulariser_is_refused() -> None:
    with pytest.raises(ValueError, match="regulariser is 1, which is not a Regulariser"):
        small(regulariser=1)


def test_the_repr_makes_the_network_again() -> None:
    network = small()
    assert repr(eval(repr(network))) == repr(network)
