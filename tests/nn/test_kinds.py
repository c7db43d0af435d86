from __future__ import annotations

import inspect
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import gradcheck.nn
from gradcheck.nn import (
    L1,
    L2,
    LSTM,
    BatchNorm,
    Concatenate,
    Conv2D,
    CrossEntropyWithLogits,
    Dense,
    Dropout,
    Elastic,
    Embedding,
    Flatten,
    Huber,
    Layer,
    Loss,
    MeanSquaredError,
    MultiHeadAttention,
    Network,
    Optimiser,
    Regulariser,
    ReLU,
    Residual,
    Sequential,
    Tanh,
)
from gradcheck.nn.kinds import ACTIVATIONS, FAMILIES, LAYERS, LOSSES, OPTIMISERS, REGULARISERS, find, make

EXPLICIT: dict[str, Any] = {"layers": [{"kind": "Dense", "inputs": 2, "outputs": 1}], "loss": {"kind": "Huber"}}


def built(family: Any, spec: Any) -> Any:
    return make(family, spec, rng=np.random.default_rng(0), dtype=np.float32)


@pytest.mark.parametrize(
    ("table", "base"),
    [(LAYERS, Layer), (ACTIVATIONS, Layer), (LOSSES, Loss), (OPTIMISERS, Optimiser), (REGULARISERS, Regulariser)],
)
def test_every_kind_is_where_the_table_says(table: dict[str, str], base: type) -> None:
    for name, module in table.items():
        found = find(name, module)
        assert issubclass(found, base)
        assert found.__name__ == name
        assert found.__module__ == f"gradcheck.nn.{module}"
        assert not inspect.isabstract(found)


def test_every_public_class_is_in_a_table() -> None:
    listed = {f"gradcheck.nn.{module}" for table in FAMILIES.values() for module in table.values()}
    folder = gradcheck.nn.__path__[0]
    for part in ("layers", "activations", "losses", "optimisers"):
        for path in sorted(__import__("pathlib").Path(folder, part).glob("[!_]*.py")):
            name = f"gradcheck.nn.{part}.{path.stem}"
            assert name in listed or path.stem in ("container", "activation", "loss", "optimiser"), name


def test_every_public_name_is_there() -> None:
    for name in gradcheck.nn.__all__:
        assert getattr(gradcheck.nn, name).__name__ == name
    assert set(gradcheck.nn.__all__) == set(dir(gradcheck.nn))
    with pytest.raises(AttributeError, match="no_such_name"):
        gradcheck.nn.no_such_name  # noqa: B018


def test_importing_loads_neither_numpy_nor_the_layers() -> None:
    code = "import sys, gradcheck.nn; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "scipy", "gradcheck.nn.layer"} & set(loaded)


@pytest.mark.parametrize(
    "network",
    [
        Network([Dense(2, 3, scale=0.1, bias=False), Tanh()], MeanSquaredError("sum")),
        Network([Residual(Dense(2, 3), shortcut=Dense(2, 3))], Huber(delta=0.5), regulariser=L1(0.1)),
        Network(
            [Concatenate([[Dense(2, 3), Sequential(Tanh())], Dropout(0.5, seed=3)], axis=-1)],
            MeanSquaredError(),
            regulariser=Elastic(0.1, 0.2),
        ),
        Network(
            [Conv2D(3, 4, (3, 2), stride=(2, 1), padding=1), BatchNorm(4), ReLU(), Flatten()],
            CrossEntropyWithLogits(label_smoothing=0.1),
            regulariser=L2(0.5),
        ),
        Network([Embedding(5, 4), LSTM(4, 3), MultiHeadAttention(3, 1, causal=True)], MeanSquaredError()),
    ],
    ids=lambda network: type(network.layers[0]).__name__,
)
def test_a_network_goes_through_json(network: Network) -> None:
    again = Network.from_spec(json.loads(json.dumps(network.spec())))
    assert again.spec() == network.spec()
    assert repr(again) == repr(network)
    shapes = {name: value.shape for name, value in network.params.items()}
    assert {name: value.shape for name, value in again.params.items()} == shapes


