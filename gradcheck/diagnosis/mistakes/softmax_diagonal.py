"""GC306: the softmax as if it acted on every number alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Known, Mistake, Variant


class SoftmaxDiagonal(Mistake):
    """Only the diagonal of the Jacobian of softmax or log-softmax."""

    code, slug = "GC306", "softmax-diagonal"
    says = "with only the diagonal of the softmax's Jacobian"
    fix = "Use the whole Jacobian: s * (upstream - (upstream * s).sum(axis=-1, keepdims=True))."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Where outputs, or their exponentials, are probabilities."""
        layer = scene.layer
        if layer is None or not scene.is_input(block) or layer.x.shape != layer.y.shape:
            return
        y = layer.y
        exponentials = np.exp(np.minimum(y, 1.0))
        for shares, diagonal in ((y, y * (1 - y)), (exponentials, 1 - exponentials)):
            for axis in range(y.ndim):
                if y.shape[axis] > 1 and (shares > 0).all() and np.allclose(shares.sum(axis=axis), 1, atol=1e-12):
                    yield Known("", layer.upstream * diagonal)
                    return
