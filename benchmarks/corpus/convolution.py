"""Convolutions and pooling in one and two dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.corpus.pieces import positive, put, relu, scalar
from benchmarks.corpus.problem import Array, Problem, rng_for

FAMILY = "convolution"


def conv2d(x: Array, w: Array, stride: int = 1, padding: int = 0) -> Array:
    """Correlate images (N, C, H, W) with kernels (F, C, kh, kw)."""
    result: Array = np.einsum("nchwij,fcij->nfhw", _windows(x, w, stride, padding), w, optimize=True)
    return result


def conv2d_backward(x: Array, w: Array, out: Array, stride: int = 1, padding: int = 0) -> tuple[Array, Array]:
    """Return the gradients by `x` and by `w`, given that by the output."""
    by_w = np.einsum("nchwij,nfhw->fcij", _windows(x, w, stride, padding), out, optimize=True)
    high, wide = out.shape[2], out.shape[3]
    padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding))
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            part = np.einsum("nfhw,fc->nchw", out, w[:, :, i, j], optimize=True)
            padded[:, :, i : i + stride * high : stride, j : j + stride * wide : stride] += part
    by_x = padded[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]
    return by_x, by_w


def _windows(x: Array, w: Array, stride: int, padding: int) -> Array:
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows: Array = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return windows


def _signal(x: Array) -> Array:
    """View one-dimensional signals (N, C, L) as images of height 1."""
    return x[:, :, None, :]


def _conv1d_layer() -> Problem:
    """Stride 2, padding 2: pad the signal only, then correlate."""
    rng = rng_for("conv1d-stride-2")
    x0 = {"x": rng.normal(size=(2, 3, 11)), "w": rng.normal(size=(4, 3, 5)), "b": rng.normal(size=4)}
    weights = rng.normal(size=(2, 4, 6))
    pad = ((0, 0), (0, 0), (2, 2))

    def layer(p: dict[str, Array]) -> Array:
        out = conv2d(_signal(np.pad(p["x"], pad)), _signal(p["w"]), stride=2)
        return out[:, :, 0] + p["b"][:, None]

    def fun(p: dict[str, Array]) -> float:
        return scalar(np.sum(weights * np.tanh(layer(p))))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        out = weights / np.cosh(layer(p)) ** 2
        by_x, by_w = conv2d_backward(_signal(np.pad(p["x"], pad)), _signal(p["w"]), _signal(out), stride=2)
        return {"x": by_x[:, :, 0, 2:-2], "w": by_w[:, :, 0], "b": out.sum(axis=(0, 2))}

    return Problem("conv1d-stride-2", FAMILY, x0, fun, grad)


def _convolved(signal: Array, kernel: Array) -> Array:
    """Return the part of the convolution without padding; complex parts are convolved one by one."""
    return np.convolve(signal, kernel, mode="valid")


def _filter() -> Problem:
    """Least squares for the taps of a filter."""
    rng = rng_for("filter-taps-7")
    signal, target = rng.normal(size=60), rng.normal(size=54)

    def fun(taps: Array) -> float:
        return scalar(np.mean((_convolved(signal, taps) - target) ** 2))

    def grad(taps: Array) -> Array:
        residual = _convolved(signal, taps) - target
        result: Array = 2 / target.size * np.correlate(signal, residual, mode="valid")[::-1]
        return result

    return Problem("filter-taps-7", FAMILY, rng.normal(size=7), fun, grad)


def _deblurring() -> Problem:
    """Fit of a blurred signal with a million samples."""
    rng = rng_for("deblurring-1000000")
    kernel, target = np.array([0.2, 0.5, 0.3]), rng.normal(size=10**6 - 2)

    def blur(x: Array) -> Array:
        result: Array = kernel[2] * x[:-2] + kernel[1] * x[1:-1] + kernel[0] * x[2:]
        return result

    def fun(x: Array) -> float:
        residual = blur(x) - target
        return scalar(0.5 * np.sum(residual * residual))

    def grad(x: Array) -> Array:
        residual = blur(x) - target
        result = np.zeros_like(x)
        for k in range(3):
            result[k : k + residual.size] += kernel[2 - k] * residual
        return result

    return Problem("deblurring-1000000", FAMILY, rng.normal(size=10**6), fun, grad)


def _conv2d_layer(name: str, image: Any, kernel: Any, stride: int, padding: int) -> Problem:
    rng = rng_for(name)
    x0 = {"x": rng.normal(size=image), "w": rng.normal(size=kernel), "b": rng.normal(size=kernel[0])}
    weights = rng.normal(size=conv2d(x0["x"], x0["w"], stride, padding).shape)

    def layer(p: dict[str, Array]) -> Array:
        return conv2d(p["x"], p["w"], stride, padding) + p["b"][:, None, None]

    def fun(p: dict[str, Array]) -> float:
        return scalar(np.sum(weights * np.sin(layer(p))))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        out = weights * np.cos(layer(p))
        by_x, by_w = conv2d_backward(p["x"], p["w"], out, stride, padding)
        return {"x": by_x, "w": by_w, "b": out.sum(axis=(0, 2, 3))}

    return Problem(name, FAMILY, x0, fun, grad)


def _conv2d_relu() -> Problem:
    rng = rng_for("conv2d-relu-3x3")
    images, weights = rng.normal(size=(2, 2, 6, 6)), rng.normal(size=(2, 3, 4, 4))

    def fun(w: Array) -> float:
        return scalar(np.sum(weights * relu(conv2d(images, w))))

    def grad(w: Array) -> Array:
        return conv2d_backward(images, w, weights * positive(conv2d(images, w)))[1]

    x0 = rng.normal(size=(3, 2, 3, 3))
    special = {"on-many-kinks": put(x0, 1, 0.0)}
    return Problem("conv2d-relu-3x3", FAMILY, x0, fun, grad, kinks=True, special=special)


def _transposed_conv() -> Problem:
    """Return a fit by the adjoint of a convolution with stride 2, which makes its input longer."""
    rng = rng_for("transposed-conv")
    x0 = {"x": rng.normal(size=8), "w": rng.normal(size=5)}
    target = rng.normal(size=19)

    def stretch(x: Array) -> Array:
        spaced = np.zeros(2 * x.size - 1, dtype=x.dtype)
        spaced[::2] = x
        return spaced

    def fun(p: dict[str, Array]) -> float:
        return scalar(np.sum((np.convolve(stretch(p["x"]), p["w"]) - target) ** 2))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        spaced = stretch(p["x"])
        out = 2 * (np.convolve(spaced, p["w"]) - target)
        return {
            "x": np.correlate(out, p["w"], mode="valid")[::2],
            "w": np.correlate(out, spaced, mode="valid"),
        }

    return Problem("transposed-conv-8", FAMILY, x0, fun, grad)


def _pooled(x: Array) -> Array:
    """Gather the 2 x 2 cells of images (N, H, W): (N, H/2, W/2, 4)."""
    n, h, w = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2).transpose(0, 1, 3, 2, 4).reshape(n, h // 2, w // 2, 4)


def _unpooled(cells: Array) -> Array:
    n, h, w, _ = cells.shape
    return cells.reshape(n, h, w, 2, 2).transpose(0, 1, 3, 2, 4).reshape(n, 2 * h, 2 * w)


def _max_pool() -> Problem:
    rng = rng_for("max-pool-2x2")
    weights = rng.normal(size=(2, 3, 3, 1))

    def fun(x: Array) -> float:
        cells = _pooled(x)
        best = np.take_along_axis(cells, np.argmax(cells.real, axis=-1)[..., None], axis=-1)
        return scalar(np.sum(weights * best**2))

    def grad(x: Array) -> Array:
        cells = _pooled(x)
        where = np.argmax(cells, axis=-1)[..., None]
        result = np.zeros_like(cells)
        np.put_along_axis(result, where, 2 * weights * np.take_along_axis(cells, where, axis=-1), axis=-1)
        return _unpooled(result)

    x0 = rng.normal(size=(2, 6, 6)) + 0.5
    one, near = _pooled(x0), _pooled(x0)
    one[0, 0, 0] = [0.2, 0.8, 0.8, -0.1]
    near[0, 0, 0] = [0.2, 0.8, 0.8 - 1e-4, -0.1]
    special = {"on-kink": _unpooled(one), "near-kink": _unpooled(near), "on-many-kinks": np.full((2, 6, 6), 0.6)}
    return Problem("max-pool-2x2", FAMILY, x0, fun, grad, kinks=True, special=special)


def _average_pool() -> Problem:
    rng = rng_for("average-pool-2x2")
    weights = rng.normal(size=(3, 4, 4))

    def fun(x: Array) -> float:
        return scalar(np.sum(weights * _pooled(x).mean(axis=-1) ** 3))

    def grad(x: Array) -> Array:
        cells = _pooled(x)
        out = weights * 3 * cells.mean(axis=-1) ** 2 / 4
        return _unpooled(np.broadcast_to(out[..., None], cells.shape))

    return Problem("average-pool-2x2", FAMILY, rng.normal(size=(3, 8, 8)), fun, grad)


def problems() -> tuple[Problem, ...]:
    """Return the problems of this family."""
    return (
        _filter(),
        _conv1d_layer(),
        _deblurring(),
        _conv2d_layer("conv2d-3x3", (1, 1, 6, 6), (1, 1, 3, 3), 1, 0),
        _conv2d_layer("conv2d-stride-2-padding-1", (2, 3, 7, 7), (4, 3, 3, 3), 2, 1),
        _conv2d_layer("conv2d-20000", (4, 8, 20, 20), (16, 8, 5, 5), 1, 2),
        _conv2d_relu(),
        _transposed_conv(),
        _max_pool(),
        _average_pool(),
    )
