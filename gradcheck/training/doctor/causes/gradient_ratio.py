"""The gradient at the first layer relative to the last: shared by `vanishing_gradient` and `exploding_gradient`."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck.training.doctor.backward_norms import LayerGradient
from gradcheck.training.doctor.measurements import Measurements

#: Number of layers with weights from which a trend across layers is meaningful.
MIN_LAYERS = 3


@dataclass(frozen=True)
class GradientRatio:
    """Gradients at the first and the last layer with weights.

    Attributes
    ----------
    first, last : LayerGradient
    layers : int
        Number of layers with weights.
    """

    first: LayerGradient
    last: LayerGradient
    layers: int

    @property
    def ratio(self) -> float:
        """First over last."""
        return self.first.rms / self.last.rms

    def evidence(self, threshold: str) -> str:
        """The numbers, with the threshold in words."""
        per_layer = self.ratio ** (1 / (self.layers - 1))
        return (
            f"root mean square of the gradient {self.first.rms:.2g} at {self.first.name}, {self.last.rms:.2g} at "
            f"{self.last.name}: a factor of {per_layer:.2g} per layer, {self.ratio:.1g} in all ({threshold})"
        )


def gradient_ratio(measurements: Measurements) -> GradientRatio | None:
    """The ratio where it explains a stall; None for rules that divide by the size of the gradient, and few layers."""
    rule, gradients = measurements.run.update_rule, measurements.layer_gradients
    if rule is None or rule.effective_step is None or not measurements.stalled or len(gradients) < MIN_LAYERS:
        return None
    first, last = gradients[0], gradients[-1]
    return GradientRatio(first, last, len(gradients)) if first.rms > 0 and last.rms > 0 else None
