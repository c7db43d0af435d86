"""Convolution of images."""

from __future__ import annotations

from gradcheck.nn.layers._convolution import Convolution


class Conv2D(Convolution):
    """y[s, o, h, w] = b[o] + Σ W[o, c, i, j] x[s, c, h′, w′], summed over c, i and j.

    Here h′ = stride · h + dilation · i − padding, and w′ alike. x has the shape (samples, inputs, height, width), W
    (outputs, inputs/groups, *size), b (outputs,) and y (samples, outputs, height and width of the output); outside of
    the image x is 0. As in PyTorch nothing is mirrored, so this is what signal processing calls a correlation.

    Parameters
    ----------
    inputs, outputs : int
        Numbers of channels.
    size : int or tuple of 2 int
        Of the kernel: one number for both axes, or one each.
    stride : int or tuple of 2 int
    padding : int, tuple of 2 int or of 2 pairs of int, "valid" or "same"
        Rows and columns of zeros on both sides; ``((top, bottom), (left, right))`` for each side its own. "valid"
        stands for none, "same" for as many as keep the size, of which the odd one goes behind; it takes a stride of 1.
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
    With the upstream gradient U and sums over what the left side does not name: ∂L/∂W[o, c, i, j] =
    Σ U[s, o, h, w] x[s, c, h′, w′], ∂L/∂b[o] = Σ U[s, o, h, w], and ∂L/∂x[s, c, h′, w′] = Σ U[s, o, h, w] W[o, c, i, j]
    over all h, w, i and j that lead to h′ and w′ (Y. LeCun et al., Neural Computation 1, 1989).

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
