"""Random expression graphs with gradients by PyTorch.

A graph is drawn while it is evaluated, so that its values stay of moderate size. Its leaves are blocks of random scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.strangers.derivative import Arrays, Derivative, NotApplicable, Source
from benchmarks.strangers.sources.torch_calls import derivative_by_torch

#: Values above this are scaled down by a constant factor.
LARGE = 30.0

#: Kinds of graphs: which operations they have, and how their leaves are scaled.
KINDS = ("smooth", "kinks", "matrices", "scaled", "mixed", "deep")


@dataclass(frozen=True)
class Node:
    """One operation on earlier values."""

    name: str
    function: Callable[..., Any]
    inputs: tuple[int, ...]


def build(name: str, rng: np.random.Generator) -> Derivative:
    """Draw a graph."""
    import torch

    leaves = _leaves(name, rng)
    scales = {block: _scale(name, rng) for block in leaves}
    loss_scale = float(10 ** rng.uniform(-12, 12)) if rng.random() < 0.3 else 1.0
    offset = float(10 ** rng.uniform(-2, 3)) if rng.random() < 0.1 else 0.0
    values = [torch.tensor(value) for value in leaves.values()]
    nodes: list[Node] = []
    length = int(rng.integers(20, 60)) if name == "deep" else int(rng.integers(3, 20))
    unused = list(range(len(values)))
    while len(nodes) < length or len(unused) > 1:
        node = _draw(name, rng, values, unused, closing=len(nodes) >= length)
        if node is None:
            continue
        value = node.function(*(values[i] for i in node.inputs))
        if not torch.isfinite(value).all() or value.numel() > 400:
            continue
        largest = float(value.abs().max())
        if largest > LARGE:
            factor = 1 / largest
            node = Node(node.name, partial(_scaled, node.function, factor), node.inputs)
            value = value * factor
        nodes.append(node)
        values.append(value)
        unused = [i for i in unused if i not in node.inputs] + [len(values) - 1]
        if len(nodes) > 200:
            raise NotApplicable("the graph does not close")
    if any(node.name == "exponential" for node in nodes):
        loss_scale = min(loss_scale, 1.0)  # its pullback loses digits for large cotangents, see docs/strangers.md
    cotangent = torch.tensor(rng.standard_normal(tuple(values[-1].shape)))
    count = len(leaves)

    def loss(x: dict[str, Any], cut: tuple[int, int] | None = None) -> Any:
        values = [x[block] / scales[block] for block in leaves]
        for number, node in enumerate(nodes):
            some = [values[i] for i in node.inputs]
            if cut is not None and cut[0] == number:
                some[cut[1]] = some[cut[1]].detach()
            values.append(node.function(*some))
        return loss_scale * ((values[-1] * cotangent).sum() + offset)

    edges = [(number, place) for number, node in enumerate(nodes) for place in range(len(node.inputs))]
    chosen = [edges[i] for i in rng.permutation(len(edges))[:5]]
    assert len(values) == count + len(nodes)
    x0: Arrays = {block: leaves[block] * scales[block] for block in leaves}
    return derivative_by_torch(loss, x0, tuple(partial(loss, cut=cut) for cut in chosen))


def _scaled(function: Callable[..., Any], factor: float, *values: Any) -> Any:
    return function(*values) * factor


def _scale(name: str, rng: np.random.Generator) -> float:
    if name == "scaled" or rng.random() < 0.2:
        return float(10 ** rng.uniform(-12, 12))
    return 1.0


def _leaves(name: str, rng: np.random.Generator) -> Arrays:
    n, m, k = (int(i) for i in rng.integers(1, 7, 3))
    if name == "matrices" and rng.random() < 0.5:
        n = m = max(n, 2)
    shapes = [(n, m), (m, k), (n, m), (m,), (n, 1), (), (m, m), (n, k), (k,)]
    chosen = [shapes[i] for i in rng.integers(0, len(shapes), int(rng.integers(1, 6)))]
    return {f"p{i}": rng.standard_normal(shape) * rng.choice([1.0, 1.0, 0.1, 3.0]) for i, shape in enumerate(chosen)}


def _unary_smooth() -> dict[str, Callable[[Any], Any]]:
    import torch
    from torch.nn import functional as f

    return {
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "exp": torch.exp,
        "softplus": f.softplus,
        "sin": torch.sin,
        "cos": torch.cos,
        "log1p square": lambda x: torch.log1p(x * x),
        "root": lambda x: torch.sqrt(1 + x * x),
        "square": torch.square,
        "cube": lambda x: x**3,
        "gelu": f.gelu,
        "silu": f.silu,
        "erf": torch.erf,
        "arctan": torch.atan,
        "reciprocal": lambda x: 1 / (2 + torch.sin(x)),
        "asinh": torch.asinh,
        "log cosh": lambda x: f.softplus(2 * x) - x,
        "log abs": lambda x: torch.log(torch.abs(x) + 1e-3),
        "xlogx": lambda x: torch.xlogy(x * x, x * x + 1e-12),
        "digamma": lambda x: torch.digamma(1 + x * x),
        "lgamma": lambda x: torch.lgamma(1 + x * x),
        "negative": lambda x: -x,
    }


def _unary_kinked() -> dict[str, Callable[[Any], Any]]:
    import torch
    from torch.nn import functional as f

    return {
        "relu": torch.relu,
        "abs": torch.abs,
        "leaky relu": lambda x: f.leaky_relu(x, 0.1),
        "elu": f.elu,
        "clip": lambda x: torch.clamp(x, -1.5, 1.5),
        "hard sigmoid": f.hardsigmoid,
        "huber": lambda x: torch.where(x.abs() < 1, 0.5 * x * x, x.abs() - 0.5),
        "root abs": lambda x: torch.sqrt(torch.abs(x) + 0.01),
        "where": lambda x: torch.where(x > 0, torch.sin(x), x * x),
    }


def _by_dimension(rng: np.random.Generator, x: Any, *, kinks: bool) -> tuple[str, Callable[[Any], Any]]:
    """An operation along one dimension: softmax, norms, reductions, orders."""
    import torch
    from torch.nn import functional as f

    dim = int(rng.integers(0, x.ndim))
    size = int(x.shape[dim])
    index = torch.tensor(rng.integers(0, size, int(rng.integers(1, size + 2))))
    shift, keep = int(rng.integers(0, 3)), bool(rng.integers(2))
    some: dict[str, Callable[[Any], Any]] = {
        "softmax": lambda x: torch.softmax(x, dim),
        "log softmax": lambda x: torch.log_softmax(x, dim),
        "sum": lambda x: x.sum(dim, keepdim=keep),
        "mean": lambda x: x.mean(dim, keepdim=keep),
        "logsumexp": lambda x: torch.logsumexp(x, dim, keepdim=keep),
        "norm": lambda x: torch.linalg.vector_norm(x, dim=dim, keepdim=keep),
        "cumsum": lambda x: torch.cumsum(x, dim),
        "product": lambda x: torch.prod(torch.tanh(x), dim, keepdim=keep),
        "normalised": lambda x: f.normalize(x, dim=dim),
        "layer norm": lambda x: (
            (x - x.mean(dim, keepdim=True)) / torch.sqrt(x.var(dim, unbiased=False, keepdim=True) + 1e-5)
        ),
        "take": lambda x: torch.index_select(x, dim, index),
        "flip": lambda x: torch.flip(x, (dim,)),
        "roll": lambda x: torch.roll(x, shift, dim),
    }
    if kinks:
        some |= {
            "max": lambda x: x.amax(dim, keepdim=keep),
            "min": lambda x: x.min(dim, keepdim=keep).values,
            "sort": lambda x: torch.sort(x, dim).values,
            "median": lambda x: x.median(dim, keepdim=keep).values,
            "cummax": lambda x: torch.cummax(x, dim).values,
            "top": lambda x: torch.topk(x, max(1, size // 2), dim).values,
        }
    name = str(rng.choice(list(some)))
    return name, some[name]


def _binary(*, kinks: bool) -> dict[str, Callable[[Any, Any], Any]]:
    import torch

    some: dict[str, Callable[[Any, Any], Any]] = {
        "add": torch.add,
        "sub": torch.sub,
        "mul": torch.mul,
        "div": lambda x, y: x / (1 + y * y),
        "logaddexp": torch.logaddexp,
        "hypot": lambda x, y: torch.sqrt(x * x + y * y + 1e-6),
        "gate": lambda x, y: x * torch.sigmoid(y),
        "power": lambda x, y: (1 + x * x) ** torch.tanh(y),
        "atan2": lambda x, y: torch.atan2(x, 1 + y * y),
    }
    if kinks:
        some |= {
            "maximum": torch.maximum,
            "minimum": torch.minimum,
            "select": lambda x, y: torch.where(x > y, x * y, x + y),
        }
    return some


def _matrix() -> dict[str, Callable[[Any], Any]]:
    import torch

    def spd(x: Any) -> Any:
        return x @ x.mT + torch.eye(x.shape[-2], dtype=x.dtype)

    return {
        "log determinant": lambda x: torch.logdet(spd(x)),
        "inverse": lambda x: torch.linalg.inv(spd(x)),
        "cholesky": lambda x: torch.linalg.cholesky(spd(x)),
        "trace": lambda x: torch.trace(x @ x.mT),
        "nuclear": lambda x: torch.linalg.eigvalsh(spd(x)).sqrt().sum(),
        "exponential": lambda x: torch.linalg.matrix_exp(0.1 * spd(x)),
        "transpose": lambda x: x.mT,
        "gram": lambda x: x.mT @ x,
        "attention": lambda x: torch.softmax(x @ x.mT, -1) @ x,
    }


def _draw(name: str, rng: np.random.Generator, values: list[Any], unused: list[int], *, closing: bool) -> Node | None:
    """Draw an operation that fits the values; while the graph closes, one that joins two unused values."""
    import torch

    kinks = name in ("kinks", "mixed", "deep")
    if closing:
        one, two = unused[-1], unused[-2]
        return Node("join", _joined(float(rng.uniform(0.3, 2))), (one, two))
    one = int(rng.choice(unused)) if rng.random() < 0.7 else int(rng.integers(len(values)))
    x = values[one]
    draw = rng.random() + (0.25 if name == "matrices" else 0)
    if draw < 0.35:
        some = _unary_smooth()
        if kinks and rng.random() < 0.5:
            some = _unary_kinked()
        key = str(rng.choice(list(some)))
        return Node(key, some[key], (one,))
    if draw < 0.55:
        if x.ndim == 0:
            return None
        key, function = _by_dimension(rng, x, kinks=kinks)
        return Node(key, function, (one,))
    two = int(rng.integers(len(values)))
    y = values[two]
    if draw < 0.85:
        if not _fit(x, y):
            return None
        binary = _binary(kinks=kinks)
        key = str(rng.choice(list(binary)))
        return Node(key, binary[key], (one, two))
    if x.ndim == 2 and y.ndim >= 1 and x.shape[-1] == y.shape[0] and rng.random() < 0.7:
        return Node("matmul", torch.matmul, (one, two))
    if x.ndim == 2:
        matrix = _matrix()
        key = str(rng.choice(list(matrix)))
        return Node(key, matrix[key], (one,))
    return None


def _fit(x: Any, y: Any) -> bool:
    """Whether two shapes can be broadcast together."""
    try:
        np.broadcast_shapes(tuple(x.shape), tuple(y.shape))
    except ValueError:
        return False
    return True


def _joined(factor: float) -> Callable[[Any, Any], Any]:
    """The sum of two values, or of their means if their shapes do not fit."""

    def join(x: Any, y: Any) -> Any:
        import torch

        if _fit(x, y):
            return x + factor * y
        return torch.tanh(x).mean() + factor * y.mean()

    return join


SOURCE = Source("torch-graphs", "graphs", ("torch",), 3000, lambda: KINDS, build)
