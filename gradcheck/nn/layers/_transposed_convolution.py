"""Transposed convolution along any number of axes."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.initial import Scale, normal
from gradcheck.nn.layer import RNG, Array, Layer
from gradcheck.nn.layers._convolution import along_channels, as_columns, check_channels, samples_first
from gradcheck.nn.layers._windows import AXES, Padding, Sizes, Windows, pairs, sizes


class TransposedConvolution(Layer):
    """Transposed convolution; subclasses set the number of axes.

    The forward pass is the map from the upstream gradient of a convolution to the gradient of its input, and the
    backward pass is the forward pass of that convolution. The `Windows` lie over the output here.

    Parameters
    ----------
    inputs, outputs : int
    size : int or tuple of int
    stride, dilation : int or tuple of int
    padding : int or tuple
    output_padding : int or tuple of int
    groups : int
    bias : bool
    scale : {"glorot", "he", "lecun"} or float
    rng : None, int, SeedSequence or Generator
    dtype : dtype
    """

    #: Number of axes of an image: 1 for signals, 2 for images.
    axes: ClassVar[int]

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: Sizes,
        *,
        stride: Sizes = 1,
        padding: Padding = 0,
        output_padding: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        scale: Scale = "glorot",
        rng: RNG = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        check_channels(name, inputs, outputs, groups)
        self.inputs, self.outputs, self.size, self.stride, self.padding = inputs, outputs, size, stride, padding
        self.output_padding, self.dilation, self.groups = output_padding, dilation, groups
        self.bias, self.scale = bias, scale
        self._windows = Windows(
            sizes(name, "size", size, self.axes),
            sizes(name, "stride", stride, self.axes),
            pairs(name, padding, self.axes),
            sizes(name, "dilation", dilation, self.axes),
        )
        self._more = sizes(name, "output_padding", output_padding, self.axes, least=0)
        for more, step, spread in zip(self._more, self._windows.stride, self._windows.dilation, strict=True):
            if more >= max(step, spread):
                raise ValueError(
                    f"{name}: output_padding must be smaller than the stride or the dilation, got {output_padding!r} "
                    f"with stride={stride!r} and dilation={dilation!r}"
                )
        shape = inputs, outputs // groups, *self._windows.size
        positions = math.prod(shape[2:])
        fans = inputs // groups * positions, outputs // groups * positions
        self.params["W"] = normal(shape, *fans, scale=scale, rng=rng, dtype=dtype)
        if bias:
            self.params["b"] = np.zeros(outputs, dtype)

    def forward(self, x: Array) -> Array:
        """Output of shape (samples, outputs, *image) for x of shape (samples, inputs, *windows)."""
        x = self._input(x, self.inputs, *AXES[self.axes])
        counts = x.shape[2:]
        image = self._windows.image(counts, self._more)
        if min(image) < 1:
            raise ValueError(f"{self!r}: padding leaves nothing of an input of shape {x.shape}")
        columns = as_columns(np.array(x.swapaxes(0, 1), order="C"), self.groups, x.shape[0], counts)
        held = (self._rows().swapaxes(1, 2) @ columns).reshape(self.outputs, -1, x.shape[0], *counts)
        y = samples_first(self._windows.scatter(held, image))
        if self.bias:
            y += along_channels(self.params["b"], self.axes)
        self._keep(x.shape, columns, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of the shape of the input."""
        slope = self._parameter_gradients(upstream)
        shape = self._kept(upstream)[0]
        return samples_first((self._rows() @ slope).reshape(self.inputs, shape[0], *shape[2:]))

    def parameter_gradients(self, upstream: Array) -> None:
        """Set the gradients of W and b without the product that `backward` returns."""
        self._parameter_gradients(upstream)

    def _parameter_gradients(self, upstream: Array) -> Array:
        """Set the gradients of W and b; return the windows of the upstream gradient as columns."""
        shape, columns, _ = self._kept(upstream)
        upstream = np.asarray(upstream)
        held = self._windows.gather(upstream.swapaxes(0, 1), shape[2:])
        slope = as_columns(held, self.groups, shape[0], shape[2:])
        self.grads["W"] = (columns @ slope.swapaxes(1, 2)).reshape(self.params["W"].shape)
        if self.bias:
            self.grads["b"] = upstream.sum(axis=(0, *range(2, upstream.ndim)))
        return slope

    def _rows(self) -> Array:
        """The kernels of each input channel as the rows of one matrix for each group."""
        return self.params["W"].reshape(self.groups, self.inputs // self.groups, -1)
