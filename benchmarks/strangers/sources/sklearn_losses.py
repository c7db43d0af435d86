"""Losses, kernels and estimators of scikit-learn with the gradients that its solvers use."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.strangers.derivative import Array, Arrays, Derivative, NotApplicable, Source, Table

TABLE = Table()

LOSSES = (
    "HalfSquaredError",
    "HuberLoss",
    "PinballLoss",
    "HalfPoissonLoss",
    "HalfGammaLoss",
    "HalfTweedieLoss",
    "HalfTweedieLossIdentity",
    "HalfBinomialLoss",
    "HalfMultinomialLoss",
    "ExponentialLoss",
)


OUTPUTS = (
    "MLPRegressor averages the squared error over its outputs, and the backward pass sums over them: without a penalty "
    "the gradient is the number of outputs times too large"
)
DEGREES = (
    "the gradient of t-SNE takes (1 + d²/ν)^(-(ν+1)/2) where the derivative has (1 + d²/ν)^-1; they are the same for "
    "one degree of freedom only"
)


def _loss(name: str, rng: np.random.Generator) -> Any:
    from sklearn._loss import loss

    by_name: dict[str, dict[str, Any]] = {
        "HuberLoss": {"delta": float(rng.uniform(0.3, 2))},
        "PinballLoss": {"quantile": float(rng.uniform(0.1, 0.9))},
        "HalfTweedieLoss": {"power": float(rng.choice([0.0, 1.0, 1.5, 2.0, 3.0]))},
        "HalfTweedieLossIdentity": {"power": float(rng.choice([0.0, 1.5, 2.0]))},
        "HalfMultinomialLoss": {"n_classes": int(rng.integers(3, 6))},
    }
    return getattr(loss, name)(**by_name.get(name, {}))


def _target(name: str, rng: np.random.Generator, loss: Any, n: int) -> Array:
    if name in ("HalfBinomialLoss", "ExponentialLoss"):
        return rng.integers(0, 2, n).astype(float)
    if name == "HalfMultinomialLoss":
        return rng.integers(0, loss.n_classes, n).astype(float)
    if name == "HalfPoissonLoss":
        return rng.poisson(3, n).astype(float)
    if name in ("HalfGammaLoss", "HalfTweedieLoss", "HalfTweedieLossIdentity"):
        return rng.gamma(2, 1.5, n) + 0.1
    return rng.standard_normal(n)


@TABLE.add(*(f"loss {name}" for name in LOSSES))
def pointwise(rng: np.random.Generator, name: str) -> Derivative:
    """The gradient by the raw predictions of a pointwise loss."""
    name = name.removeprefix("loss ")
    loss = _loss(name, rng)
    n = int(rng.integers(1, 40))
    y = _target(name, rng, loss, n)
    shape = (n, loss.n_classes) if name == "HalfMultinomialLoss" else (n,)
    raw = rng.standard_normal(shape) * float(10 ** rng.uniform(-1, 0.7))
    if name == "HalfTweedieLossIdentity":
        raw = np.abs(raw) + 0.1
    weight = rng.uniform(0.1, 2, n)
    return Derivative(
        lambda x: float(np.sum(loss.loss(y, np.ascontiguousarray(x["raw"]), sample_weight=weight))),
        lambda x: {"raw": loss.gradient(y, np.ascontiguousarray(x["raw"]), sample_weight=weight)},
        {"raw": raw},
    )


@TABLE.add(*(f"linear {name}" for name in LOSSES if name != "HalfTweedieLossIdentity"))
def linear(rng: np.random.Generator, name: str) -> Derivative:
    """The loss of a penalised linear model, as logistic regression and the GLMs minimise it."""
    from sklearn.linear_model._linear_loss import LinearModelLoss

    name = name.removeprefix("linear ")
    loss = _loss(name, rng)
    n, p = int(rng.integers(5, 60)), int(rng.integers(1, 9))
    X = rng.standard_normal((n, p)) * 10 ** rng.uniform(-1, 1, p)
    y = _target(name, rng, loss, n)
    model = LinearModelLoss(base_loss=loss, fit_intercept=bool(rng.integers(2)))
    penalty = float(10 ** rng.uniform(-4, 0))
    count = p + int(model.fit_intercept)
    shape = (loss.n_classes, count) if name == "HalfMultinomialLoss" else (count,)
    x0 = {"coef": rng.standard_normal(shape) * 0.3}
    return Derivative(
        lambda x: float(model.loss(np.asfortranarray(x["coef"]), X, y, l2_reg_strength=penalty)),
        lambda x: {"coef": model.loss_gradient(np.asfortranarray(x["coef"]), X, y, l2_reg_strength=penalty)[1]},
        x0,
    )


def _kernel(name: str, rng: np.random.Generator) -> Any:
    from sklearn.gaussian_process import kernels as k

    scale = float(10 ** rng.uniform(-0.5, 0.7))
    scales = list(10 ** rng.uniform(-0.5, 0.7, 3))
    some: dict[str, Callable[[], Any]] = {
        "RBF": lambda: k.RBF(scale),
        "RBF anisotropic": lambda: k.RBF(scales),
        "Matern 1/2": lambda: k.Matern(scale, nu=0.5),
        "Matern 3/2": lambda: k.Matern(scales, nu=1.5),
        "Matern 5/2": lambda: k.Matern(scale, nu=2.5),
        "Matern general": lambda: k.Matern(scale, nu=1.1),
        "Matern infinite": lambda: k.Matern(scales, nu=np.inf),
        "RationalQuadratic": lambda: k.RationalQuadratic(scale, 0.7),
        "ExpSineSquared": lambda: k.ExpSineSquared(scale, 2.3),
        "DotProduct": lambda: k.DotProduct(scale),
        "constant times RBF": lambda: k.ConstantKernel(2.0) * k.RBF(scale),
        "sum": lambda: k.ConstantKernel(0.5) * k.Matern(scale, nu=1.5) + k.DotProduct(0.4),
        "power": lambda: k.Exponentiation(k.RationalQuadratic(scale, 1.2), 2.0),
        "product": lambda: k.RBF(scales) * k.ExpSineSquared(1.2, 3.0),
    }
    return some[name]


KERNELS = (
    "RBF",
    "RBF anisotropic",
    "Matern 1/2",
    "Matern 3/2",
    "Matern 5/2",
    "Matern general",
    "Matern infinite",
    "RationalQuadratic",
    "ExpSineSquared",
    "DotProduct",
    "constant times RBF",
    "sum",
    "power",
    "product",
)


@TABLE.add(*(f"regressor {name}" for name in KERNELS))
def gaussian_process(rng: np.random.Generator, name: str) -> Derivative:
    """The log marginal likelihood of a Gaussian process by the logarithms of its hyperparameters."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import WhiteKernel

    kernel = _kernel(name.removeprefix("regressor "), rng)() + WhiteKernel(float(10 ** rng.uniform(-2, 0)))
    n = int(rng.integers(4, 20))
    X, y = rng.standard_normal((n, 3)), rng.standard_normal(n)
    model = GaussianProcessRegressor(kernel, optimizer=None).fit(X, y)
    theta = model.kernel_.theta
    return Derivative(
        lambda x: float(model.log_marginal_likelihood(x["theta"])),
        lambda x: {"theta": model.log_marginal_likelihood(x["theta"], eval_gradient=True)[1]},
        {"theta": theta + 0.1 * rng.standard_normal(theta.shape)},
    )


