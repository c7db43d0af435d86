"""Max pooling of images."""

from __future__ import annotations

from gradcheck.nn.layers._pooling import MaxPooling


class MaxPool2D(MaxPooling):
    """The largest number of each window of each channel.

    x has the shape (samples, channels, height, width). y has the same shape, but height
    ⌊(height + 2 · padding − size)/stride⌋ + 1, and likewise for the width.

    Parameters
    ----------
    size : int or tuple of 2 int
        Size of the window: one number for both axes, or one for each.
    stride : int or tuple of 2 int, optional
        Distance between windows; by default the size, for windows that do not overlap.
    padding : int, tuple of 2 int or of 2 pairs of int
        Positions on both sides that are never the largest, fewer than the size; ``((top, bottom), (left, right))`` sets
        each side.

    Notes
    -----
    The gradient of an output goes to the largest number of its window, or to the first of several equal ones in C
    order, as in PyTorch. At such a tie the derivative jumps, and this choice is a one-sided derivative. Where windows
    overlap, gradients are added. NaN counts as the largest number.

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
