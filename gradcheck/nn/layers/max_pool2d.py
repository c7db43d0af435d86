"""Largest numbers of windows of images."""

from __future__ import annotations

from gradcheck.nn.layers._pooling import MaxPooling


class MaxPool2D(MaxPooling):
    """The largest number of each window, channel by channel.

    x has the shape (samples, channels, height, width) and y the same with ⌊(height + 2 · padding − size)/stride⌋ + 1
    for its height, and the width alike.

    Parameters
    ----------
    size : int or tuple of 2 int
        Of the window: one number for both axes, or one each.
    stride : int or tuple of 2 int, optional
        Distance of neighbouring windows; without it the size, and they do not overlap.
    padding : int, tuple of 2 int or of 2 pairs of int
        Places on both sides that never are the largest, fewer than the size;
        ``((top, bottom), (left, right))`` for each side its own.

    Notes
    -----
    The gradient of a window's output goes to the place of its largest number, and to the first of several equal ones
    in C order, as in PyTorch; there the derivative jumps, and this is the one from one side. Where windows overlap,
    gradients add up. NaN counts as the largest.

    Examples
    --------
    >>> layer = MaxPool2D(2)
    >>> layer.forward([[[[1.0, 5.0, 3.0, 3.0], [2.0, 4.0, 3.0, 0.0]]]])
    array([[[[5., 3.]]]])
    >>> layer.backward([[[[1.0, 2.0]]]])
    array([[[[0., 1., 2., 0.],
             [0., 0., 0., 0.]]]])
    """

    axes = 2
