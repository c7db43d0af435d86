"""The strategy `smooth_points`: points with no kink, tie or edge of the domain near them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn import Network
from gradcheck.strategies.batches import DECIMALS, batches
from gradcheck.strategies.numbers import SEEDS, numbers
from gradcheck.strategies.shapes import Shape
from gradcheck.strategies.smoothness import smooth
from gradcheck.testing.cases import Array


def smooth_points(
    target: Network | Callable[[Array], float],
    *,
    shape: Shape | None = None,
    margin: float = 2.0**-10,
    min_samples: int = 1,
    max_samples: int = 4,
) -> st.SearchStrategy[Any]:
    """Draw points of a function, or batches of a network, with no kink, tie or edge of the domain near them.

    Parameters
    ----------
    target : callable or Network
        A function that takes an array and returns a number; or a network, whose loss is taken as a function of its
        input and its parameters.
    shape : tuple of int, optional
        Shape of the function's argument, or of one sample of a network that was not drawn.
    margin : float
        The distance that is kept: all entries are moved by up to this, along six random diagonals, and no kink may be
        met there.
    min_samples, max_samples : int
        Samples of a batch, for a network.

    Returns
    -------
    SearchStrategy of ndarray, or of tuple
        Arrays for a function, ``(X, y)`` for a network.

    Raises
    ------
    SubjectError, SubjectTypeError
        If no number lies between the bounds, or the shape is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import find
    >>> float(abs(find(smooth_points(lambda x: np.abs(x).sum(), shape=(1,)), lambda x: True))[0]) > 2**-10
    True
    """
    if not (isinstance(margin, (int, float)) and 0 < margin < np.inf):
        raise SubjectError(f"margin must be a positive number, got {margin!r}")
    if isinstance(target, Network):
        found = batches(target, shape=shape, min_samples=min_samples, max_samples=max_samples)
        return found.filter(lambda batch: _network_is_smooth(target, batch, margin))
    if not callable(target):
        raise SubjectTypeError(f"smooth_points cannot use {target!r}: pass a function of an array, or a network")
    if shape is None:
        raise SubjectTypeError("pass the shape of the function's argument, smooth_points(function, shape=(3,))")
    return st.builds(lambda seed: numbers(np.random.default_rng(seed), shape, DECIMALS), SEEDS).filter(
        lambda x: smooth(target, x, margin=margin, rng=np.random.default_rng(0))
    )


def _network_is_smooth(network: Network, batch: tuple[Any, ...], margin: float) -> bool:
    """Whether the loss is smooth in the parameters, and in the inputs unless these are indices; restores all."""
    blocks = {name: np.array(value) for name, value in network.params.items()}
    movable = np.asarray(batch[0]).dtype.kind == "f"
    start = np.concatenate([x.ravel() for x in (*blocks.values(), *([batch[0]] if movable else []))])

    def loss(flat: Array) -> float:
        done = 0
        for name, value in blocks.items():
            network.params[name][...] = flat[done : done + value.size].reshape(value.shape)
            done += value.size
        X = flat[done:].reshape(batch[0].shape) if movable else batch[0]
        return network.value(X, *batch[1:])

    try:
        return smooth(loss, start, margin=margin, rng=np.random.default_rng(0))
    finally:
        for name, value in blocks.items():
            network.params[name][...] = value
