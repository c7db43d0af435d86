"""What holds for every loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gradcheck.nn.kinds import LOSSES, find
from gradcheck.nn.losses.loss import Loss, Reduction

Array = NDArray[Any]

RNG = np.random.default_rng(0)
NUMBERS = RNG.standard_normal((2, 4, 3))
SIGNS = np.sign(NUMBERS[1])
INDICES = np.array([0, 2, 1, 2])
SHARES = np.exp(NUMBERS) / np.exp(NUMBERS).sum(axis=2, keepdims=True)

#: Predictions and targets that each loss takes.
BATCHES: dict[str, tuple[Array, Any]] = {
    "BinaryCrossEntropy": (SHARES[0], SHARES[1]),
    "BinaryCrossEntropyWithLogits": (NUMBERS[0], SHARES[1]),
    "CrossEntropy": (SHARES[0], SHARES[1]),
    "CrossEntropyWithLogits": (NUMBERS[0], INDICES),
    "NegativeLogLikelihood": (np.log(SHARES[0]), INDICES),
    "MeanSquaredError": (NUMBERS[0], NUMBERS[1]),
    "MeanAbsoluteError": (NUMBERS[0], NUMBERS[1]),
    "Huber": (NUMBERS[0], NUMBERS[1]),
    "LogCosh": (NUMBERS[0], NUMBERS[1]),
    "Hinge": (NUMBERS[0], SIGNS),
    "SquaredHinge": (NUMBERS[0], SIGNS),
    "KullbackLeibler": (np.log(SHARES[0]), SHARES[1]),
    "Poisson": (NUMBERS[0], np.array([[0, 1, 5], [2, 0, 0], [1, 1, 9], [3, 0, 1]])),
    "CosineDistance": (NUMBERS[0], NUMBERS[1]),
    "Triplet": (RNG.standard_normal((4, 3, 5)), None),
}

#: Losses of any number, at which nothing may overflow with a warning.
UNBOUNDED = [name for name in BATCHES if BATCHES[name][0] is NUMBERS[0] or name == "Triplet"]


def made(name: str, reduction: Reduction = "mean") -> Loss:
    loss: Loss = find(name, LOSSES[name])(reduction)
    return loss


def test_every_loss_is_here() -> None:
    assert set(BATCHES) == set(LOSSES)


@pytest.mark.parametrize("name", BATCHES)
def test_reductions_and_weights_go_together(name: str) -> None:
    prediction, target = BATCHES[name]
    each, total, mean = (made(name, reduction) for reduction in ("none", "sum", "mean"))
    elements = each(prediction, target)
    weight = np.array([0.0, 1.0, 2.5, 0.5])
    full = np.broadcast_to(weight.reshape(-1, *[1] * (elements.ndim - 1)), elements.shape)
    for given in (weight, full):
        np.testing.assert_allclose(each(prediction, target, given), full * elements, rtol=1e-14)
        np.testing.assert_allclose(total(prediction, target, given), (full * elements).sum(), rtol=1e-14)
        np.testing.assert_allclose(mean(prediction, target, given), (full * elements).mean(), rtol=1e-14)
        slopes = total.backward()
        np.testing.assert_allclose(each.backward(), slopes, rtol=1e-14)
        np.testing.assert_allclose(mean.backward(elements.size), slopes, rtol=1e-14)
        assert (slopes[0] == 0).all()
    each(prediction, target)
    np.testing.assert_allclose(each.backward(full), slopes, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("name", BATCHES)
def test_floating_types_stay(name: str, dtype: type[np.floating]) -> None:
    prediction, target = BATCHES[name]
    for reduction in ("mean", "none"):
        loss = made(name, reduction)
        value = loss(prediction.astype(dtype), target, np.ones(4))
        assert value.dtype == dtype
        assert loss.backward(np.ones(value.shape)).dtype == dtype


@pytest.mark.parametrize("name", BATCHES)
def test_arguments_are_neither_changed_nor_needed_again(name: str) -> None:
    prediction, target = BATCHES[name][0].copy(), np.array(BATCHES[name][1])
    weight = np.ones(4)
    saved = prediction.copy(), target.copy(), weight.copy()
    loss = made(name)
    loss(prediction, target, weight)
    before = loss.backward()
    for now, then in zip((prediction, target, weight), saved, strict=True):
        np.testing.assert_array_equal(now, then)
        if now.dtype != object:
            now[...] = 0
    np.testing.assert_array_equal(loss.backward(), before)
    before[...] = 0
    assert loss.backward().any()


@pytest.mark.parametrize("name", BATCHES)
def test_whole_numbers_become_float64(name: str) -> None:
    prediction = {
        "BinaryCrossEntropy": [[1, 0], [0, 1]],
        "CrossEntropy": [[1, 0], [0, 1]],
        "NegativeLogLikelihood": [[0, -1], [-1, 0]],
        "KullbackLeibler": [[0, -1], [-1, 0]],
        "Triplet": [[[1], [2], [3]]] * 2,
    }.get(name, [[1, -1], [2, 3]])
    target = {"NegativeLogLikelihood": [0, 1], "Hinge": [[1, -1], [1, 1]], "SquaredHinge": [[1, -1], [1, 1]]}
    loss = made(name)
    assert loss(prediction, target.get(name, [[1, 0], [0, 1]])).dtype == np.float64
    assert loss.backward().dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", UNBOUNDED)
def test_the_largest_numbers_give_no_warning_and_no_nan(name: str, dtype: type[np.floating]) -> None:
    _, target = BATCHES[name]
    info = np.finfo(dtype)
    extremes = [
        0.0,
        float(info.tiny),
        float(-info.tiny),
        1000.0,
        -1000.0,
        1e30,
        -1e30,
        float(info.max),
        float(info.min),
    ]
    shape = BATCHES[name][0].shape
    for seed in range(20):
        prediction = np.random.default_rng(seed).choice(np.array(extremes, dtype), shape)
        loss = made(name)
        assert not np.isnan(loss(prediction, target, np.array([0.0, 1.0, 1.0, 2.0])))
        assert not np.isnan(loss.backward()).any()


@pytest.mark.parametrize("name", BATCHES)
def test_backward_before_forward_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}\(.*: backward before forward"):
        made(name).backward()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda loss, p, y: loss(p + 1j, y), r"Error\(reduction='mean'\): takes predictions that are real numbers"),
        (lambda loss, p, y: loss(p[:0], y[:0]), r"predictions of shape \(samples, ...\), got shape \(0, 3\)"),
        (lambda loss, p, y: loss(1.0, 1.0), r"predictions of shape \(samples, ...\), got shape \(\)"),
        (lambda loss, p, y: loss(p, y[:, 0]), r"targets of the predictions' shape \(4, 3\), got \(4,\)"),
        (lambda loss, p, y: loss(p, y + 1j), "targets that are real numbers, got dtype complex128"),
        (lambda loss, p, y: loss(p, None), "targets that are real numbers, got dtype object"),
        (lambda loss, p, y: loss(p, np.full_like(y, np.nan)), "targets that are finite, got nan"),
        (lambda loss, p, y: loss(p, np.full_like(y, np.inf)), "targets that are finite, got inf"),
        (lambda loss, p, y: loss(p, y, np.ones(3)), r"weights of shape \(4,\) or \(4, 3\), got \(3,\)"),
        (lambda loss, p, y: loss(p, y, [1.0, 1.0, 1.0, -1.0]), "weights must be finite and not negative"),
        (lambda loss, p, y: loss(p, y, [1.0, 1.0, 1.0, np.nan]), "weights must be finite and not negative"),
        (lambda loss, p, y: (loss(p, y), loss.backward(np.ones(4))), r"gradient of a number, got shape \(4,\)"),
    ],
)
def test_bad_input_is_named(call: Callable[..., Any], message: str) -> None:
    prediction, target = BATCHES["MeanSquaredError"]
    with pytest.raises(ValueError, match=message):
        call(made("MeanSquaredError"), prediction, target)


def test_unknown_reductions_are_named() -> None:
    with pytest.raises(ValueError, match="Huber: reduction must be one of mean, sum, none, got 'average'"):
        made("Huber", "average")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BATCHES)
def test_described_by_plain_data(name: str) -> None:
    loss = made(name, "sum")
    spec = loss.spec()
    assert spec.pop("kind") == name
    assert spec["reduction"] == "sum"
    assert all(isinstance(value, (str, bool, float)) for value in spec.values())
    assert repr(type(loss)(**spec)) == repr(loss)


def test_an_infinite_element_of_weight_zero_is_left_out() -> None:
    loss = made("Poisson", "sum")
    assert loss([1000.0, 0.0], [1, 1], [0.0, 1.0]) == 1.0
    np.testing.assert_array_equal(loss.backward(), [0.0, 0.0])
