"""Average pooling of images."""

from __future__ import annotations

from gradcheck.nn.layers._pooling import AveragePooling


class AveragePool2D(AveragePooling):
    """The mean of each window of each channel.

    x has the shape (samples, channels, height, width). y has the same shape, but height
    ⌊(height + 2 · padding − size)/stride⌋ + 1, and likewise for the width.

    Parameters
    ----------
    size : int or tuple of 2 int
        Size of the window: one number for both axes, or one for each.
    stride : int or tuple of 2 int, optional
        Distance between windows; by default the size, for windows that do not overlap.
    padding : int, tuple of 2 int or of 2 pairs of int
        Zeros on both sides, fewer than the size; ``((top, bottom), (left, right))`` sets
        each side.
    include_padding : bool
        Whether the zeros of the padding count in the mean. Otherwise the sum is divided by the number of positions
        inside of the image.

    Notes
    -----
    Each position of a window gets 1/n of the gradient of its output, where n is the divisor of its mean. Where windows
    overlap, gradients are added.

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
