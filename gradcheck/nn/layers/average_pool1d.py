"""Means over windows of signals."""

from __future__ import annotations

from gradcheck.nn.layers._pooling import AveragePooling


class AveragePool1D(AveragePooling):
    """The mean of each window, channel by channel.

    x has the shape (samples, channels, length) and y the same with ⌊(length + 2 · padding − size)/stride⌋ + 1 for
    its length.

    Parameters
    ----------
    size : int
        Of the window.
    stride : int, optional
        Distance of neighbouring windows; without it the size, and they do not overlap.
    padding : int or tuple of a pair of int
        Zeros on both sides, fewer than the size;
        ``((before, after),)`` for each side its own.
    include_padding : bool
        Whether the zeros of the padding count in the mean, or a window at the edge is divided by the number of places
        it has inside.

    Notes
    -----
    With n for what a window's sum is divided by, each place of it gets 1/n of its output's gradient; where windows
    overlap, gradients add up.

    Examples
    --------
    >>> layer = AveragePool1D(2)
    >>> layer.forward([[[1.0, 5.0, 3.0, 4.0]]])
    array([[[3. , 3.5]]])
    >>> layer.backward([[[1.0, 2.0]]])
    array([[[0.5, 0.5, 1. , 1. ]]])
    """

    axes = 1
