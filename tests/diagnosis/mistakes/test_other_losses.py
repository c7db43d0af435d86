"""The losses of `gradcheck.nn` at the predictions of another loss: which accept them, and which are the same loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck import nn
from gradcheck.diagnosis.mistakes.other_losses import known_losses, same_loss
from gradcheck.subjects.views import LossView

P = np.array([[0.2, 0.7], [0.6, 0.1]])
LABELS = np.array([[0.0, 1.0], [1.0, 0.0]])


def view(criterion: Any, prediction: Any = P, target: Any = LABELS) -> LossView:
    return LossView(criterion, prediction, target, float(criterion.forward(prediction, target)))


def test_each_has_its_own_value_and_gradient() -> None:
    found = {known.name: known for known in known_losses(view(nn.BinaryCrossEntropy()))}
    np.testing.assert_allclose(found["MeanSquaredError"].value, np.mean((P - LABELS) ** 2))
    np.testing.assert_allclose(found["MeanSquaredError"].gradient, 2 * (P - LABELS) / P.size)


def test_losses_of_other_predictions_and_targets_are_left_out() -> None:
    """Cross-entropy takes one class for each sample, not a table of numbers; logarithms accept any prediction."""
    numbers = {known.name for known in known_losses(view(nn.MeanSquaredError(), 3 * P, -2.5 * P))}
    assert "Huber" in numbers
    assert "CrossEntropy" not in numbers
    classes = {known.name for known in known_losses(view(nn.CrossEntropyWithLogits(), P, np.array([1, 0])))}
    assert {"CrossEntropyWithLogits", "NegativeLogLikelihood"} <= classes
    assert "MeanSquaredError" not in classes


def test_a_derived_loss_and_one_with_an_epsilon_are_the_same_loss() -> None:
    class Clipped(nn.BinaryCrossEntropy):
        def _elements(self, prediction: Any, target: Any) -> Any:
            return super()._elements(prediction.clip(0.3, 0.7), target)

    class Shifted:
        """Another class, whose value differs by an epsilon."""

        def forward(self, prediction: Any, target: Any) -> float:
            return float(nn.BinaryCrossEntropy().forward(prediction + 1e-8, target))

    for criterion in (Clipped(), Shifted()):
        loss = view(criterion)
        same = {known.name for known in known_losses(loss) if same_loss(known, loss)}
        assert "BinaryCrossEntropy" in same
        assert "MeanSquaredError" not in same
