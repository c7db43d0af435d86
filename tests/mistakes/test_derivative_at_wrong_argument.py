from __future__ import annotations

import numpy as np
import pytest

import gradcheck.nn as nn
from gradcheck.mistakes.derivative_at_wrong_argument import DerivativeAtWrongArgument
from gradcheck.mistakes.mistake import Known
from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.layer import Array, Layer
from tests.mistakes.networks import Case, around, assert_named, assert_silent, layer_of, mixed, shaken, variants

SLUG = "derivative-at-wrong-argument"


class AtOutput(Activation):
    """f′(a) for f′(z)."""

    sign = 1.0

    def backward(self, upstream: Array) -> Array:
        _, a = self._kept(upstream)
        return self.sign * upstream * self.derivative(a)


class FlippedAtOutput(AtOutput):
    sign = -1.0


class LogisticOfInput(nn.Sigmoid):
    def derivative(self, z: Array) -> Array:
        return z * (1 - z)


class TanhOfInput(nn.Tanh):
    def derivative(self, z: Array) -> Array:
        return 1 - z**2


class FlippedTanhOfInput(nn.Tanh):
    def derivative(self, z: Array) -> Array:
        return z**2 - 1


class OwnTanh(Layer):
    """A hyperbolic tangent that keeps what it should not."""

    def forward(self, x: Array) -> Array:
        a: Array = np.tanh(x)
        self._keep(a, a)
        return a

    def backward(self, upstream: Array) -> Array:
        kept, _ = self._kept(upstream)
        downstream: Array = upstream / np.cosh(kept) ** 2
        return downstream


class OfAnother(nn.Tanh):
    """Takes the z of another layer."""

    def __init__(self, other: Layer) -> None:
        super().__init__()
        self.other = other

    def backward(self, upstream: Array) -> Array:
        z, _ = self.other._cache
        return upstream * self.derivative(z)


class AtHalf(Activation):
    def backward(self, upstream: Array) -> Array:
        z, _ = self._kept(upstream)
        return upstream * self.derivative(z / 2)


class FromOutput(nn.Sigmoid):
    """The formula in a that is given a, as it should be."""

    def backward(self, upstream: Array) -> Array:
        _, a = self._kept(upstream)
        downstream: Array = upstream * a * (1 - a)
        return downstream


class NearlyFromOutput(nn.Tanh):
    def backward(self, upstream: Array) -> Array:
        _, a = self._kept(upstream)
        downstream: Array = upstream * (1 - 0.95 * a**2)
        return downstream


SMOOTH = (nn.Tanh, nn.Sigmoid, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Softplus)
HITS = {
    **{f"{kind.__name__} at its output": around(mixed(AtOutput, kind), seed=i) for i, kind in enumerate(SMOOTH)},
    "of three axes": around(mixed(AtOutput, nn.GELU), (3, 2), samples=4, seed=3),
    "own layer": around(OwnTanh(), samples=6),
    "a(1 − a) of z": around(LogisticOfInput()),
    "a(1 − a) of z, of three axes": around(LogisticOfInput(), (2, 2), seed=1),
    "1 − a² of z": around(TanhOfInput()),
    "1 − a² of z, another seed": around(TanhOfInput(), (5,), seed=7),
}
FLIPPED = {
    "at its output": around(mixed(FlippedAtOutput, nn.Sigmoid)),
    "1 − a² of z": around(FlippedTanhOfInput()),
}
RIGHT = {
    **{kind.__name__: around(kind(), seed=i) for i, kind in enumerate(SMOOTH)},
    "a(1 − a) of a": around(FromOutput()),
    "ReLU at its output": around(mixed(AtOutput, nn.ReLU)),
    "LeakyReLU at its output": around(mixed(AtOutput, nn.LeakyReLU)),
}
WRONG = {
    "at half of z": around(mixed(AtHalf, nn.Tanh)),
    "wrong constant": around(NearlyFromOutput()),
}


@pytest.mark.parametrize("name", HITS)
def test_derivative_at_another_number_is_named(name: str) -> None:
    assert_named(HITS[name], SLUG)


@pytest.mark.parametrize("name", FLIPPED)
def test_sign_is_named_beside_it(name: str) -> None:
    assert_named(FLIPPED[name], SLUG, "sign-flipped")


def test_input_of_another_layer_is_named_with_that_layer() -> None:
    first = nn.Tanh()
    layers = [nn.Dense(3, 4, rng=0), first, nn.Dense(4, 4, rng=1), OfAnother(first), nn.Dense(4, 2, rng=2)]
    rng = np.random.default_rng(4)
    network = shaken(nn.Network(layers, nn.MeanSquaredError()), 5)
    batch = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    network.loss(*batch)
    report = assert_named(Case(network, batch, "layers.3"), SLUG)
    assert "layers.1" in report.findings[0].message


@pytest.mark.parametrize("name", RIGHT)
def test_right_activations_pass(name: str) -> None:
    assert_silent(RIGHT[name], SLUG, right=True)


@pytest.mark.parametrize("name", WRONG)
def test_other_mistakes_are_not_mistaken_for_it(name: str) -> None:
    assert_silent(WRONG[name], SLUG, right=False)


def test_variants_are_the_derivative_at_the_output_and_the_formula_of_the_input() -> None:
    part = layer_of(around(nn.Tanh()))
    z, a = part.point[0], np.tanh(part.point[0])
    found = variants(DerivativeAtWrongArgument(), part)
    for variant, factor in zip(found.values(), (1 - np.tanh(a) ** 2, 1 - z**2), strict=True):
        assert isinstance(variant, Known)
        np.testing.assert_allclose(variant.claim, part.upstream * factor, rtol=1e-6, atol=1e-9)


def test_inputs_of_other_layers_of_the_same_shape_are_tried() -> None:
    layers = [nn.Dense(3, 4, rng=0), nn.Tanh(), nn.Dense(4, 4, rng=1), nn.Sigmoid(), nn.Dense(4, 2, rng=2)]
    rng = np.random.default_rng(6)
    X, Y = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    network = shaken(nn.Network(layers, nn.MeanSquaredError()), 7)
    part = layer_of(Case(network, (X, Y), "layers.3"))
    z = X @ network.params["layers.0.W"] + network.params["layers.0.b"]
    variant = variants(DerivativeAtWrongArgument(), part)["f′ at the input of layers.1"]
    assert isinstance(variant, Known)
    s = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(variant.claim, part.upstream * s * (1 - s), rtol=1e-6)


@pytest.mark.parametrize("layer", [nn.ReLU(), nn.LeakyReLU(), nn.Dropout(0.4), nn.Dense(4, 4, rng=0)])
def test_nothing_is_tried_where_the_argument_changes_nothing(layer: Layer) -> None:
    assert not variants(DerivativeAtWrongArgument(), layer_of(around(layer)))
