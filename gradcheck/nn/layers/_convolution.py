"""Convolution along any number of axes, computed as a matrix product."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.initial import Scale, normal
from gradcheck.nn.layer import RNG, Array, Layer, check_sizes
from gradcheck.nn.layers._windows import AXES, NamedPadding, Sizes, Windows, pairs, sizes


class Convolution(Layer):
    """Convolution; subclasses set the number of axes.

    The contents of the windows are the columns of a matrix (im2col), and the kernels are the rows of another. One large
    product is faster than many small ones. The columns need as many times the memory of the image as the kernel has
    positions, and are stored for the backward pass.

    Parameters
    ----------
    inputs, outputs : int
    size : int or tuple of int
    stride, dilation : int or tuple of int
    padding : int, tuple, "valid" or "same"
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
        padding: NamedPadding = 0,
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
        self.inputs, self.outputs, self.size, self.stride = inputs, outputs, size, stride
        self.padding, self.dilation, self.groups, self.bias, self.scale = padding, dilation, groups, bias, scale
        self._windows = _windows(name, self.axes, size, stride, padding, dilation)
        shape = outputs, inputs // groups, *self._windows.size
        positions = math.prod(shape[2:])
        fans = inputs // groups * positions, outputs // groups * positions
        self.params["W"] = normal(shape, *fans, scale=scale, rng=rng, dtype=dtype)
        if bias:
            self.params["b"] = np.zeros(outputs, dtype)

    def forward(self, x: Array) -> Array:
        """Output of shape (samples, outputs, *windows) for x of shape (samples, inputs, *image)."""
        x = self._input(x, self.inputs, *AXES[self.axes])
        counts = self._windows.counts(x.shape[2:])
        if min(counts) < 1:
            raise ValueError(
                f"{self!r}: the kernel has extent {self._windows.reach}, which is larger than an input of shape "
                f"{x.shape} with its padding"
            )
        columns = as_columns(self._windows.gather(x.swapaxes(0, 1), counts), self.groups, x.shape[0], counts)
        y = samples_first((self._rows() @ columns).reshape(self.outputs, x.shape[0], *counts))
        if self.bias:
            y += along_channels(self.params["b"], self.axes)
        self._keep(x.shape, columns, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of the shape of the input."""
        slope = self._parameter_gradients(upstream)
        shape, _, y = self._kept(upstream)
        held = (self._rows().swapaxes(1, 2) @ slope).reshape(self.inputs, -1, shape[0], *y.shape[2:])
        return samples_first(self._windows.scatter(held, shape[2:]))

    def parameter_gradients(self, upstream: Array) -> None:
        """Set the gradients of W and b without the product that `backward` returns."""
        self._parameter_gradients(upstream)

    def _parameter_gradients(self, upstream: Array) -> Array:
        """Set the gradients of W and b; return the upstream gradient as columns."""
        shape, columns, y = self._kept(upstream)
        slope = as_columns(np.asarray(upstream).swapaxes(0, 1), self.groups, shape[0], y.shape[2:])
        self.grads["W"] = (slope @ columns.swapaxes(1, 2)).reshape(self.params["W"].shape)
        if self.bias:
            self.grads["b"] = slope.sum(axis=2).ravel()
        return slope

    def _rows(self) -> Array:
        """The kernels as the rows of one matrix for each group."""
        return self.params["W"].reshape(self.groups, self.outputs // self.groups, -1)


def check_channels(layer: str, inputs: int, outputs: int, groups: int) -> None:
    """Raise `ValueError` unless numbers of channels are multiples of the number of groups."""
    check_sizes(layer, inputs=inputs, outputs=outputs, groups=groups)
    if inputs % groups or outputs % groups:
        raise ValueError(
            f"{layer}: inputs and outputs must be multiples of groups = {groups}, got {inputs} and {outputs}"
        )


def as_columns(x: Array, groups: int, samples: int, image: tuple[int, ...]) -> Array:
    """Reshape (channels, ..., samples, *image) to a matrix for each group, with one column for each pixel."""
    return x.reshape(groups, -1, samples * math.prod(image))


def samples_first(x: Array) -> Array:
    """Copy (channels, samples, *image) to a contiguous array (samples, channels, *image)."""
    return np.ascontiguousarray(x.swapaxes(0, 1))


def along_channels(b: Array, axes: int) -> Array:
    """Reshape one number for each channel to be added to images with so many axes."""
    return b.reshape(-1, *(1,) * axes)


def _windows(layer: str, axes: int, size: Any, stride: Any, padding: Any, dilation: Any) -> Windows:
    """The windows that a kernel is applied to, from validated arguments."""
    size, stride = sizes(layer, "size", size, axes), sizes(layer, "stride", stride, axes)
    dilation = sizes(layer, "dilation", dilation, axes)
    if padding == "same":
        if set(stride) != {1}:
            raise ValueError(f"{layer}: padding 'same' takes a stride of 1, got {stride}")
        missing = [d * (k - 1) for k, d in zip(size, dilation, strict=True)]
        padding = tuple((n // 2, n - n // 2) for n in missing)
    elif padding == "valid":
        padding = 0
    elif isinstance(padding, str):
        raise ValueError(f"{layer}: padding must be 'valid', 'same' or numbers, got {padding!r}")
    return Windows(size, stride, pairs(layer, padding, axes), dilation)
