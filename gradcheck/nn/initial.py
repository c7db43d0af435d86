"""Random initial weights, scaled to keep signals and gradients of about the same size from layer to layer.

For units with n inputs and m outputs the standard deviations are √(2/(n + m)) (X. Glorot and Y. Bengio, AISTATS
2010), √(2/n) for ReLU (K. He et al., ICCV 2015) and √(1/n) (Y. LeCun et al., Efficient BackProp, 1998).
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.layer import RNG, Array

#: Name of a rule, or the standard deviation itself.
Scale = Literal["glorot", "he", "lecun"] | float


def normal(
    shape: tuple[int, ...], inputs: int, outputs: int, *, scale: Scale, rng: RNG, dtype: DTypeLike = np.float64
) -> Array:
    """Normally distributed weights.

    Parameters
    ----------
    shape : tuple of int
    inputs, outputs : int
        Number of inputs and of outputs of a unit.
    scale : {"glorot", "he", "lecun"} or float
        Rule for the standard deviation, or the standard deviation itself.
    rng : None, int, SeedSequence or Generator
    dtype : dtype

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If `scale` is neither a known rule nor a finite number of at least 0.

    Examples
    --------
    >>> normal((400, 200), 400, 200, scale="he", rng=0).std().round(3)
    np.float64(0.071)
    """
    deviations = {
        "glorot": math.sqrt(2 / (inputs + outputs)),
        "he": math.sqrt(2 / inputs),
        "lecun": math.sqrt(1 / inputs),
    }
    deviation = deviations.get(scale) if isinstance(scale, str) else float(scale)
    if deviation is None or not (math.isfinite(deviation) and deviation >= 0):
        rules = ", ".join(get_args(get_args(Scale)[0]))
        raise ValueError(f"scale must be one of {rules}, or a standard deviation; got {scale!r}")
    return (deviation * np.random.default_rng(rng).standard_normal(shape)).astype(dtype)