@TABLE.add(*(f"kernel {name}" for name in KERNELS))
def kernel_matrix(rng: np.random.Generator, name: str) -> Derivative:
    """A kernel matrix by its hyperparameters, times a random cotangent."""
    kernel = _kernel(name.removeprefix("kernel "), rng)()
    n = int(rng.integers(2, 10))
    X, c = rng.standard_normal((n, 3)), rng.standard_normal((n, n))
    return Derivative(
        lambda x: float(np.sum(c * kernel.clone_with_theta(x["theta"])(X))),
        lambda x: {"theta": np.einsum("ij,ijk", c, kernel.clone_with_theta(x["theta"])(X, eval_gradient=True)[1])},
        {"theta": kernel.theta + 0.1 * rng.standard_normal(kernel.theta.shape)},
    )


@TABLE.add("classifier RBF")
def laplace(rng: np.random.Generator) -> Derivative:
    """The Laplace approximation of a binary classifier; Newton's iteration inside stops at 1e-10."""
    from sklearn.gaussian_process import GaussianProcessClassifier
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel

    n = int(rng.integers(6, 16))
    X = rng.standard_normal((n, 2))
    y = np.arange(n) % 2
    model = GaussianProcessClassifier(ConstantKernel(1.5) * RBF(float(rng.uniform(0.5, 2))), optimizer=None).fit(X, y)
    theta = model.kernel_.theta
    return Derivative(
        lambda x: float(model.log_marginal_likelihood(x["theta"])),
        lambda x: {"theta": model.log_marginal_likelihood(x["theta"], eval_gradient=True)[1]},
        {"theta": theta + 0.1 * rng.standard_normal(theta.shape)},
    )


