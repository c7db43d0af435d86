"""Softmax and the layers that normalise their input."""

from __future__ import annotations

import numpy as np

from benchmarks.corpus.pieces import logsumexp, scalar, softmax, softmax_backward
from benchmarks.corpus.problem import Array, Problem, rng_for

FAMILY = "normalisation"
EPS = 1e-5


def standardise(x: Array, axis: int | tuple[int, ...]) -> tuple[Array, Array]:
    """Return (x - mean) / sqrt(variance + eps) and 1 / sqrt(variance + eps) over `axis`."""
    centred = x - x.mean(axis=axis, keepdims=True)
    scale = 1 / np.sqrt(np.mean(centred * centred, axis=axis, keepdims=True) + EPS)
    return centred * scale, scale


def standardise_backward(z: Array, scale: Array, upstream: Array, axis: int | tuple[int, ...]) -> Array:
    """Return the gradient by the input of `standardise`, given that by its first output."""
    along = np.mean(upstream * z, axis=axis, keepdims=True)
    result: Array = scale * (upstream - upstream.mean(axis=axis, keepdims=True) - z * along)
    return result


def _norm_layer(name: str, shape: tuple[int, ...], axis: int | tuple[int, ...], affine: tuple[int, ...]) -> Problem:
    """Return sum(w * tanh(gamma * standardise(x) + beta)); `affine` is the shape of gamma and beta."""
    rng = rng_for(name)
    x0 = {"x": rng.normal(size=shape), "gamma": rng.uniform(0.5, 1.5, affine), "beta": rng.normal(size=affine)}
    weights = rng.normal(size=shape)
    spread = tuple(i for i, length in enumerate(affine) if length == 1)

    def fun(p: dict[str, Array]) -> float:
        z = standardise(p["x"], axis)[0]
        return scalar(np.sum(weights * np.tanh(p["gamma"] * z + p["beta"])))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        z, scale = standardise(p["x"], axis)
        out = weights / np.cosh(p["gamma"] * z + p["beta"]) ** 2
        return {
            "x": standardise_backward(z, scale, out * p["gamma"], axis),
            "gamma": np.sum(out * z, axis=spread, keepdims=True),
            "beta": np.sum(out, axis=spread, keepdims=True),
        }

    return Problem(name, FAMILY, x0, fun, grad)


def _normalised_layer() -> Problem:
    """A dense layer, whose bias the normalisation takes away: it has no gradient but what rounding leaves of one."""
    rng = rng_for("bias-before-batch-norm")
    inputs, weights = rng.normal(size=(10, 5)), rng.normal(size=(10, 6))
    x0 = {"w": rng.normal(size=(5, 6)), "b": rng.normal(size=6), "gain": rng.uniform(0.5, 1.5, 6)}

    def fun(p: dict[str, Array]) -> float:
        z = standardise(inputs @ p["w"] + p["b"], 0)[0]
        return scalar(np.sum(weights * np.tanh(p["gain"] * z)))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        z, scale = standardise(inputs @ p["w"] + p["b"], 0)
        out = weights / np.cosh(p["gain"] * z) ** 2
        before = standardise_backward(z, scale, out * p["gain"], 0)
        return {"w": inputs.T @ before, "b": before.sum(axis=0), "gain": np.sum(out * z, axis=0)}

    return Problem("bias-before-batch-norm", FAMILY, x0, fun, grad)


def _rms_norm(rows: int, columns: int) -> Problem:
    name = f"rms-norm-{rows}x{columns}"
    rng = rng_for(name)
    x0 = {"x": rng.normal(size=(rows, columns)), "gain": rng.uniform(0.5, 1.5, columns)}
    weights = rng.normal(size=(rows, columns))

    def root(x: Array) -> Array:
        result: Array = np.sqrt(np.mean(x * x, axis=1, keepdims=True) + EPS)
        return result

    def fun(p: dict[str, Array]) -> float:
        out = p["x"] / root(p["x"]) * p["gain"]
        return scalar(np.sum(weights * out * out))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        size = root(p["x"])
        z = p["x"] / size
        out = 2 * weights * z * p["gain"]
        by_z = out * p["gain"]
        by_x = (by_z - z * np.mean(by_z * z, axis=1, keepdims=True)) / size
        return {"x": by_x, "gain": np.sum(out * z, axis=0)}

    return Problem(name, FAMILY, x0, fun, grad)


