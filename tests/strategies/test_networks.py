"""Drawn networks print as the call that makes them, keep to their bounds, and shrink."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import gradcheck
from gradcheck import nn
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, LOSSES
from gradcheck.strategies import DrawnNetwork, networks, shapes
from gradcheck.strategies.specs import LAYER_SPECS
from tests.profiles import DERANDOMIZE
from tests.strategies import library

few = settings(max_examples=30, deadline=None, derandomize=DERANDOMIZE, database=None)
afresh = settings(database=None, derandomize=True, deadline=None)


@few
@given(networks())
def test_a_printed_network_is_the_same_again(network: DrawnNetwork) -> None:
    again = eval(repr(network), {"DrawnNetwork": DrawnNetwork})
    assert repr(again) == repr(network)
    assert network.loss(*network.batch)[0] == again.loss(*again.batch)[0]
    for name, value in network.params.items():
        np.testing.assert_array_equal(value, again.params[name])


@few
@given(networks(layers=library.LAYERS))
def test_a_printed_network_of_own_layers_is_the_same_again(network: DrawnNetwork) -> None:
    names = {kind.__name__: kind for kind in library.LAYERS}
    again = eval(repr(network), {"DrawnNetwork": DrawnNetwork, "partial": partial, **names})
    assert network.loss(*network.batch)[0] == again.loss(*again.batch)[0]
    assert all(np.array_equal(value, again.params[name]) for name, value in network.params.items())


@few
@given(networks(max_width=3, min_samples=2, max_samples=3, max_layers=1, losses=["Huber", nn.LogCosh]))
def test_bounds_hold(network: DrawnNetwork) -> None:
    assert 2 <= len(network.batch[0]) <= 3
    assert type(network.criterion) in (nn.Huber, nn.LogCosh)
    assert max(network.batch[0].shape[1:]) <= 3
    assert len([layer for layer in network.layers if not isinstance(layer, nn.Flatten)]) <= 2


def test_the_smallest_network_is_one_dense_layer_of_one_number() -> None:
    assert repr(find(networks(), lambda network: True, settings=afresh)) == (
        "DrawnNetwork([{'kind': 'Dense', 'inputs': 1, 'outputs': 1}], {'kind': 'MeanSquaredError'}, shape=(1,))"
    )


def test_numbers_become_round_and_few() -> None:
    found = find(networks(), lambda network: "layers.1.W" in network.params, settings=afresh)
    assert len(found.layers) == 2
    for array in (*found.params.values(), *found.batch[:1]):
        assert array.size <= 2
        assert all(len(f"{abs(x):.10g}".replace(".", "").strip("0")) <= 3 for x in array.ravel())


def test_every_layer_and_every_loss_is_drawn() -> None:
    seen: set[str] = set()

    @settings(max_examples=450, deadline=None, derandomize=True, database=None)
    @given(networks())
    def look(network: DrawnNetwork) -> None:
        seen.update(type(layer).__name__ for layer in network.layers)
        seen.add(type(network.criterion).__name__)

    look()
    assert seen >= set(LOSSES)
    assert seen >= {*LAYERS, *ACTIVATIONS}
    assert set(LAYER_SPECS) == {*LAYERS, *ACTIVATIONS}


def test_numbers_have_no_ties() -> None:
    network = DrawnNetwork([{"kind": "Tanh"}], {"kind": "Huber"}, shape=(3, 16), samples=8)
    X = network.batch[0]
    assert len(set(X.ravel().tolist())) == X.size
    assert X.all()


def test_parameters_are_generic() -> None:
    layers = [{"kind": "Dense", "inputs": 3, "outputs": 2}, {"kind": "LayerNorm", "features": 2}]
    network = DrawnNetwork(layers, {"kind": "Huber"}, shape=(3,))
    assert network.params["layers.0.b"].all()
    assert (network.params["layers.1.gamma"] > 0).all()
    assert len(set(network.params["layers.1.gamma"].tolist())) == 2


def test_a_right_library_passes() -> None:
    @settings(max_examples=60, deadline=None, derandomize=DERANDOMIZE, database=None)
    @given(networks(layers=library.LAYERS))
    def check(network: DrawnNetwork) -> None:
        gradcheck.assert_gradients(network, batch=network.batch, rng=0)

    check()


def test_the_global_generator_is_restored() -> None:
    np.random.seed(3)  # noqa: NPY002
    before = np.random.rand()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    DrawnNetwork([partial(library.Linear, 2, 2)], {"kind": "Huber"}, shape=(2,))
    assert np.random.rand() == before  # noqa: NPY002


def double(shape: tuple[int, ...]) -> Any:
    """A layer that only even widths have."""
    return None if shape[0] % 2 else st.builds(partial, st.just(library.Linear), st.just(shape[0]), st.integers(1, 3))


@few
@given(networks(layers=[double, st.builds(library.Tanh), library.Scale, "Dense", nn.Tanh]))
def test_functions_strategies_classes_and_names_mix(network: DrawnNetwork) -> None:
    assert gradcheck.check_gradients(network, batch=network.batch, rng=0)
    x = network.batch[0]
    for layer in network.layers:
        assert type(layer).__name__ != "Linear" or x.shape[1] % 2 == 0
        x = layer.forward(x)


@few
@given(networks(layers=[library.Tanh, library.Softplus], shapes=shapes(min_axes=2)))
def test_own_layers_on_images(network: DrawnNetwork) -> None:
    assert network.batch[0].ndim > 2
    assert gradcheck.check_gradients(network, batch=network.batch, rng=0)


class Loud(library.Tanh):
    def forward(self, x: Any) -> Any:
        raise RuntimeError("no such width")


def test_an_exception_of_a_layer_is_shown_with_the_layer() -> None:
    @settings(database=None)
    @given(networks(layers=[Loud]))
    def check(network: DrawnNetwork) -> None: ...

    with pytest.raises(RuntimeError, match="no such width") as caught:
        check()
    assert any(text.startswith("in Loud, on an input of shape (") for text in caught.value.__notes__)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_samples": 5}, "min_samples is 5 and max_samples is 4: no number lies between them"),
        ({"max_width": 0}, "max_width must be a whole number of at least 1, got 0"),
        ({"max_layers": -1}, "max_layers must be a whole number of at least 0, got -1"),
        ({"min_layers": 4, "max_layers": 3}, "min_layers is 4 and max_layers is 3"),
        ({"layers": ["Dens"]}, "there is no layer 'Dens', did you mean 'Dense'"),
        ({"layers": []}, "the list of layers is empty"),
        ({"losses": ["Hubert"]}, "there is no loss 'Hubert', did you mean 'Huber'"),
        ({"losses": []}, "the list of loss names is empty"),
    ],
)
def test_impossible_bounds_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SubjectError, match=message):
        networks(**options)


def test_what_makes_no_layer_is_refused() -> None:
    with pytest.raises(SubjectTypeError, match="3 makes no layer: pass a name or class"):
        networks(layers=[3])


def test_no_health_check_fails_at_default_settings() -> None:
    @settings(database=None, max_examples=30)
    @given(networks())
    def draw(network: DrawnNetwork) -> None: ...

    draw()
