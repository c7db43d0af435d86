"""Convolution of images."""

from __future__ import annotations

from gradcheck.nn.layers._convolution import Convolution


class Conv2D(Convolution):
    """y[s, o, h, w] = b[o] + Σ W[o, c, i, j] x[s, c, h′, w′], summed over c, i and j.

    Here h′ = stride · h + dilation · i − padding, and likewise for w′. x has the shape (samples, inputs, height,
    width), W (outputs, inputs/groups, *size), b (outputs,) and y (samples, outputs, height, width of the output).
    Outside of the image, x is 0. As in PyTorch the kernel is not mirrored: in signal processing this is a correlation.

    Parameters
    ----------
    inputs, outputs : int
        Numbers of channels.
    size : int or tuple of 2 int
        Size of the kernel: one number for both axes, or one for each.
    stride : int or tuple of 2 int
    padding : int, tuple of 2 int or of 2 pairs of int, "valid" or "same"
        Rows and columns of zeros on both sides; ``((top, bottom), (left, right))`` sets each side. "valid" means none.
        "same" means as many as keep the size, with an odd one at the end; it needs a stride of 1.
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
    With the upstream gradient U and sums over all indices that the left side does not have: ∂L/∂W[o, c, i, j] = Σ U[s,
    o, h, w] x[s, c, h′, w′], ∂L/∂b[o] = Σ U[s, o, h, w], and ∂L/∂x[s, c, h′, w′] = Σ U[s, o, h, w] W[o, c, i, j] over
    all h, w, i and j with these h′ and w′ (Y. LeCun et al., Neural Computation 1, 1989).

    Examples
    --------
    >>> import numpy as np
    >>> layer = Conv2D(3, 8, 3, padding="same", rng=0)
    >>> layer.forward(np.ones((2, 3, 5, 4))).shape
    (2, 8, 5, 4)
    >>> layer.backward(np.ones((2, 8, 5, 4))).shape, layer.grads["W"].shape
    ((2, 3, 5, 4), (8, 3, 3, 3))
    """

    axes = 2
