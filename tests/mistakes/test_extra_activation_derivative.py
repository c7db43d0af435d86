from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
import gradcheck.nn as nn
from gradcheck.examples.xor import BATCH, AnswerNetwork, QuestionNetwork
from gradcheck.mistakes.extra_activation_derivative import ExtraActivationDerivative
from gradcheck.mistakes.mistake import Known, Moved, Weighted
from gradcheck.nn.activations.activation import Activation
from gradcheck.nn.layer import Array, Layer
from gradcheck.nn.losses.loss import Loss
from gradcheck.scene import Scene
from tests.mistakes.networks import (
    around,
    assert_named,
    assert_silent,
    before_loss,
    layer_of,
    mixed,
    part_of,
    slugs,
    variants,
)

SLUG = "extra-activation-derivative"


class Twice(Activation):
    factor = 1.0

    def backward(self, upstream: Array) -> Array:
        return self.factor * super().backward(upstream) * self.derivative(self._kept(upstream)[0])


class FlippedTwice(Twice):
    factor = -1.0


class Thrice(Activation):
    def backward(self, upstream: Array) -> Array:
        return super().backward(upstream) * self.derivative(self._kept(upstream)[0]) ** 2


class Halved(Activation):
    def backward(self, upstream: Array) -> Array:
        return 0.5 * super().backward(upstream)


def sigmoid(z: Array) -> Array:
    s: Array = 1 / (1 + np.exp(-z))
    return s


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    s: Array = e / e.sum(axis=1, keepdims=True)
    return s


class SigmoidAgain(Loss):
    """Multiplies p − y by σ′(z), which has cancelled."""

    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        p = sigmoid(prediction)
        return super()._slopes(prediction, target, factor) * p * (1 - p)  # type: ignore[safe-super]


class SigmoidAgainFlipped(SigmoidAgain):
    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return -super()._slopes(prediction, target, factor)


class TanhAgain(Loss):
    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return super()._slopes(prediction, target, factor) * (1 - np.tanh(prediction) ** 2)  # type: ignore[safe-super]


class SoftmaxAgain(nn.CrossEntropyWithLogits):
    def backward(self, upstream: Any = 1.0) -> Array:
        p = softmax(self.logits)
        return super().backward(upstream) * p * (1 - p)

    def forward(self, prediction: Any, target: Any, weight: Any = None) -> Array:
        self.logits = np.array(prediction)
        return super().forward(prediction, target, weight)


class Half(nn.BinaryCrossEntropyWithLogits):
    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        return 0.5 * super()._slopes(prediction, target, factor)


ACTIVATIONS = (nn.Tanh, nn.Sigmoid, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Softplus)
BCE = nn.BinaryCrossEntropyWithLogits
HITS = {
    **{kind.__name__: around(mixed(Twice, kind), seed=i) for i, kind in enumerate(ACTIVATIONS)},
    "of three axes": around(mixed(Twice, nn.Softplus), (2, 3), samples=4),
    "logits with σ′": before_loss(mixed(SigmoidAgain, BCE), "labels"),
    "sum of logits with σ′": before_loss(mixed(SigmoidAgain, BCE, "sum"), "labels", samples=6, width=1, seed=2),
    "logits with tanh′": before_loss(mixed(TanhAgain, BCE), "labels", seed=1),
    "classes with p(1 − p)": before_loss(SoftmaxAgain(), "shares", width=4),
    "classes after a tanh": before_loss(SoftmaxAgain("sum"), "shares", nn.Tanh(), width=5, seed=3),
}
FLIPPED = {
    "Tanh": around(mixed(FlippedTwice, nn.Tanh)),
    "SiLU": around(mixed(FlippedTwice, nn.SiLU), seed=4),
    "logits": before_loss(mixed(SigmoidAgainFlipped, BCE), "labels"),
}
RIGHT = {
    **{kind.__name__: around(kind(), seed=i) for i, kind in enumerate(ACTIVATIONS)},
    "ReLU, whose derivative is its square": around(mixed(Twice, nn.ReLU)),
    "logits": before_loss(BCE(), "labels"),
    "classes": before_loss(nn.CrossEntropyWithLogits(), "shares"),
}
WRONG = {
    "half of the right": around(mixed(Halved, nn.Tanh)),
    "two factors too many": around(mixed(Thrice, nn.Tanh)),
    "half of the loss": before_loss(Half(), "labels"),
}


@pytest.mark.parametrize("name", HITS)
def test_derivative_that_comes_twice_is_named(name: str) -> None:
    assert_named(HITS[name], SLUG)


@pytest.mark.parametrize("name", FLIPPED)
def test_sign_is_named_beside_it(name: str) -> None:
    assert_named(FLIPPED[name], SLUG, "sign-flipped")


@pytest.mark.parametrize("name", RIGHT)
def test_right_networks_pass(name: str) -> None:
    assert_silent(RIGHT[name], SLUG, right=True)


@pytest.mark.parametrize("name", WRONG)
def test_other_mistakes_are_not_mistaken_for_it(name: str) -> None:
    assert_silent(WRONG[name], SLUG, right=False)


@pytest.mark.parametrize("scale", [0.01, 1.0])
def test_model_that_keeps_the_cancelled_factor_is_named(scale: float) -> None:
    report = gradcheck.check_gradients(AnswerNetwork(scale), batch=BATCH, rng=0)
    assert report.verdict.value == "fail"
    assert slugs(report) == [SLUG], str(report)
    assert report.findings[0].where == "w1, b1, w2, b2"
    assert gradcheck.check_gradients(QuestionNetwork(scale), batch=BATCH, rng=0)


def test_variant_of_an_activation_has_the_square_of_its_derivative() -> None:
    part = layer_of(around(nn.Tanh()))
    found = variants(ExtraActivationDerivative(), part)[""]
    assert isinstance(found, Known)
    np.testing.assert_allclose(found.claim, part.upstream * (1 - np.tanh(part.point[0]) ** 2) ** 2, rtol=1e-7)


def test_variants_of_a_loss_of_logits_have_the_derivatives_it_contains() -> None:
    part = part_of(before_loss(BCE(), "labels"))
    g, z = np.random.default_rng(5).standard_normal(part.point[0].shape), part.point[0]
    for found, factor in zip(
        variants(ExtraActivationDerivative(), part).values(),
        (sigmoid(z) * (1 - sigmoid(z)), softmax(z) * (1 - softmax(z)), 1 - np.tanh(z) ** 2),
        strict=True,
    ):
        assert isinstance(found, Moved)
        np.testing.assert_allclose(found.commit((g,)), factor * g)


def test_samples_of_a_whole_model_are_weighed_by_the_derivative() -> None:
    subject = gradcheck.as_subject(QuestionNetwork(1.0), batch=BATCH)
    (found,) = ExtraActivationDerivative().variants(Scene(subject, subject.point, subject.point), 0)
    assert isinstance(found, Weighted)
    p = np.array([0.2, 0.5, 0.9])
    np.testing.assert_allclose(found.weights(-np.log(p)), p * (1 - p))


def linear() -> Layer:
    class Doubling(Activation):
        def value(self, z: Array) -> Array:
            return 1.0 * z

        def derivative(self, z: Array) -> Array:
            return np.ones_like(z)

    return Doubling()


@pytest.mark.parametrize("layer", [linear(), nn.ReLU(), nn.Dense(4, 4, rng=0)])
def test_nothing_is_tried_where_a_second_factor_changes_nothing(layer: Layer) -> None:
    assert not variants(ExtraActivationDerivative(), layer_of(around(layer)))
