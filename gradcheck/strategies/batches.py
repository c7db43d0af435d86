"""The strategy `batches`: batches for a network, a layer, or samples of a shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.errors import SubjectTypeError
from gradcheck.nn import Layer, Network
from gradcheck.strategies.arguments import check_bounds
from gradcheck.strategies.drawn import sample_weights, target_for
from gradcheck.strategies.numbers import SEEDS, numbers
from gradcheck.strategies.shapes import Shape

#: Decimals of all numbers, so that a batch can be read and typed.
DECIMALS = 2


def batches(
    target: Network | Layer | None = None,
    *,
    shape: Shape | None = None,
    min_samples: int = 1,
    max_samples: int = 4,
    weighted: bool = False,
) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw batches: ``(X, y)`` for a network, ``(X,)`` for a layer or for samples of a shape.

    Parameters
    ----------
    target : Network or Layer, optional
        For one that was drawn, the shape of a sample is known.
    shape : tuple of int, optional
        Shape of one sample.
    min_samples, max_samples : int
    weighted : bool
        Whether batches of a network are ``(X, y, weight)``.

    Returns
    -------
    SearchStrategy of tuple
        Numbers have two decimals, are not 0, and no two are equal; batches of more than 200 numbers have all digits.
        Shrinks to few samples.

    Raises
    ------
    SubjectError, SubjectTypeError
        If no number lies between the bounds, or the shape of a sample is not known.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(batches(shape=(2,), min_samples=3), lambda batch: True)[0].shape
    (3, 2)
    """
    check_bounds("samples", min_samples, max_samples)
    example = getattr(target, "batch", None)
    if shape is None and example is None:
        whose = "samples of any shape" if target is None else repr(target)
        raise SubjectTypeError(f"batches for {whose}: pass the shape of one sample, batches(..., shape=(3,))")
    X = np.zeros((1, *(shape or ()))) if example is None else example[0]
    vocabulary = int(_first_layer(target).vocabulary) if X.dtype.kind in "iu" else None
    sample = X.shape[1:] if shape is None else tuple(shape)
    return st.builds(
        lambda samples, seed: _batch(target, (samples, *sample), seed, vocabulary, weighted),
        st.integers(min_samples, max_samples),
        SEEDS,
    )


def _first_layer(target: Any) -> Any:
    """The layer that takes the indices."""
    return target.layers[0] if isinstance(target, Network) else target


def _batch(target: Any, shape: Shape, seed: int, vocabulary: int | None, weighted: bool) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    X = numbers(rng, shape, DECIMALS) if vocabulary is None else rng.integers(0, vocabulary, shape)
    if not isinstance(target, Network):
        return (X,)
    batch = X, target_for(target.criterion, rng, target.forward(X).shape)
    return (*batch, sample_weights(rng, shape[0], DECIMALS)) if weighted else batch
