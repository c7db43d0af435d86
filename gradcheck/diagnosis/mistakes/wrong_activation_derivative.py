"""GC304 wrong-activation-derivative: the backward pass uses the derivative of another activation."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.elementwise import elementwise_derivative
from gradcheck.diagnosis.mistakes.mistake import ExactArray, Mistake, Variant, differs
from gradcheck.nn import ELU, GELU, SELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softplus, Tanh
from gradcheck.nn.activations.activation import Activation

#: Elementwise activations. Where two have the same derivative at z, the one that comes first is named, so the simpler
#: ones come before those with a parameter.
ACTIVATIONS: tuple[type[Activation], ...] = (Sigmoid, Tanh, ReLU, LeakyReLU, ELU, SELU, GELU, SiLU, Softplus)


class WrongActivationDerivative(Mistake):
    """U h′(z) instead of U f′(z), where h is another activation."""

    code, slug = "GC304", "wrong-activation-derivative"
    description = "the derivative of another activation is used"
    fix = "Use the derivative of the activation that the forward pass applies."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield U h′(z) for each other activation h of `gradcheck.nn`."""
        layer = context.activation(block)
        if layer is None:
            return
        right = elementwise_derivative(layer.forward, layer.x)
        for kind in ACTIVATIONS:
            claim = layer.upstream * kind().derivative(layer.x)
            if differs(claim, layer.upstream * right) and differs(claim, layer.upstream):
                yield ExactArray(kind.__name__, claim)
