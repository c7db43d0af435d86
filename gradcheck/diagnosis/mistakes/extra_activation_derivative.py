"""GC302: f′(z) once too often."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes._elementwise import slopes
from gradcheck.diagnosis.mistakes._samples import by_output
from gradcheck.diagnosis.mistakes.mistake import Known, Mistake, Moved, Variant, Weighted, changes
from gradcheck.nn import Sigmoid, Softmax, Tanh

Array = NDArray[Any]


class ExtraActivationDerivative(Mistake):
    """U f′(z)²; or p − y times σ′(z), from which sigmoid and cross-entropy had cancelled it."""

    code, slug = "GC302", "extra-activation-derivative"
    says = "with a factor f′(z) too many"
    fix = (
        "Leave the factor out: with a sigmoid or softmax output and cross-entropy, dJ/dz is p − y, over the number of "
        "samples; f′(z) has cancelled."
    )

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """At an activation, before a loss of logits, and at the output of a model whose batch can be split."""
        layer, loss = scene.activation(block), scene.loss
        if layer is not None:
            factor = slopes(layer.forward, layer.x)
            claim = layer.upstream * factor * factor
            if changes(claim, layer.upstream * factor):
                yield Known("", claim)
        if loss is not None and loss.logits:
            for name, factor in _factors(loss.prediction):
                yield Moved(
                    name, block, partial(np.multiply, factor), partial(np.multiply, 1 / np.maximum(factor, 1e-12))
                )
        if scene.view is None:
            for name, weights in by_output().items():
                yield Weighted(name, weights)


def _factors(z: Array) -> Iterator[tuple[str, Array]]:
    """Derivatives of activations that a loss of logits contains."""
    p = Sigmoid().forward(z)
    yield "σ′(z) = p(1 − p)", p * (1 - p)
    if z.ndim > 1:
        p = Softmax().forward(z)
        yield "p(1 − p) of the softmax", p * (1 - p)
    yield "tanh′(z)", 1 - Tanh().forward(z) ** 2