@TABLE.add("MLP relu", "MLP tanh", "MLP logistic", "MLP identity")
def multilayer_perceptron(rng: np.random.Generator, name: str) -> Derivative:
    """The backpropagation of scikit-learn's multilayer perceptron."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    n, p = int(rng.integers(4, 30)), int(rng.integers(1, 6))
    hidden = tuple(int(i) for i in rng.integers(2, 9, int(rng.integers(1, 4))))
    X = rng.standard_normal((n, p))
    kind = int(rng.integers(3))
    options: dict[str, Any] = {
        "alpha": float(10 ** rng.uniform(-4, 0)),
        "solver": "lbfgs",
        "max_iter": 1,
        "random_state": 0,
    }
    if kind == 0:
        model: Any = MLPRegressor(hidden_layer_sizes=hidden, activation=name.removeprefix("MLP "), **options)
        y = rng.standard_normal((n, int(rng.integers(1, 4))))
        model.fit(X, y if y.shape[1] > 1 else y[:, 0])
    else:
        model = MLPClassifier(hidden_layer_sizes=hidden, activation=name.removeprefix("MLP "), **options)
        labels = np.arange(n) % (kind + 1)
        model.fit(X, labels)
        y = model._label_binarizer.transform(labels).astype(float)
    sizes = [p, *hidden, model.n_outputs_]
    weight = rng.uniform(0.5, 2, n) if rng.random() < 0.5 else None
    x0 = {}
    for i, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        x0[f"coefs{i}"] = rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_in)
        x0[f"intercepts{i}"] = 0.3 * rng.standard_normal(fan_out)
    layers = len(sizes) - 1

    def both(x: Arrays) -> tuple[float, Arrays]:
        packed = np.concatenate(
            [x[f"coefs{i}"].ravel() for i in range(layers)] + [x[f"intercepts{i}"] for i in range(layers)]
        )
        activations = [X] + [np.empty((n, size)) for size in sizes[1:]]
        deltas = [np.empty_like(one) for one in activations[1:]]
        coefs = [np.empty((a, b)) for a, b in pairwise(sizes)]
        intercepts = [np.empty(b) for b in sizes[1:]]
        value, _ = model._loss_grad_lbfgs(packed, X, y, weight, activations, deltas, coefs, intercepts)
        grads = {f"coefs{i}": coefs[i].copy() for i in range(layers)}
        grads |= {f"intercepts{i}": intercepts[i].copy() for i in range(layers)}
        return float(value), {key: grads[key] for key in x}

    fault = "" if y.ndim == 1 or y.shape[1] == 1 or kind else OUTPUTS
    return Derivative(lambda x: both(x)[0], lambda x: both(x)[1], x0, fault=fault)


@TABLE.add("t-SNE")
def t_sne(rng: np.random.Generator) -> Derivative:
    """The divergence that t-SNE minimises, by the embedding."""
    from scipy.spatial.distance import squareform
    from sklearn.manifold._t_sne import _kl_divergence

    n, d = int(rng.integers(3, 12)), 2
    P = rng.uniform(0.01, 1, (n, n))
    P = squareform((P + P.T) * (1 - np.eye(n)))
    P /= 2 * P.sum()
    degrees = float(rng.choice([1.0, 2.0, 3.0]))
    return Derivative(
        lambda x: float(_kl_divergence(x["Y"].ravel(), P, degrees, n, d)[0]),
        lambda x: {"Y": _kl_divergence(x["Y"].ravel(), P, degrees, n, d)[1].reshape(n, d)},
        {"Y": rng.standard_normal((n, d)) * float(10 ** rng.uniform(-2, 1))},
        fault="" if degrees == 1.0 else DEGREES,
    )


@TABLE.add("neighbourhood components")
def neighbourhood_components(rng: np.random.Generator) -> Derivative:
    """The loss of neighbourhood components analysis by its transformation."""
    from sklearn.neighbors import NeighborhoodComponentsAnalysis

    n, p, d = int(rng.integers(4, 20)), int(rng.integers(2, 5)), int(rng.integers(1, 3))
    X, y = rng.standard_normal((n, p)), np.arange(n) % 2
    model = NeighborhoodComponentsAnalysis()
    model.n_iter_ = 0
    same = y[:, None] == y[None, :]

    def both(x: Arrays) -> tuple[float, Array]:
        value, g = model._loss_grad_lbfgs(x["T"].ravel(), X, same)
        return float(value), g.reshape(d, p)

    return Derivative(lambda x: both(x)[0], lambda x: {"T": both(x)[1]}, {"T": rng.standard_normal((d, p))})


@TABLE.add("Huber regression")
def huber_regression(rng: np.random.Generator) -> Derivative:
    """Huber's regression by coefficients, intercept and scale."""
    from sklearn.linear_model._huber import _huber_loss_and_gradient

    n, p = int(rng.integers(5, 40)), int(rng.integers(1, 6))
    X, y = rng.standard_normal((n, p)), 3 * rng.standard_normal(n)
    weight = rng.uniform(0.5, 2, n)

    def both(x: Arrays) -> tuple[float, Array]:
        value, g = _huber_loss_and_gradient(x["w"], X, y, 1.35, 0.01, sample_weight=weight)
        return float(value), g

    w = np.append(rng.standard_normal(p + 1), rng.uniform(0.5, 2))
    return Derivative(lambda x: both(x)[0], lambda x: {"w": both(x)[1]}, {"w": w})


def build(name: str, rng: np.random.Generator) -> Derivative:
    """One function of scikit-learn."""
    try:
        return TABLE.build(name, rng)
    except np.linalg.LinAlgError as error:
        raise NotApplicable(str(error)) from error


SOURCE = Source("scikit-learn", "packages", ("sklearn",), 2 * len(TABLE.names()), TABLE.names, build)
