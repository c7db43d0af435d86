"""A library of twenty layers in various styles, written without gradcheck in mind.

Some keep parameters and gradients in mappings, some in attributes such as `W` and `dW`. Some return all gradients from
`backward`, and some return a cache from `forward` that `backward` takes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Linear:
    """y = x W."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.W = np.random.randn(inputs, outputs) / np.sqrt(inputs)  # noqa: NPY002
        self.dW = np.zeros_like(self.W)

    def forward(self, x: Array) -> Any:
        self.x = x
        return x @ self.W

    def backward(self, upstream: Array) -> Any:
        self.dW = self.x.T @ upstream
        return upstream @ self.W.T


class Affine:
    """y = x w + b; `forward` returns a cache, and `backward` all gradients."""

    def __init__(self, inputs: int, outputs: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.params = {"w": rng.standard_normal((inputs, outputs)), "b": np.zeros(outputs)}

    def forward(self, x: Array) -> Any:
        return x @ self.params["w"] + self.params["b"], x

    def backward(self, dout: Array, x: Array) -> Any:
        return dout @ self.params["w"].T, x.T @ dout, dout.sum(axis=0)


class Bias:
    """y = x + b."""

    def __init__(self, features: int) -> None:
        self.b = np.zeros(features)

    def forward(self, x: Array) -> Any:
        return x + self.b

    def backward(self, upstream: Array) -> Any:
        self.grad_b = upstream.sum(axis=0)
        return upstream


class Scale:
    """y = s x."""

    def __init__(self, features: int) -> None:
        self.params = {"s": np.ones(features)}
        self.grads: dict[str, Array] = {}

    def forward(self, x: Array) -> Any:
        self.x = x
        return x * self.params["s"]

    def backward(self, upstream: Array) -> Any:
        self.grads["s"] = (upstream * self.x).sum(axis=0)
        return upstream * self.params["s"]


class Tanh:
    def forward(self, x: Array) -> Any:
        self.a = np.tanh(x)
        return self.a

    def backward(self, upstream: Array) -> Any:
        return upstream * (1 - self.a**2)


class Sigmoid:
    def forward(self, x: Array) -> Any:
        self.a = 1 / (1 + np.exp(-x))
        return self.a

    def backward(self, upstream: Array) -> Any:
        return upstream * self.a * (1 - self.a)


class ReLU:
    def forward(self, x: Array) -> Any:
        self.mask = x > 0
        return x * self.mask

    def backward(self, upstream: Array) -> Any:
        return upstream * self.mask


class LeakyReLU:
    def __init__(self, slope: float = 0.1) -> None:
        self.slope = slope

    def forward(self, x: Array) -> Any:
        self.factor = np.where(x > 0, 1.0, self.slope).astype(x.dtype)
        return x * self.factor

    def backward(self, upstream: Array) -> Any:
        return upstream * self.factor


class ELU:
    def forward(self, x: Array) -> Any:
        self.x, self.y = x, np.where(x > 0, x, np.expm1(x))
        return self.y

    def backward(self, upstream: Array) -> Any:
        return upstream * np.where(self.x > 0, 1.0, self.y + 1.0)


class Softplus:
    def forward(self, x: Array) -> Any:
        return np.logaddexp(0.0, x), x

    def backward(self, upstream: Array, x: Array) -> Any:
        return upstream / (1 + np.exp(-x))


class Swish:
    def forward(self, x: Array) -> Any:
        s = 1 / (1 + np.exp(-x))
        return x * s, (x, s)

    def backward(self, upstream: Array, cache: Any) -> Any:
        x, s = cache
        return upstream * (s + x * s * (1 - s))


class Sine:
    def forward(self, x: Array) -> Any:
        self.x = x
        return np.sin(x)

    def backward(self, upstream: Array) -> Any:
        return upstream * np.cos(self.x)


class Softmax:
    def forward(self, x: Array) -> Any:
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, upstream: Array) -> Any:
        return self.p * (upstream - (upstream * self.p).sum(axis=1, keepdims=True))


