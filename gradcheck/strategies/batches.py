"""Batches for a network or a layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.errors import SubjectTypeError
from gradcheck.nn import Layer, Network
from gradcheck.strategies.bounds import bounded
from gradcheck.strategies.drawn import target_of
from gradcheck.strategies.numbers import SEEDS, numbers
from gradcheck.strategies.shapes import Shape


def batches(
    target: Network | Layer | None = None,
    *,
    shape: Shape | None = None,
    min_samples: int = 1,
    max_samples: int = 4,
    weighted: bool = False,
) -> st.SearchStrategy[tuple[Any, ...]]:
    """Batches: ``(X, y)`` for a network, ``(X,)`` for a layer or for samples of a shape.

    Parameters
    ----------
    target : Network or Layer, optional
        A drawn one knows the shape of its samples.
    shape : tuple of int, optional
        Of one sample.
    min_samples, max_samples : int
    weighted : bool
        Whether batches of a network are ``(X, y, weight)``.

    Returns
    -------
    SearchStrategy of tuple
        Numbers have two decimals, are not 0, and no two of a few hundred are equal. Shrinks to few samples.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the bounds leave nothing, or the shape of a sample is not known.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(batches(shape=(2,), min_samples=3), lambda batch: True)[0].shape
    (3, 2)
    """
    bounded("samples", min_samples, max_samples)
    example = getattr(target, "batch", None)
    if shape is None and example is None:
        whose = "samples of any shape" if target is None else repr(target)
        raise SubjectTypeError(f"batches for {whose}: pass the shape of one sample, batches(..., shape=(3,))")
    X = np.zeros((1, *(shape or ()))) if example is None else example[0]
    indices = int(_table(target).vocabulary) if X.dtype.kind in "iu" else None
    sample = X.shape[1:] if shape is None else tuple(shape)
    return st.builds(
        lambda samples, seed: _batch(target, (samples, *sample), seed, indices, weighted),
        st.integers(min_samples, max_samples),
        SEEDS,
    )


def _table(target: Any) -> Any:
    """The layer that looks indices up."""
    return target.layers[0] if isinstance(target, Network) else target


def _batch(target: Any, shape: Shape, seed: int, indices: int | None, weighted: bool) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    X = numbers(rng, shape, 2) if indices is None else rng.integers(0, indices, shape)
    if not isinstance(target, Network):
        return (X,)
    batch = X, target_of(target.criterion, rng, target.forward(X).shape)
    return (*batch, np.round(rng.uniform(0.5, 2.0, shape[0]), 2)) if weighted else batch
