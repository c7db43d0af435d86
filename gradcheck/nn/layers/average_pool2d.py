"""Means over windows of images."""

from __future__ import annotations

from gradcheck.nn.layers._pooling import AveragePooling


class AveragePool2D(AveragePooling):
    """The mean of each window, channel by channel.

    x has the shape (samples, channels, height, width) and y the same with ⌊(height + 2 · padding − size)/stride⌋ + 1
    for its height, and the width alike.

    Parameters
    ----------
    size : int or tuple of 2 int
        Of the window: one number for both axes, or one each.
    stride : int or tuple of 2 int, optional
        Distance of neighbouring windows; without it the size, and they do not overlap.
    padding : int, tuple of 2 int or of 2 pairs of int
        Zeros on both sides, fewer than the size;
        ``((top, bottom), (left, right))`` for each side its own.
    include_padding : bool
        Whether the zeros of the padding count in the mean, or a window at the edge is divided by the number of places
        it has inside.

    Notes
    -----
    With n for what a window's sum is divided by, each place of it gets 1/n of its output's gradient; where windows
    overlap, gradients add up.

    Examples
    --------
    >>> layer = AveragePool2D(2)
    >>> layer.forward([[[[1.0, 5.0, 3.0, 3.0], [2.0, 4.0, 3.0, 0.0]]]])
    array([[[[3.  , 2.25]]]])
    >>> layer.backward([[[[4.0, 8.0]]]])
    array([[[[1., 1., 2., 2.],
             [1., 1., 2., 2.]]]])
    """

    axes = 2
