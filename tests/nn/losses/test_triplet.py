from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.losses.loss import Reduction
from gradcheck.nn.losses.triplet import Triplet
from tests.nn.reference import assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(6, 3, 4), (1, 3, 1), (5, 3, 2)])
@pytest.mark.parametrize(("margin", "eps"), [(1.0, 1e-6), (0.1, 1e-6), (2.0, 0.1)])
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...], margin: float, eps: float) -> None:
    triplets = np.random.default_rng(0).standard_normal(shape)
    theirs = torch.nn.TripletMarginLoss(margin=margin, eps=eps, reduction=reduction)
    mine = Triplet(reduction, margin=margin, eps=eps)
    assert_loss_agrees(mine, lambda t: theirs(t[:, 0], t[:, 1], t[:, 2]), triplets, None)


def test_some_triplets_are_beyond_the_margin_and_some_not() -> None:
    losses = Triplet("none", margin=0.1)(np.random.default_rng(0).standard_normal((6, 3, 4)), None)
    assert 0 < (losses > 0).sum() < 6


def test_weights_agree_with_torch() -> None:
    triplets, weight = np.random.default_rng(0).standard_normal((4, 3, 5)), np.array([0.0, 1.0, 2.0, 0.5])
    theirs = torch.nn.TripletMarginLoss(reduction="none")
    assert_loss_agrees(
        Triplet(), lambda t: (tensor(weight) * theirs(t[:, 0], t[:, 1], t[:, 2])).mean(), triplets, None, weight
    )


def test_equal_vectors_agree_with_torch() -> None:
    triplets = np.ones((2, 3, 4))
    triplets[1, 2] = 1.25
    theirs = torch.nn.TripletMarginLoss()
    assert_loss_agrees(Triplet(), lambda t: theirs(t[:, 0], t[:, 1], t[:, 2]), triplets, None)


def test_targets_are_ignored() -> None:
    triplets = np.random.default_rng(0).standard_normal((4, 3, 5))
    assert Triplet()(triplets, np.zeros(4)) == Triplet()(triplets, None)


@pytest.mark.parametrize(
    ("options", "shape", "message"),
    [
        ({}, (4, 2, 5), r"^Triplet\(.*takes predictions of shape \(samples, 3, features\), got \(4, 2, 5\)"),
        ({}, (4, 3), r"takes predictions of shape \(samples, 3, features\), got \(4, 3\)"),
        ({"margin": 0.0}, (4, 3, 5), "Triplet: margin must be a positive number, got 0.0"),
        ({"eps": -1.0}, (4, 3, 5), "Triplet: eps must be a positive number, got -1.0"),
    ],
)
def test_bad_input_is_named(options: dict[str, Any], shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Triplet(**options)(np.ones(shape), None)
