"""GC306 softmax-diagonal: the softmax is differentiated as if it were an elementwise function."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import ExactArray, Mistake, Variant

#: Probabilities sum to 1 within this, also in float32.
SUM_TOLERANCE = 1e-5


class SoftmaxDiagonal(Mistake):
    """Only the diagonal of the Jacobian of softmax or log-softmax."""

    code, slug = "GC306", "softmax-diagonal"
    description = "only the diagonal of the softmax Jacobian is used"
    fix = "Use the whole Jacobian: s * (upstream - (upstream * s).sum(axis=-1, keepdims=True))."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield U times the diagonal, if the outputs or their exponentials are positive and sum to 1."""
        layer = context.layer
        if layer is None or not context.is_input(block) or layer.x.shape != layer.y.shape:
            return
        y = layer.y
        exponentials = np.exp(np.minimum(y, 1.0))  # an output above 0 is no log-probability; the bound avoids overflow
        for probabilities, diagonal in ((y, y * (1 - y)), (exponentials, 1 - exponentials)):
            for axis in range(y.ndim):
                positive = y.shape[axis] > 1 and (probabilities > 0).all()
                if positive and np.allclose(probabilities.sum(axis=axis), 1, rtol=SUM_TOLERANCE, atol=0.0):
                    yield ExactArray("", layer.upstream * diagonal)
                    return
