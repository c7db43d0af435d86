"""The strategy `shapes`: shapes of one sample."""

from __future__ import annotations

from hypothesis import strategies as st

from gradcheck.strategies.arguments import check_bounds

Shape = tuple[int, ...]


def shapes(*, min_axes: int = 1, max_axes: int = 3, min_size: int = 1, max_size: int = 5) -> st.SearchStrategy[Shape]:
    """Draw shapes of one sample: a row of numbers, a signal or sequence, or an image.

    Parameters
    ----------
    min_axes, max_axes : int
    min_size, max_size : int
        Bounds of the size of each axis.

    Returns
    -------
    SearchStrategy of tuple of int
        Shrinks to few axes and small sizes.

    Raises
    ------
    SubjectError
        If no number lies between the bounds.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(shapes(min_size=2), lambda shape: True)
    (2,)
    """
    check_bounds("axes", min_axes, max_axes, floor=0)
    check_bounds("size", min_size, max_size)
    return st.lists(st.integers(min_size, max_size), min_size=min_axes, max_size=max_axes).map(tuple)
