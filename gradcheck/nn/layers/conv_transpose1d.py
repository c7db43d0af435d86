"""Transposed convolution of signals."""

from __future__ import annotations

from gradcheck.nn.layers._transposed_convolution import TransposedConvolution


class ConvTranspose1D(TransposedConvolution):
    """y[s, o, t′] = b[o] + Σ W[c, o, i] x[s, c, t], over c and all t, i with stride · t + dilation · i − padding = t′.

    It is the map from the upstream gradient of `Conv1D` to the gradient of its input. x has the shape
    (samples, inputs, length), W (inputs, outputs/groups, size), b (outputs,), and y (samples, outputs, length of the
    output), which is (length − 1) · stride − 2 · padding + dilation · (size − 1) + 1 + output_padding.

    Parameters
    ----------
    inputs, outputs : int
        Numbers of channels.
    size : int
        Size of the kernel.
    stride : int
    padding : int or tuple of a pair of int
        Number of outputs cut off on both sides; ``((before, after),)`` sets each side.
    output_padding : int
        Additional length at the end of the output, to choose among the lengths that `Conv1D` with this stride maps to
        the same length; smaller than the stride or the dilation.
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
    With the upstream gradient U and sums over all indices that the left side does not have:
    ∂L/∂W[c, o, i] = Σ x[s, c, t] U[s, o, t′], ∂L/∂b[o] = Σ U[s, o, t′], and ∂L/∂x[s, c, t] = Σ W[c, o, i] U[s, o, t′].

    Examples
    --------
    >>> layer = ConvTranspose1D(1, 1, 2, stride=2)
    >>> layer.params["W"][...] = [[[1.0, 10.0]]]
    >>> layer.forward([[[1.0, 2.0]]])
    array([[[ 1., 10.,  2., 20.]]])
    >>> layer.backward([[[1.0, 0.0, 1.0, 1.0]]])
    array([[[ 1., 11.]]])
    """

    axes = 1
