from __future__ import annotations

import numpy as np
import pytest

import gradcheck.nn as nn
from gradcheck.mistakes.mistake import Known
from gradcheck.mistakes.wrong_activation_derivative import WrongActivationDerivative
from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.layer import Array, Layer
from tests.mistakes.networks import around, assert_named, assert_silent, layer_of, mixed, variants

SLUG = "wrong-activation-derivative"


def with_derivative(kind: type[Activation], other: type[Activation], factor: float = 1.0) -> Layer:
    """An activation with the derivative of another one."""

    class Confused(Activation):
        def derivative(self, z: Array) -> Array:
            return factor * other().derivative(z)

    made: Layer = mixed(Confused, kind)
    return made


class SoftSign(Layer):
    """An activation that the library has not, with the derivative of the sigmoid."""

    def forward(self, x: Array) -> Array:
        y: Array = x / (1 + np.abs(x))
        self._keep(x, y)
        return y

    def backward(self, upstream: Array) -> Array:
        x, _ = self._kept(upstream)
        s = 1 / (1 + np.exp(-x))
        downstream: Array = upstream * s * (1 - s)
        return downstream


class Leaky(nn.LeakyReLU):
    """With another slope in its derivative."""

    def derivative(self, z: Array) -> Array:
        slope: Array = np.where(z > 0, 1.0, 0.1)
        return slope


class OffTanh(nn.Tanh):
    def derivative(self, z: Array) -> Array:
        return 1 - 0.9 * np.tanh(z) ** 2


PAIRS = (
    (nn.Tanh, nn.Sigmoid),
    (nn.Sigmoid, nn.Tanh),
    (nn.Tanh, nn.ReLU),
    (nn.ReLU, nn.LeakyReLU),
    (nn.LeakyReLU, nn.ReLU),
    (nn.ELU, nn.SELU),
    (nn.SELU, nn.ELU),
    (nn.GELU, nn.SiLU),
    (nn.SiLU, nn.GELU),
    (nn.Softplus, nn.Tanh),
    (nn.GELU, nn.Softplus),
)
HITS = {
    f"{kind.__name__} with that of {other.__name__}": (around(with_derivative(kind, other), (5,), seed=i), other)
    for i, (kind, other) in enumerate(PAIRS)
} | {
    "of three axes": (around(with_derivative(nn.Tanh, nn.SiLU), (2, 3), samples=4), nn.SiLU),
    "own activation": (around(SoftSign(), samples=6), nn.Sigmoid),
}
RIGHT = {kind.__name__: around(kind(), (5,), seed=i) for i, (kind, _) in enumerate(PAIRS)}
WRONG = {
    "a hundredth too large": around(with_derivative(nn.Tanh, nn.Tanh, 1.01)),
    "half of the right": around(with_derivative(nn.SiLU, nn.SiLU, 0.5)),
    "another slope": around(Leaky(0.2), (5,)),
    "wrong constant": around(OffTanh()),
}


@pytest.mark.parametrize("name", HITS)
def test_derivative_of_another_activation_is_named(name: str) -> None:
    case, other = HITS[name]
    report = assert_named(case, SLUG)
    assert report.findings[0].message.startswith("with the derivative of another activation (that of ")
    assert f"that of {other.__name__})" in report.findings[0].message


@pytest.mark.parametrize(("kind", "other"), [(nn.Tanh, nn.Sigmoid), (nn.GELU, nn.SiLU)])
def test_sign_is_named_beside_it(kind: type[Activation], other: type[Activation]) -> None:
    assert_named(around(with_derivative(kind, other, -1.0)), SLUG, "sign-flipped")


@pytest.mark.parametrize("name", RIGHT)
def test_right_activations_pass(name: str) -> None:
    assert_silent(RIGHT[name], SLUG, right=True)


@pytest.mark.parametrize("name", WRONG)
def test_other_mistakes_are_not_mistaken_for_it(name: str) -> None:
    assert_silent(WRONG[name], SLUG, right=False)


def test_variants_are_the_derivatives_of_the_others() -> None:
    part = layer_of(around(nn.Tanh()))
    z = part.point[0]
    s = 1 / (1 + np.exp(-z))
    formulas = {
        "Sigmoid": s * (1 - s),
        "ReLU": (z > 0) * 1.0,
        "LeakyReLU": np.where(z > 0, 1.0, 0.01),
        "ELU": np.where(z > 0, 1.0, np.exp(z)),
        "SiLU": s * (1 + z * (1 - s)),
        "Softplus": s,
    }
    found = variants(WrongActivationDerivative(), part)
    assert "that of Tanh" not in found
    for name, factor in formulas.items():
        variant = found[f"that of {name}"]
        assert isinstance(variant, Known)
        np.testing.assert_allclose(variant.claim, part.upstream * factor)


@pytest.mark.parametrize("layer", [nn.Dense(4, 4, rng=0), nn.LayerNorm(4), nn.Dropout(0.5)])
def test_nothing_is_tried_where_there_is_no_activation(layer: Layer) -> None:
    assert not variants(WrongActivationDerivative(), layer_of(around(layer)))
