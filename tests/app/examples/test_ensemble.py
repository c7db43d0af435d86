"""Networks trained at once are those that are trained one by one."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.app.examples.ensemble import Ensemble
from gradcheck.app.examples.xor import BATCH, AnswerNetwork, QuestionNetwork
from gradcheck.nn import RMSProp


@pytest.mark.parametrize("scale", [0.01, 1.0])
def test_each_network_is_the_one_of_its_seed_and_gradient(scale: float) -> None:
    together = Ensemble([0, 3, 3], [False, False, True], scale)
    alone = [QuestionNetwork(scale, 0), QuestionNetwork(scale, 3), AnswerNetwork(scale, 3)]
    gradients, losses = together.gradient(), together.losses()
    for i, network in enumerate(alone):
        assert losses[i] == pytest.approx(network.loss(*BATCH), rel=1e-13)
        for name, slope in network.gradient(*BATCH).items():
            np.testing.assert_allclose(gradients[name][i], np.atleast_2d(slope), rtol=1e-12, atol=1e-18)


def test_rmsprop_ends_a_thousand_times_lower_with_the_right_gradient() -> None:
    """From the question's own start, five seeds, 20,000 steps: the mean of squares lets both leave the plateau."""
    seeds = range(5)
    networks = Ensemble([*seeds, *seeds], [False] * 5 + [True] * 5)
    optimiser = RMSProp(0.01, decay=0.9, eps=1e-9)
    for _ in range(20_000):
        optimiser.step(networks.params, networks.gradient())
    right, wrong = networks.losses().reshape(2, 5)
    assert (wrong > 1000 * right).all()
    assert (right < 1e-9).all()
    assert (wrong < 1e-3).all()