def _row_lengths() -> Problem:
    """Rows scaled to length 1, then a Gram matrix."""
    rng = rng_for("unit-rows-6x4")
    weights = rng.normal(size=(6, 6))

    def fun(x: Array) -> float:
        unit = x / np.sqrt(np.sum(x * x, axis=1, keepdims=True))
        return scalar(np.sum(weights * (unit @ unit.T)))

    def grad(x: Array) -> Array:
        length = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
        unit = x / length
        upstream = (weights + weights.T) @ unit
        result: Array = (upstream - unit * np.sum(upstream * unit, axis=1, keepdims=True)) / length
        return result

    return Problem("unit-rows-6x4", FAMILY, rng.normal(size=(6, 4)), fun, grad)


def _weight_norm() -> Problem:
    rng = rng_for("weight-norm-5x3")
    inputs, targets = rng.normal(size=(12, 3)), rng.normal(size=(12, 5))
    x0 = {"v": rng.normal(size=(5, 3)), "g": rng.uniform(0.5, 2.0, 5)}

    def fun(p: dict[str, Array]) -> float:
        direction = p["v"] / np.sqrt(np.sum(p["v"] ** 2, axis=1, keepdims=True))
        return scalar(np.mean((inputs @ (p["g"][:, None] * direction).T - targets) ** 2))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        length = np.sqrt(np.sum(p["v"] ** 2, axis=1, keepdims=True))
        direction = p["v"] / length
        residual = inputs @ (p["g"][:, None] * direction).T - targets
        by_w = 2 / residual.size * residual.T @ inputs
        along = np.sum(by_w * direction, axis=1, keepdims=True)
        return {"v": p["g"][:, None] * (by_w - along * direction) / length, "g": along[:, 0]}

    return Problem("weight-norm-5x3", FAMILY, x0, fun, grad)


def _softmax(rows: int, columns: int, temperature: float) -> Problem:
    name = f"softmax-{rows}x{columns}"
    rng = rng_for(name)
    weights = rng.normal(size=(rows, columns))

    def fun(x: Array) -> float:
        return scalar(np.sum(weights * softmax(x / temperature)))

    def grad(x: Array) -> Array:
        result: Array = softmax_backward(softmax(x / temperature), weights) / temperature
        return result

    return Problem(name, FAMILY, rng.normal(size=(rows, columns)), fun, grad)


def _log_softmax() -> Problem:
    rng = rng_for("log-softmax-5x7")
    weights = rng.normal(size=(5, 7))

    def fun(x: Array) -> float:
        return scalar(np.sum(weights * (x - logsumexp(x)[:, None])))

    def grad(x: Array) -> Array:
        result: Array = weights - softmax(x) * weights.sum(axis=1, keepdims=True)
        return result

    return Problem("log-softmax-5x7", FAMILY, 3 * rng.normal(size=(5, 7)), fun, grad)


def _entropy() -> Problem:
    def fun(x: Array) -> float:
        probabilities = softmax(x)
        return scalar(-np.sum(probabilities * (x - logsumexp(x))))

    def grad(x: Array) -> Array:
        probabilities, logs = softmax(x), x - logsumexp(x)
        result: Array = -probabilities * (logs - np.sum(probabilities * logs))
        return result

    return Problem("softmax-entropy-20", FAMILY, rng_for("softmax-entropy-20").normal(size=20), fun, grad)


def problems() -> tuple[Problem, ...]:
    """Return the problems of this family."""
    return (
        _norm_layer("layer-norm-4x8", (4, 8), 1, (1, 8)),
        _norm_layer("batch-norm-10x4", (10, 4), 0, (1, 4)),
        _norm_layer("batch-norm-images", (3, 2, 4, 4), (0, 2, 3), (1, 2, 1, 1)),
        _norm_layer("instance-norm-images", (2, 3, 5, 5), (2, 3), (1, 3, 1, 1)),
        _norm_layer("layer-norm-200x512", (200, 512), 1, (1, 512)),
        _normalised_layer(),
        _rms_norm(5, 6),
        _rms_norm(30, 100),
        _row_lengths(),
        _weight_norm(),
        _softmax(1, 2, 1.0),
        _softmax(3, 5, 0.5),
        _softmax(100, 1000, 1.0),
        _log_softmax(),
        _entropy(),
    )
