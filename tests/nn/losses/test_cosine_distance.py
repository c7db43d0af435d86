from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.losses.cosine_distance import CosineDistance
from gradcheck.nn.losses.loss import Reduction
from tests.nn.reference import assert_close, assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (1, 5), (5, 1)])
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...]) -> None:
    prediction, target = np.random.default_rng(0).standard_normal((2, *shape))

    def distance(p: Any) -> Any:
        elements = 1 - torch.nn.functional.cosine_similarity(p, tensor(target))
        return elements if reduction == "none" else getattr(elements, reduction)()

    assert_loss_agrees(CosineDistance(reduction), distance, prediction, target)


@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (1, 5), (5, 1)])
@pytest.mark.parametrize("eps", [0.5, 1.5, 100.0])
def test_short_vectors_agree_with_a_composition(shape: tuple[int, ...], eps: float) -> None:
    prediction, target = np.random.default_rng(0).standard_normal((2, *shape))
    y = tensor(target)

    def distance(p: Any) -> Any:
        return 1 - (p * y).sum(1) / (p.norm(dim=1).clamp(min=eps) * y.norm(dim=1).clamp(min=eps))

    assert_loss_agrees(CosineDistance("none", eps=eps), distance, prediction, target)
    theirs = 1 - torch.nn.functional.cosine_similarity(tensor(prediction), y, eps=eps)
    assert_close(CosineDistance("none", eps=eps)(prediction, target), theirs)


def test_agrees_with_the_embedding_loss_of_torch() -> None:
    prediction, target, weight = *np.random.default_rng(0).standard_normal((2, 4, 3)), np.array([0.0, 1.0, 2.0, 0.5])
    theirs = torch.nn.CosineEmbeddingLoss(reduction="none")
    assert_loss_agrees(
        CosineDistance(),
        lambda p: (tensor(weight) * theirs(p, tensor(target), torch.ones(4))).mean(),
        prediction,
        target,
        weight,
    )


def test_vectors_of_zeros_are_at_distance_one() -> None:
    target = np.array([[1.0, 2.0], [0.0, 0.0]])
    loss = CosineDistance("none", eps=0.25)
    np.testing.assert_array_equal(loss(np.array([[0.0, 0.0], [1.0, 2.0]]), target), [1.0, 1.0])
    np.testing.assert_allclose(loss.backward(), [-4 * target[0] / np.sqrt(5), [0.0, 0.0]])


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_lengths_neither_overflow_nor_underflow(scale: float) -> None:
    prediction, target = np.random.default_rng(0).standard_normal((2, 4, 3))
    one, other = CosineDistance(), CosineDistance(eps=1e-300)
    np.testing.assert_allclose(other(scale * prediction, scale * target), one(prediction, target), rtol=1e-14)
    np.testing.assert_allclose(scale * other.backward(), one.backward(), rtol=1e-13)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"^CosineDistance\(.*predictions of shape \(samples, features\), got \(3,\)"):
        CosineDistance()(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="CosineDistance: eps must be a positive number, got 0"):
        CosineDistance(eps=0)
