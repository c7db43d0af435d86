from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck.nn.losses.binary_cross_entropy_with_logits import BinaryCrossEntropyWithLogits
from gradcheck.nn.losses.cross_entropy_with_logits import CrossEntropyWithLogits
from gradcheck.nn.losses.loss import Reduction
from tests.nn.losses.classes import SHAPES, shares
from tests.nn.reference import assert_loss_agrees, tensor, torch

BOTH = pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])


@BOTH
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", SHAPES)
def test_class_indices_agree_with_torch(reduction: Reduction, shape: tuple[int, ...], label_smoothing: float) -> None:
    rng = np.random.default_rng(0)
    prediction = 3 * rng.standard_normal(shape)
    target = rng.integers(shape[1], size=shape[:1] + shape[2:])
    theirs = torch.nn.CrossEntropyLoss(reduction=reduction, label_smoothing=label_smoothing)
    one_hot = np.moveaxis(np.eye(shape[1], dtype=int)[target], -1, 1)
    for given in (target, target.astype(float), one_hot, one_hot.astype(bool)):
        mine = CrossEntropyWithLogits(reduction, label_smoothing=label_smoothing)
        assert_loss_agrees(mine, lambda z: theirs(z, tensor(target)), prediction, given)


@BOTH
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", SHAPES)
def test_soft_labels_agree_with_torch(reduction: Reduction, shape: tuple[int, ...], label_smoothing: float) -> None:
    prediction = 3 * np.random.default_rng(0).standard_normal(shape)
    target = shares(shape, 1)
    theirs = torch.nn.CrossEntropyLoss(reduction=reduction, label_smoothing=label_smoothing)
    mine = CrossEntropyWithLogits(reduction, label_smoothing=label_smoothing)
    assert_loss_agrees(mine, lambda z: theirs(z, tensor(target)), prediction, target)


def test_rounded_soft_labels_agree_with_torch() -> None:
    prediction, target = np.array([[1.0, 2.0, -1.0]]), np.array([[0.33, 0.33, 0.33]])
    theirs = torch.nn.CrossEntropyLoss()
    assert_loss_agrees(CrossEntropyWithLogits(), lambda z: theirs(z, tensor(target)), prediction, target)
    target = np.array([[0.98, 0.01, 0.0]])
    assert_loss_agrees(CrossEntropyWithLogits(), lambda z: theirs(z, tensor(target)), prediction, target)


@pytest.mark.parametrize("each", [False, True])
def test_weights_agree_with_torch(each: bool) -> None:
    rng = np.random.default_rng(0)
    prediction, target = rng.standard_normal((4, 3, 2)), rng.integers(3, size=(4, 2))
    weight = rng.uniform(size=(4, 2) if each else (4,))
    factor = tensor(weight if each else weight[:, None])
    theirs = torch.nn.CrossEntropyLoss(reduction="none")
    assert_loss_agrees(
        CrossEntropyWithLogits(),
        lambda z: (factor * theirs(z, tensor(target))).mean(),
        prediction,
        target,
        weight,
    )


@pytest.mark.parametrize("y", [0, 1, 2])
@pytest.mark.parametrize(
    "logits",
    [(1000.0, 0.0, -1000.0), (-1000.0, -1000.0, 1000.0), (1e-8, 0.0, 3.0), (40.0, 0.0, -700.0), (5.0, 5.0, 5.0)],
)
def test_precise_for_small_and_large_errors(logits: tuple[float, ...], y: int) -> None:
    loss = CrossEntropyWithLogits()
    value = loss([logits], [y])
    with mpmath.workdps(1000):
        e = [mpmath.exp(mpmath.mpf(z)) for z in logits]
        p = [entry / mpmath.fsum(e) for entry in e]
        exact = float(-mpmath.log(p[y]))
        slopes = [float(p[k] - (k == y)) for k in range(3)]
    np.testing.assert_allclose(value, exact, rtol=1e-15, atol=1e-320)
    np.testing.assert_allclose(loss.backward(), [slopes], rtol=2e-15, atol=1e-320)


def test_two_classes_are_the_binary_loss() -> None:
    z = np.array([-1000.0, -40.0, -1.0, 0.0, 1.0, 40.0, 1000.0])
    logits = np.stack([np.zeros_like(z), z], axis=1)
    for y in (0, 1):
        binary, classes = BinaryCrossEntropyWithLogits("none"), CrossEntropyWithLogits("none")
        np.testing.assert_allclose(classes(logits, np.full(7, y)), binary(z, np.full(7, y)), rtol=1e-15, atol=1e-320)
        np.testing.assert_allclose(classes.backward()[:, 1], binary.backward(), rtol=2e-15, atol=1e-320)


def test_a_logit_of_minus_infinity_gives_probability_zero() -> None:
    loss = CrossEntropyWithLogits()
    assert loss([[0.0, -np.inf]], [0]) == 0.0
    np.testing.assert_array_equal(loss.backward(), [[0.0, 0.0]])


@pytest.mark.parametrize(
    ("prediction", "target", "message"),
    [
        ([0.5, 0.5], [0, 1], r"predictions of shape \(samples, classes, ...\), got \(2,\)"),
        ([[2.0, 1.0]], [2], "class indices that are whole numbers from 0 to 1, got 2"),
        ([[2.0, 1.0]], [-1], "class indices that are whole numbers from 0 to 1, got -1"),
        ([[2.0, 1.0]], [0.5], "class indices that are whole numbers from 0 to 1, got 0.5"),
        ([[2.0, 1.0]], [np.nan], "targets that are finite, got nan"),
        ([[2.0, 1.0]], [0, 1], r"class indices of shape \(1,\), got \(2,\)"),
        (
            [[2.0, 1.0]],
            [[0]],
            r"probabilities of the predictions' shape \(1, 2\), or class indices of shape \(1,\), got \(1, 1\)",
        ),
        ([[2.0, 1.0]], [[1, 1]], r"targets that sum to 1 over the classes \(axis 1\), got a sum of 2"),
        ([[2.0, 1.0]], [[1.5, -0.5]], "targets between 0 and 1, got -0.5"),
    ],
)
def test_bad_input_is_named(prediction: Any, target: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r"^CrossEntropyWithLogits\(reduction='mean', .*" + message):
        CrossEntropyWithLogits()(prediction, target)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_bad_smoothing_is_named(wrong: float) -> None:
    with pytest.raises(ValueError, match="label_smoothing must be between 0 and 1"):
        CrossEntropyWithLogits(label_smoothing=wrong)


def test_a_numpy_number_as_smoothing_keeps_float32() -> None:
    loss = CrossEntropyWithLogits(label_smoothing=np.float64(0.1))
    assert loss(np.ones((2, 3), np.float32), [0, 1]).dtype == np.float32
    assert loss.backward().dtype == np.float32
