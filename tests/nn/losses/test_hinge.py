from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.losses.hinge import Hinge
from gradcheck.nn.losses.loss import Reduction
from tests.nn.reference import assert_loss_agrees, tensor, torch


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4)])
def test_agrees_with_torch(reduction: Reduction, shape: tuple[int, ...]) -> None:
    prediction, target = 2 * np.random.default_rng(0).standard_normal((2, *shape))
    target = np.sign(target)
    prediction.flat[0] = target.flat[0]

    def hinge(p: Any) -> Any:
        elements = torch.relu(1 - tensor(target) * p)
        return elements if reduction == "none" else getattr(elements, reduction)()

    assert_loss_agrees(Hinge(reduction), hinge, prediction, target)


@pytest.mark.parametrize("wrong", [0, 0.5, 2])
def test_targets_of_other_signs_are_named(wrong: float) -> None:
    with pytest.raises(ValueError, match=rf"^Hinge\(reduction='mean'\): takes targets that are -1 or 1, got {wrong}"):
        Hinge()(np.ones(3), [1, -1, wrong])
