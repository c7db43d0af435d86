"""GC302 extra-activation-derivative: the gradient is multiplied by the activation's derivative once too often."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.elementwise import elementwise_derivative
from gradcheck.diagnosis.mistakes.mistake import ExactArray, Mistake, Permutation, SampleWeights, Variant, differs
from gradcheck.diagnosis.mistakes.sample_weights import OUTPUT_DERIVATIVES
from gradcheck.nn import Sigmoid, Softmax, Tanh

Array = NDArray[Any]

#: Derivatives below this count as this where they are divided by: a saturated unit has a derivative of zero.
SMALLEST_DERIVATIVE = 1e-12


class ExtraActivationDerivative(Mistake):
    """U f′(z)² at an activation; (p − y) σ′(z) where sigmoid and cross-entropy leave p − y."""

    code, slug = "GC302", "extra-activation-derivative"
    description = "the gradient is multiplied by the activation's derivative f′(z) once too often"
    fix = (
        "Remove the factor f′(z). With a sigmoid or softmax output and cross-entropy it cancels: dJ/dz is p − y, "
        "divided by the number of samples."
    )

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield it at an activation, at a loss of logits, and at the output of a model whose batch can be split."""
        layer, loss = context.activation(block), context.loss
        if layer is not None:
            factor = elementwise_derivative(layer.forward, layer.x)
            claim = layer.upstream * factor * factor
            if differs(claim, layer.upstream * factor):
                yield ExactArray("", claim)
        if loss is not None and loss.logits:
            for name, factor in _activation_derivatives(loss.prediction):
                inverse = 1 / np.maximum(factor, SMALLEST_DERIVATIVE)
                yield Permutation(name, block, partial(np.multiply, factor), partial(np.multiply, inverse))
        if context.view is None:
            for name, weights in OUTPUT_DERIVATIVES.items():
                yield SampleWeights(name, weights)


def _activation_derivatives(z: Array) -> Iterator[tuple[str, Array]]:
    """Yield the derivatives of the activations that a loss of logits may contain."""
    p = Sigmoid().forward(z)
    yield "σ′(z) = p(1 − p)", p * (1 - p)
    if z.ndim > 1:
        p = Softmax().forward(z)
        yield "p(1 − p) of the softmax", p * (1 - p)
    yield "tanh′(z)", 1 - Tanh().forward(z) ** 2
