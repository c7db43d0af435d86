"""Transposed convolution of images."""

from __future__ import annotations

from gradcheck.nn.layers._transposed_convolution import TransposedConvolution


class ConvTranspose2D(TransposedConvolution):
    """y[s, o, h′, w′] = b[o] + Σ W[c, o, i, j] x[s, c, h, w], over c and all h, w, i, j that lead to h′ and w′.

    Here h′ = stride · h + dilation · i − padding, and w′ alike: the map that the input's gradient of `Conv2D` takes
    (M. D. Zeiler et al., Deconvolutional Networks, CVPR 2010). x has the shape (samples, inputs, height, width), W
    (inputs, outputs/groups, *size), b (outputs,), and y has the height (height − 1) · stride − 2 · padding +
    dilation · (size − 1) + 1 + output_padding, and its width alike.

    Parameters
    ----------
    inputs, outputs : int
        Numbers of channels.
    size : int or tuple of 2 int
        Of the kernel: one number for both axes, or one each.
    stride : int or tuple of 2 int
    padding : int, tuple of 2 int or of 2 pairs of int
        How much is cut off on both sides; ``((top, bottom), (left, right))`` for each side its own.
    output_padding : int or tuple of 2 int
        How much larger the output is made at the bottom and on the right, to choose among the sizes that a convolution
        of this stride takes to one; below the stride or the dilation.
    dilation : int or tuple of 2 int
        Distance of neighbouring places of the kernel.
    groups : int
        The channels fall into so many groups, and each output sees the inputs of its group alone.
    bias : bool
    scale : {"glorot", "he", "lecun"} or float
        Rule for the standard deviation of the initial weights, or the standard deviation; biases start at 0.
    rng : None, int, SeedSequence or Generator
    dtype : dtype

    Notes
    -----
    With the upstream gradient U and sums over what the left side does not name: ∂L/∂W[c, o, i, j] =
    Σ x[s, c, h, w] U[s, o, h′, w′], ∂L/∂b[o] = Σ U[s, o, h′, w′], and ∂L/∂x[s, c, h, w] =
    Σ W[c, o, i, j] U[s, o, h′, w′].

    Examples
    --------
    >>> import numpy as np
    >>> layer = ConvTranspose2D(8, 3, 2, stride=2, rng=0)
    >>> layer.forward(np.ones((2, 8, 5, 4))).shape
    (2, 3, 10, 8)
    >>> layer.backward(np.ones((2, 3, 10, 8))).shape, layer.grads["W"].shape
    ((2, 8, 5, 4), (8, 3, 2, 2))
    """

    axes = 2
