"""Average pooling of signals."""

from __future__ import annotations

from gradcheck.nn.layers._pooling import AveragePooling


class AveragePool1D(AveragePooling):
    """The mean of each window of each channel.

    x has the shape (samples, channels, length). y has the same shape, but length
    ⌊(length + 2 · padding − size)/stride⌋ + 1.

    Parameters
    ----------
    size : int
        Size of the window.
    stride : int, optional
        Distance between windows; by default the size, for windows that do not overlap.
    padding : int or tuple of a pair of int
        Zeros on both sides, fewer than the size; ``((before, after),)`` sets each side.
    include_padding : bool
        Whether the zeros of the padding count in the mean. Otherwise the sum is divided by the number of positions
        inside of the image.

    Notes
    -----
    Each position of a window gets 1/n of the gradient of its output, where n is the divisor of its mean. Where windows
    overlap, gradients are added.

    Examples
    --------
    >>> layer = AveragePool1D(2)
    >>> layer.forward([[[1.0, 5.0, 3.0, 4.0]]])
    array([[[3. , 3.5]]])
    >>> layer.backward([[[1.0, 2.0]]])
    array([[[0.5, 0.5, 1. , 1. ]]])
    """

    axes = 1
