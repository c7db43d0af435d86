"""GC304: the derivative of another activation."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes._elementwise import slopes
from gradcheck.diagnosis.mistakes.mistake import Known, Mistake, Variant, changes
from gradcheck.nn import ELU, GELU, SELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softplus, Tanh
from gradcheck.nn.activations.activation import Activation

#: Activations that act on every number alone; those that are one formula with another constant come after the plain.
ACTIVATIONS: tuple[type[Activation], ...] = (Sigmoid, Tanh, ReLU, LeakyReLU, ELU, SELU, GELU, SiLU, Softplus)


class WrongActivationDerivative(Mistake):
    """U h′(z), with h another activation."""

    code, slug = "GC304", "wrong-activation-derivative"
    says = "with the derivative of another activation"
    fix = "Use the derivative of the activation that the forward pass applies."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Each other activation of `gradcheck.nn`."""
        layer = scene.activation(block)
        if layer is None:
            return
        right = slopes(layer.forward, layer.x)
        for kind in ACTIVATIONS:
            claim = layer.upstream * kind().derivative(layer.x)
            if changes(claim, layer.upstream * right) and changes(claim, layer.upstream):
                yield Known(f"that of {kind.__name__}", claim)
