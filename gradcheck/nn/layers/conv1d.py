"""Convolution of signals."""

from __future__ import annotations

from gradcheck.nn.layers._convolution import Convolution


class Conv1D(Convolution):
    """y[s, o, t] = b[o] + Σ W[o, c, i] x[s, c, stride · t + dilation · i − padding], summed over c and i.

    x has the shape (samples, inputs, length), W (outputs, inputs/groups, size), b (outputs,) and y
    (samples, outputs, length of the output); outside of its length x is 0. As in PyTorch nothing is mirrored, so this
    is what signal processing calls a correlation.

    Parameters
    ----------
    inputs, outputs : int
        Numbers of channels.
    size : int
        Of the kernel.
    stride : int
    padding : int, tuple of a pair of int, "valid" or "same"
        Zeros on both sides; ``((before, after),)`` for each side its own. "valid" stands for none, "same" for as many
        as keep the length, of which the odd one goes behind; it takes a stride of 1.
    dilation : int
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
    With the upstream gradient U, t′ for stride · t + dilation · i − padding, and sums over what the left side does not
    name: ∂L/∂W[o, c, i] = Σ U[s, o, t] x[s, c, t′], ∂L/∂b[o] = Σ U[s, o, t], and ∂L/∂x[s, c, t′] = Σ U[s, o, t]
    W[o, c, i] over all t and i that lead to t′.

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