def test_seeds_and_types_reach_the_layers() -> None:
    spec = {
        "layers": [{"kind": "Dense", "inputs": 2, "outputs": 2}, {"kind": "Dense", "inputs": 2, "outputs": 2}],
        "loss": {"kind": "MeanSquaredError"},
    }
    one, two, other = (Network.from_spec(spec, rng=seed, dtype=np.float32) for seed in (0, 0, 1))
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one.params["layers.1.W"], two.params["layers.1.W"])
    assert (one.params["layers.1.W"] != other.params["layers.1.W"]).all()
    assert (one.params["layers.0.W"] != one.params["layers.1.W"]).all()


def test_numpy_numbers_become_plain_ones() -> None:
    network = Network([Dense(np.int64(2), 1, scale=np.float32(0.5))], MeanSquaredError())  # type: ignore[arg-type]
    assert json.loads(json.dumps(network.spec()))["layers"][0] == {
        "kind": "Dense",
        "inputs": 2,
        "outputs": 1,
        "bias": True,
        "scale": 0.5,
    }


@pytest.mark.parametrize("name", ["SGD", "Adam", "IRpropMinus"])
def test_an_optimiser_is_made_again(name: str) -> None:
    optimiser = find(name, OPTIMISERS[name])() if name == "IRpropMinus" else find(name, OPTIMISERS[name])(0.25)
    assert repr(built("optimiser", json.loads(json.dumps(optimiser.spec())))) == repr(optimiser)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "dense"}, r"there is no layer of kind 'dense', did you mean 'Dense'\?; the kinds are Dense, Conv1D"),
        ({"kind": "MeanSquaredError"}, "there is no layer of kind 'MeanSquaredError'"),
        ({"kind": ["Dense"]}, "there is no layer of kind"),
        (
            {"kind": "Dense", "input": 2},
            r"Dense has no argument 'input', did you mean 'inputs'\?; it takes inputs, outputs",
        ),
        ({"kind": "Dense", "rng": 2}, "Dense has no argument 'rng'"),
        ({"kind": "Tanh", "slope": 2}, "Tanh has no argument 'slope'; it takes no arguments"),
        ({"kind": "Dense", "inputs": 2}, "Dense needs 'outputs', got inputs"),
        ({"kind": "Dense"}, "Dense needs 'inputs', got nothing"),
        ({"kind": "Residual", "layers": [{"kind": "Tan"}]}, "no layer of kind 'Tan', did you mean 'Tanh'"),
        ({"kind": "Sequential"}, "Sequential: needs at least one layer"),
        ({"inputs": 2}, r"a layer is described by a dict with its 'kind' .*got \{'inputs': 2\}"),
        ("Dense", "a layer is described by a dict"),
    ],
)
def test_a_layer_that_is_not_described_is_refused(spec: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        built("layer", spec)
    with pytest.raises(ValueError, match=rf"^layers\.1: .*{message}"):
        Network.from_spec({"layers": [{"kind": "Tanh"}, spec], "loss": {"kind": "Huber"}})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"layers": []}, "a network is described by a dict with 'layers' and 'loss'"),
        ([], "a network is described by a dict"),
        (EXPLICIT | {"layers": []}, "Network: needs at least one layer"),
        (EXPLICIT | {"layers": 3}, "'layers' must be a list"),
        (EXPLICIT | {"los": {}}, "Network has no argument 'los', did you mean 'loss'"),
        (EXPLICIT | {"loss": {"kind": "Hubert"}}, "no loss of kind 'Hubert', did you mean 'Huber'"),
        (EXPLICIT | {"loss": None}, "a loss is described by a dict"),
        (EXPLICIT | {"regulariser": {"kind": "L3"}}, "no regulariser of kind 'L3'"),
    ],
)
def test_a_network_that_is_not_described_is_refused(spec: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Network.from_spec(spec)
