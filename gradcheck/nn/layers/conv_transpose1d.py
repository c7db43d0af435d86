"""Transposed convolution of signals."""

from __future__ import annotations

from gradcheck.nn.layers._transposed_convolution import TransposedConvolution


class ConvTranspose1D(TransposedConvolution):
    """y[s, o, t′] = b[o] + Σ W[c, o, i] x[s, c, t], over c and all t, i with stride · t + dilation · i − padding = t′.

    The map that the input's gradient of `Conv1D` takes. x has the shape (samples, inputs, length), W
    (inputs, outputs/groups, size), b (outputs,), and y (samples, outputs, (length − 1) · stride − 2 · padding +
    dilation · (size − 1) + 1 + output_padding).

    Parameters
    ----------
    inputs, outputs : int
        Numbers of channels.
    size : int
        Of the kernel.
    stride : int
    padding : int or tuple of a pair of int
        How much is cut off on both sides; ``((before, after),)`` for each side its own.
    output_padding : int
        How much longer the output is made at its end, to choose among the lengths that a convolution of this stride
        takes to one; below the stride or the dilation.
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
    With the upstream gradient U and sums over what the left side does not name: ∂L/∂W[c, o, i] =
    Σ x[s, c, t] U[s, o, t′], ∂L/∂b[o] = Σ U[s, o, t′], and ∂L/∂x[s, c, t] = Σ W[c, o, i] U[s, o, t′].

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
