from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.optimisers.irprop_minus import IRpropMinus
from tests.nn.optimisers.trajectory import assert_same_path, run, start
from tests.nn.reference import torch


@pytest.mark.parametrize(
    ("rate", "shrink", "grow", "smallest", "largest"),
    [(0.01, 0.5, 1.2, 1e-6, 50.0), (0.1, 0.3, 1.5, 0.02, 0.15), (0.5, 0.9, 1.1, 1e-3, 0.5)],
)
def test_agrees_with_torch(rate: float, shrink: float, grow: float, smallest: float, largest: float) -> None:
    assert_same_path(
        IRpropMinus(rate, shrink=shrink, grow=grow, smallest=smallest, largest=largest),
        lambda params: torch.optim.Rprop(params, lr=rate, etas=(shrink, grow), step_sizes=(smallest, largest)),
    )


def test_parameters_pause_for_a_step_after_a_change_of_sign() -> None:
    path = [start(), *run(IRpropMinus(0.1))]
    moves = np.array([path[i + 1]["W"] - path[i]["W"] for i in range(50)])
    assert (moves == 0).any()
    assert not ((moves[1:] == 0) & (moves[:-1] == 0)).any()
    assert not (moves[1:] * moves[:-1] < 0).any()


def test_only_signs_matter() -> None:
    paths = []
    for scale in (1.0, 1e-200, 1e200):
        optimiser, params = IRpropMinus(0.1), {"W": np.ones(2)}
        for grad in ([1.0, -1.0], [2.0, 3.0], [1.0, 1.0], [-5.0, 2.0]):
            optimiser.step(params, {"W": scale * np.array(grad)})
        paths.append(params["W"])
    np.testing.assert_array_equal(paths[1], paths[0])
    np.testing.assert_array_equal(paths[2], paths[0])
