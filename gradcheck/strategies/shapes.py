"""Shapes of one sample."""

from __future__ import annotations

from hypothesis import strategies as st

from gradcheck.strategies.bounds import bounded

Shape = tuple[int, ...]


def shapes(*, min_axes: int = 1, max_axes: int = 3, min_size: int = 1, max_size: int = 5) -> st.SearchStrategy[Shape]:
    """Shapes of one sample: a row of numbers, a signal or a sequence, an image.

    Parameters
    ----------
    min_axes, max_axes : int
    min_size, max_size : int
        Of an axis.

    Returns
    -------
    SearchStrategy of tuple of int
        Shrinks to few axes and small sizes.

    Raises
    ------
    SubjectError
        If the bounds leave nothing.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(shapes(min_size=2), lambda shape: True)
    (2,)
    """
    bounded("axes", min_axes, max_axes, floor=0)
    bounded("size", min_size, max_size)
    return st.lists(st.integers(min_size, max_size), min_size=min_axes, max_size=max_axes).map(tuple)
