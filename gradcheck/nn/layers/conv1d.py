"""Convolution of signals."""

from __future__ import annotations

from gradcheck.nn.layers._convolution import Convolution


class Conv1D(Convolution):
    """y[s, o, t] = b[o] + Σ W[o, c, i] x[s, c, stride · t + dilation · i − padding], summed over c and i.

    x has the shape (samples, inputs, length), W (outputs, inputs/groups, size), b (outputs,) and y
    (samples, outputs, length of the output). Outside of its length, x is 0. As in PyTorch the kernel is not mirrored:
    in signal processing this is a correlation.

    Parameters
    ----------
    inputs, outputs : int
        Numbers of channels.
    size : int
        Size of the kernel.
    stride : int
    padding : int, tuple of a pair of int, "valid" or "same"
        Zeros on both sides; ``((before, after),)`` sets each side. "valid" means none. "same" means as many as
        keep the length, with an odd one at the end; it needs a stride of 1.
    dilation : int
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
    With the upstream gradient U, t′ = stride · t + dilation · i − padding, and sums over all indices that the left side
    does not have: ∂L/∂W[o, c, i] = Σ U[s, o, t] x[s, c, t′], ∂L/∂b[o] = Σ U[s, o, t], and
    ∂L/∂x[s, c, t′] = Σ U[s, o, t] W[o, c, i] over all t and i with this t′.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Conv1D(1, 1, 2)
    >>> layer.params["W"][...] = [[[-1.0, 1.0]]]
    >>> layer.forward([[[1.0, 4.0, 9.0]]])
    array([[[3., 5.]]])
    >>> layer.backward(np.ones((1, 1, 2)))
    array([[[-1.,  0.,  1.]]])
    """

    axes = 1
