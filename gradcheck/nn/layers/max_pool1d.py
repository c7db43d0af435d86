"""Max pooling of signals."""

from __future__ import annotations

from gradcheck.nn.layers._pooling import MaxPooling


class MaxPool1D(MaxPooling):
    """The largest number of each window of each channel.

    x has the shape (samples, channels, length). y has the same shape, but length
    ⌊(length + 2 · padding − size)/stride⌋ + 1.

    Parameters
    ----------
    size : int
        Size of the window.
    stride : int, optional
        Distance between windows; by default the size, for windows that do not overlap.
    padding : int or tuple of a pair of int
        Positions on both sides that are never the largest, fewer than the size; ``((before, after),)`` sets each side.

    Notes
    -----
    The gradient of an output goes to the largest number of its window, or to the first of several equal ones in C
    order, as in PyTorch. At such a tie the derivative jumps, and this choice is a one-sided derivative. Where windows
    overlap, gradients are added. NaN counts as the largest number.

    Examples
    --------
    >>> layer = MaxPool1D(2)
    >>> layer.forward([[[1.0, 5.0, 3.0, 3.0]]])
    array([[[5., 3.]]])
    >>> layer.backward([[[1.0, 2.0]]])
    array([[[0., 1., 2., 0.]]])
    """

    axes = 1