class Centre:
    """Each sample minus its mean."""

    def forward(self, x: Array) -> Any:
        return x - x.mean(axis=1, keepdims=True)

    def backward(self, upstream: Array) -> Any:
        return upstream - upstream.mean(axis=1, keepdims=True)


class LayerNorm:
    def __init__(self, features: int) -> None:
        self.gamma, self.beta = np.ones(features), np.zeros(features)

    def forward(self, x: Array) -> Any:
        self.scale = 1 / np.sqrt(x.var(axis=1, keepdims=True) + 0.1)
        self.z = (x - x.mean(axis=1, keepdims=True)) * self.scale
        return self.z * self.gamma + self.beta

    def backward(self, upstream: Array) -> Any:
        self.dgamma, self.dbeta = (upstream * self.z).sum(axis=0), upstream.sum(axis=0)
        dz = upstream * self.gamma
        inner = (dz * self.z).mean(axis=1, keepdims=True)
        return self.scale * (dz - dz.mean(axis=1, keepdims=True) - self.z * inner)


class RMSNorm:
    def forward(self, x: Array) -> Any:
        self.x, self.r = x, 1 / np.sqrt((x**2).mean(axis=1, keepdims=True) + 0.1)
        return x * self.r

    def backward(self, upstream: Array) -> Any:
        inner = (upstream * self.x).mean(axis=1, keepdims=True)
        return self.r * upstream - self.r**3 * self.x * inner


class Gate:
    """y = σ(x V) ⊙ x W."""

    def __init__(self, inputs: int, outputs: int, rng: Any = None) -> None:
        rng = np.random.default_rng(rng)
        self.params = {name: rng.standard_normal((inputs, outputs)) for name in ("V", "W")}

    def forward(self, x: Array) -> Any:
        s, h = 1 / (1 + np.exp(-x @ self.params["V"])), x @ self.params["W"]
        return s * h, (x, s, h)

    def backward(self, upstream: Array, cache: Any) -> Any:
        x, s, h = cache
        dv, dh = upstream * h * s * (1 - s), upstream * s
        return dv @ self.params["V"].T + dh @ self.params["W"].T, {"V": x.T @ dv, "W": x.T @ dh}


class Residual:
    """y = x + tanh(x W)."""

    def __init__(self, width: int) -> None:
        self.W = 0.5 * np.random.randn(width, width)  # noqa: NPY002

    def forward(self, x: Array) -> Any:
        self.x, self.a = x, np.tanh(x @ self.W)
        return x + self.a

    def backward(self, upstream: Array) -> Any:
        dz = upstream * (1 - self.a**2)
        self.dW = self.x.T @ dz
        return upstream + dz @ self.W.T


class Highway:
    """y = t ⊙ tanh x + (1 − t) ⊙ x, with t = σ(w ⊙ x)."""

    def __init__(self, features: int) -> None:
        self.w = np.ones(features)

    def forward(self, x: Array) -> Any:
        self.x, self.h, self.t = x, np.tanh(x), 1 / (1 + np.exp(-self.w * x))
        return self.t * self.h + (1 - self.t) * x

    def backward(self, upstream: Array) -> Any:
        dt = upstream * (self.h - self.x) * self.t * (1 - self.t)
        self.dw = (dt * self.x).sum(axis=0)
        return dt * self.w + upstream * (self.t * (1 - self.h**2) + 1 - self.t)


class Cumulative:
    """Cumulative sums along each sample."""

    def forward(self, x: Array) -> Any:
        return np.cumsum(x, axis=1)

    def backward(self, upstream: Array) -> Any:
        return np.cumsum(upstream[:, ::-1], axis=1)[:, ::-1]


LAYERS: tuple[type, ...] = (
    Linear,
    Affine,
    Bias,
    Scale,
    Tanh,
    Sigmoid,
    ReLU,
    LeakyReLU,
    ELU,
    Softplus,
    Swish,
    Sine,
    Softmax,
    Centre,
    LayerNorm,
    RMSNorm,
    Gate,
    Residual,
    Highway,
    Cumulative,
)
