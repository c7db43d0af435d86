"""Functions of jax.numpy, jax.scipy and jax.nn in float64, with JAX's gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from benchmarks.strangers.derivative import Arrays, Derivative, Source, shape_of

#: Elementwise functions, and the interval that points are drawn from.
ELEMENTWISE: dict[str, tuple[float, float]] = {
    "numpy.sin": (-4, 4),
    "numpy.tan": (-1.3, 1.3),
    "numpy.arcsin": (-0.95, 0.95),
    "numpy.arccosh": (1.1, 6),
    "numpy.arctanh": (-0.95, 0.95),
    "numpy.sinc": (-3, 3),
    "numpy.logaddexp": (-5, 5),
    "numpy.hypot": (-3, 3),
    "numpy.arctan2": (-3, 3),
    "numpy.power": (0.1, 3),
    "numpy.maximum": (-2, 2),
    "numpy.where": (-2, 2),
    "numpy.cbrt": (0.1, 5),
    "numpy.i0": (-4, 4),
    "numpy.float_power": (0.1, 3),
    "numpy.abs": (-2, 2),
    "scipy.special.gammaln": (0.1, 20),
    "scipy.special.digamma": (0.1, 20),
    "scipy.special.erf": (-3, 3),
    "scipy.special.erfinv": (-0.99, 0.99),
    "scipy.special.log_ndtr": (-15, 5),
    "scipy.special.ndtri": (0.01, 0.99),
    "scipy.special.expit": (-12, 12),
    "scipy.special.logit": (0.01, 0.99),
    "scipy.special.i0e": (-10, 10),
    "scipy.special.i1e": (-10, 10),
    "scipy.special.i1": (-5, 5),
    "scipy.special.exp1": (0.1, 6),
    "scipy.special.expi": (0.1, 6),
    "scipy.special.entr": (0.05, 4),
    "scipy.special.xlogy": (0.1, 4),
    "scipy.special.xlog1py": (0.1, 4),
    "scipy.special.rel_entr": (0.1, 4),
    "scipy.special.kl_div": (0.1, 4),
    "scipy.special.betaln": (0.1, 9),
    "scipy.special.spence": (0.1, 3),
    "scipy.special.gamma": (0.2, 6),
    "scipy.special.zeta": (1.3, 6),
    "nn.relu": (-2, 2),
    "nn.gelu": (-4, 4),
    "nn.silu": (-6, 6),
    "nn.softplus": (-9, 9),
    "nn.elu": (-3, 3),
    "nn.celu": (-3, 3),
    "nn.selu": (-3, 3),
    "nn.mish": (-5, 5),
    "nn.log_sigmoid": (-9, 9),
    "nn.hard_tanh": (-2, 2),
    "nn.hard_swish": (-5, 5),
    "nn.leaky_relu": (-3, 3),
    "nn.squareplus": (-5, 5),
    "nn.soft_sign": (-4, 4),
    "scipy.stats.norm.logpdf": (-4, 4),
    "scipy.stats.norm.cdf": (-4, 4),
    "scipy.stats.t.logpdf": (0.5, 5),
    "scipy.stats.cauchy.logpdf": (-5, 5),
    "scipy.stats.laplace.logpdf": (-5, 5),
    "scipy.stats.logistic.logpdf": (-5, 5),
    "scipy.stats.gamma.logpdf": (0.2, 6),
    "scipy.stats.beta.logpdf": (0.1, 0.9),
}

#: How many arguments a function takes, where it is not one; the others are blocks of their own.
ARGUMENTS = {
    "numpy.logaddexp": 2,
    "numpy.hypot": 2,
    "numpy.arctan2": 2,
    "numpy.power": 2,
    "numpy.float_power": 2,
    "numpy.maximum": 2,
    "scipy.special.xlogy": 2,
    "scipy.special.xlog1py": 2,
    "scipy.special.rel_entr": 2,
    "scipy.special.kl_div": 2,
    "scipy.special.betaln": 2,
    "scipy.stats.norm.logpdf": 2,
    "scipy.stats.t.logpdf": 2,
    "scipy.stats.gamma.logpdf": 2,
}

#: Functions of a whole array.
WHOLE = (
    "softmax",
    "log_softmax",
    "logsumexp",
    "standardize",
    "glu",
    "norm",
    "prod",
    "cumprod",
    "std",
    "var",
    "max",
    "sort",
    "median",
    "percentile",
    "convolve",
    "interp",
    "einsum",
    "fft",
    "solve",
    "inv",
    "slogdet",
    "cholesky",
    "qr",
    "eigh",
    "svd",
    "expm",
    "lu",
    "triangular_solve",
    "polyval",
    "pinv",
    "scan",
    "while free recurrence",
    "attention",
    "layer norm network",
    "cross entropy network",
    "segment_sum",
    "top_k",
    "logdet of a kernel",
    "odeint",
)


def names() -> tuple[str, ...]:
    return (*ELEMENTWISE, *WHOLE)


@cache
def _enable() -> Any:
    import jax
    import jax.scipy.stats

    jax.config.update("jax_enable_x64", True)
    return jax


#: Functions that are computed to a tolerance.
TO_A_TOLERANCE = ("odeint",)


def build(name: str, rng: np.random.Generator) -> Derivative:
    """One function: a sum of its values with random cotangents."""
    jax = _enable()
    if name not in ELEMENTWISE:
        return replace(_derivative(*_whole(name, rng)), exact=name not in TO_A_TOLERANCE)
    function: Any = jax
    for part in name.split("."):
        function = getattr(function, part)
    low, high = ELEMENTWISE[name]
    shape, count = shape_of(rng), ARGUMENTS.get(name, 1)
    c = rng.standard_normal(shape)
    x0 = {f"x{i}": rng.uniform(low, high, shape) for i in range(count)}
    if name == "numpy.where":
        x0 = {"x0": rng.uniform(low, high, shape), "x1": rng.uniform(low, high, shape)}
        return _derivative(lambda x: (c * function(x["x0"] > 0, x["x0"] * x["x1"], x["x1"] ** 2)).sum(), x0)
    if name == "scipy.special.zeta":
        q = rng.uniform(0.5, 3, shape)
        return _derivative(lambda x: (c * function(2.5, q * x["x0"])).sum(), x0)
    extra = (2.0, 1.5) if name == "scipy.stats.beta.logpdf" else ()
    return _derivative(lambda x: (c * function(*(x[key] for key in sorted(x)), *extra)).sum(), x0)


def _derivative(loss: Callable[[dict[str, Any]], Any], x0: Arrays) -> Derivative:
    jax = _enable()
    value, gradient = jax.jit(loss), jax.jit(jax.grad(loss))
    return Derivative(
        lambda x: float(value(x)), lambda x: {key: np.asarray(g) for key, g in gradient(x).items()}, dict(x0)
    )


def _whole(name: str, rng: np.random.Generator) -> tuple[Callable[[dict[str, Any]], Any], Arrays]:
    """A loss and its point."""
    jax = _enable()
    import jax.numpy as jnp
    import jax.scipy as jsp
    from jax import nn

    n, m = int(rng.integers(2, 7)), int(rng.integers(2, 7))
    X, c, w = rng.standard_normal((n, m)), rng.standard_normal((n, m)), rng.standard_normal(n)
    A = rng.standard_normal((n, n))
    square = {"A": A + 2 * np.eye(n), "b": rng.standard_normal(n)}
    definite = {"A": A @ A.T + np.eye(n)}
    cs = rng.standard_normal((n, n))
    one = {"X": X * float(10 ** rng.uniform(-1, 1))}

    def sym(A: Any) -> Any:
        return (A + A.T) / 2

    simple: dict[str, Callable[[Any], Any]] = {
        "softmax": lambda X: c * nn.softmax(X, axis=-1),
        "log_softmax": lambda X: c * nn.log_softmax(X, axis=0),
        "logsumexp": lambda X: w * nn.logsumexp(X, axis=1),
        "standardize": lambda X: c * nn.standardize(X, axis=1),
        "glu": lambda X: nn.glu(jnp.concatenate([X, c * X], axis=-1)) * c,
        "norm": lambda X: w * jnp.linalg.norm(X, axis=1),
        "prod": lambda X: w * jnp.prod(jnp.tanh(X), axis=1),
        "cumprod": lambda X: c * jnp.cumprod(jnp.tanh(X), axis=1),
        "std": lambda X: w * jnp.std(X, axis=1),
        "var": lambda X: w * jnp.var(X, axis=1),
        "max": lambda X: w * X.max(axis=1),
        "sort": lambda X: c * jnp.sort(X, axis=1),
        "median": lambda X: w * jnp.median(X, axis=1),
        "percentile": lambda X: w * jnp.percentile(X, 30, axis=1),
        "fft": lambda X: c[:, : m // 2 + 1] * jnp.abs(jnp.fft.rfft(X, axis=1)) ** 2,
        "top_k": lambda X: c[:, :1] * jax.lax.top_k(X, 1)[0],
        "pinv": lambda X: c.T * jnp.linalg.pinv(X),
        "svd": lambda X: jnp.linalg.svd(X, compute_uv=False) * w[0],
        "qr": lambda X: jnp.abs(jnp.linalg.qr(X if n >= m else X.T)[1]),
        "segment_sum": lambda X: jnp.sin(jax.ops.segment_sum(X, np.arange(n) % 2, 2)),
        "while free recurrence": lambda X: jax.lax.fori_loop(0, 5, lambda _i, z: jnp.tanh(z * c) + X, X),
        "scan": lambda X: jax.lax.scan(lambda z, x: ((z := jnp.tanh(0.7 * z + x)), z), jnp.zeros(m), X)[1] * c,
        "polyval": lambda X: c * jnp.polyval(jnp.array([0.3, -1.0, 0.5, 2.0]), jnp.tanh(X)),
    }
    if name in simple:
        return lambda x: simple[name](x["X"]).sum(), one
    of_matrix: dict[str, Callable[[Any], Any]] = {
        "inv": lambda A: (cs * jnp.linalg.inv(A)).sum(),
        "slogdet": lambda A: jnp.linalg.slogdet(A)[1],
        "expm": lambda A: (cs * jsp.linalg.expm(0.3 * A)).sum(),
        "lu": lambda A: (cs * jsp.linalg.lu(A)[2]).sum(),
        "cholesky": lambda A: (cs * jnp.linalg.cholesky(sym(A))).sum(),
        "eigh": lambda A: (w * jnp.linalg.eigh(sym(A))[0]).sum(),
    }
    if name in of_matrix:
        start = definite if name in ("cholesky", "eigh") else {"A": square["A"]}
        return lambda x: of_matrix[name](x["A"]), start
    if name == "solve":
        return lambda x: (w * jnp.linalg.solve(x["A"], x["b"])).sum(), square
    if name == "triangular_solve":
        return lambda x: (w * jsp.linalg.solve_triangular(x["A"], x["b"], lower=True)).sum(), square
    if name == "convolve":
        return lambda x: jnp.sin(jnp.convolve(x["a"], x["b"])).sum(), {"a": w, "b": rng.standard_normal(m)}
    if name == "interp":
        grid = np.linspace(-2, 2, m + 2)
        return (
            lambda x: jnp.sin(jnp.interp(x["x"], grid, x["y"])).sum(),
            {"x": rng.uniform(-2, 2, n), "y": rng.standard_normal(m + 2)},
        )
    if name == "einsum":
        x0 = {"X": X, "Y": rng.standard_normal((m, n, 2)), "z": rng.standard_normal(2)}
        return lambda x: jnp.tanh(jnp.einsum("ij,jik,k->i", x["X"], x["Y"], x["z"])).sum(), x0
    if name == "logdet of a kernel":

        def kernel(x: dict[str, Any]) -> Any:
            d = ((x["X"][:, None] - x["X"][None]) ** 2).sum(-1)
            K = jnp.exp(x["log_variance"] - d * jnp.exp(-2 * x["log_length"])) + 0.1 * jnp.eye(n)
            L = jnp.linalg.cholesky(K)
            return 2 * jnp.log(jnp.diag(L)).sum() + w @ jsp.linalg.cho_solve((L, True), w)

        return kernel, {"X": X, "log_variance": rng.standard_normal(()), "log_length": rng.standard_normal(())}
    if name == "odeint":
        from jax.experimental.ode import odeint

        def flow(x: dict[str, Any]) -> Any:
            return (w * odeint(lambda y, _t: jnp.tanh(x["A"] @ y), x["b"], jnp.linspace(0.0, 1.0, 3))[-1]).sum()

        return flow, {"A": A, "b": square["b"]}
    if name == "attention":

        def attention(x: dict[str, Any]) -> Any:
            q, k, v = X @ x["Q"] + x["q"], X @ x["K"] + x["k"], X @ x["V"] + x["v"]
            return (c @ np.ones((m, 3)) * (nn.softmax(q @ k.T / np.sqrt(3), axis=-1) @ v)).sum()

        x0 = {key: rng.standard_normal((m, 3)) for key in "QKV"} | {key: rng.standard_normal(3) for key in "qkv"}
        return attention, x0
    depth = int(rng.integers(1, 5))
    x0 = {f"W{i}": rng.standard_normal((m, m)) / np.sqrt(m) for i in range(depth)}
    x0 |= {f"b{i}": 0.1 * rng.standard_normal(m) for i in range(depth)}
    labels = rng.integers(0, m, n)

    def network(x: dict[str, Any]) -> Any:
        h = jnp.asarray(X)
        for i in range(depth):
            h = h @ x[f"W{i}"] + x[f"b{i}"]
            if name == "layer norm network":
                h = nn.gelu(nn.standardize(h, axis=-1))
            elif i + 1 < depth:
                h = nn.relu(h)
        return -(nn.one_hot(labels, m) * nn.log_softmax(h)).sum() / n

    return network, x0


SOURCE = Source("jax-functions", "packages", ("jax",), 2 * len(names()), names, build)
