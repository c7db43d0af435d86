"""Transposed convolution of images."""

from __future__ import annotations

from gradcheck.nn.layers._transposed_convolution import TransposedConvolution


class ConvTranspose2D(TransposedConvolution):
    """y[s, o, h′, w′] = b[o] + Σ W[c, o, i, j] x[s, c, h, w], over c and all h, w, i, j with these h′ and w′.

    Here h′ = stride · h + dilation · i − padding, and likewise for w′. It is the map from the upstream gradient of
    `Conv2D` to the gradient of its input (M. D. Zeiler et al., Deconvolutional Networks, CVPR 2010). x has the shape
    (samples, inputs, height, width), W (inputs, outputs/groups, *size) and b (outputs,). The height of y is
    (height − 1) · stride − 2 · padding + dilation · (size − 1) + 1 + output_padding, and likewise for the width.

    Parameters
    ----------
    inputs, outputs : int
        Numbers of channels.
    size : int or tuple of 2 int
        Size of the kernel: one number for both axes, or one for each.
    stride : int or tuple of 2 int
    padding : int, tuple of 2 int or of 2 pairs of int
        Rows and columns cut off on both sides; ``((top, bottom), (left, right))`` sets each side.
    output_padding : int or tuple of 2 int
        Additional rows and columns at the bottom and on the right of the output, to choose among the sizes that
        `Conv2D` with this stride maps to the same size; smaller than the stride or the dilation.
    dilation : int or tuple of 2 int
        Distance between neighbouring positions of the kernel.
    groups : int
        Number of groups of channels. Each output depends only on the inputs of its group.
    bias : bool
    scale : {"glorot", "he", "lecun"} or float
        Rule for the standard deviation of the initial weights, or the standard deviation itself. Biases start at 0.
    rng : None, int, SeedSequence or Generator
    dtype : dtype

    Notes
    -----
    With the upstream gradient U and sums over all indices that the left side does not have:
    ∂L/∂W[c, o, i, j] = Σ x[s, c, h, w] U[s, o, h′, w′], ∂L/∂b[o] = Σ U[s, o, h′, w′], and
    ∂L/∂x[s, c, h, w] = Σ W[c, o, i, j] U[s, o, h′, w′].

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
