"""Descriptions of the layers of `gradcheck.nn` that take a sample of a given shape: one function a kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from gradcheck.nn.kinds import ACTIVATIONS, LAYERS
from gradcheck.strategies.choice import evenly
from gradcheck.strategies.shapes import Shape
from gradcheck.testing.cases import Spec

#: Rows of a table of vectors.
VOCABULARY = 5

Draw = st.DrawFn
Describe = Callable[[Draw, Shape, int], Spec]


def _up_to(draw: Draw, most: int, label: str) -> int:
    return draw(st.integers(1, most), label=label)


def _dense(draw: Draw, shape: Shape, most: int) -> Spec:
    spec = {"kind": "Dense", "inputs": shape[0], "outputs": _up_to(draw, most, "outputs")}
    return spec | ({} if draw(st.sampled_from([True, True, False]), label="bias") else {"bias": False})


def _activation(draw: Draw) -> Spec:
    return {"kind": draw(evenly(SMOOTH_FIRST), label="activation")}


def _norm(kind: str) -> Describe:
    return lambda draw, shape, most: {"kind": kind, "features": shape[-1]}


def _divisors(n: int) -> st.SearchStrategy[int]:
    return st.sampled_from([d for d in (1, 2, 3) if n % d == 0])


def _group_norm(draw: Draw, shape: Shape, most: int) -> Spec:
    groups = draw(_divisors(shape[0]), label="groups")
    enough = np.prod(shape) > 2 * groups  # two numbers become ±1
    return {"kind": "GroupNorm", "groups": groups if enough else 1, "features": shape[0]}


def _batch_norm(draw: Draw, shape: Shape, most: int) -> Spec:
    return {"kind": "BatchNorm", "features": shape[0]}


def _window(draw: Draw, shape: Shape) -> Spec:
    size = _up_to(draw, min(shape[1:]), "size")  # up to a kernel as large as the image
    stride = draw(st.sampled_from([None, 1, 2]), label="stride")
    return {"size": size} | ({} if stride is None else {"stride": stride})


def _padding(draw: Draw, window: Spec) -> Spec:
    padding = draw(st.integers(0, window["size"] - 1), label="padding")
    return {"padding": padding} if padding else {}


def _convolution(name: str) -> Describe:
    def describe(draw: Draw, shape: Shape, most: int) -> Spec:
        window = _window(draw, shape)
        groups = draw(_divisors(shape[0]), label="groups")
        outputs = groups * _up_to(draw, max(1, most // groups), "outputs")
        spec = {"kind": f"{name}{len(shape) - 1}D", "inputs": shape[0], "outputs": outputs} | window
        return spec | ({"groups": groups} if groups > 1 else {}) | _padding(draw, window)

    return describe


def _max_pool(draw: Draw, shape: Shape, most: int) -> Spec:
    return {"kind": f"MaxPool{len(shape) - 1}D"} | _window(draw, shape)


def _average_pool(draw: Draw, shape: Shape, most: int) -> Spec:
    window = _window(draw, shape)
    return {"kind": f"AveragePool{len(shape) - 1}D"} | window | _padding(draw, window)


def _recurrent(kind: str) -> Describe:
    def describe(draw: Draw, shape: Shape, most: int) -> Spec:
        units = _up_to(draw, most, "units")
        options = {name: True for name in ("reverse", "last") if draw(st.booleans(), label=name)}
        return {"kind": kind, "features": shape[1], "units": units} | options

    return describe


def _attention(draw: Draw, shape: Shape, most: int) -> Spec:
    heads = draw(_divisors(shape[1]), label="heads")
    causal = {"causal": True} if draw(st.booleans(), label="causal") else {}
    return {"kind": "MultiHeadAttention", "features": shape[1], "heads": heads} | causal


def _embedding(draw: Draw, shape: Shape, most: int) -> Spec:
    return {"kind": "Embedding", "vocabulary": VOCABULARY, "features": _up_to(draw, most, "features")}


def _dropout(draw: Draw, shape: Shape, most: int) -> Spec:
    rate = draw(st.sampled_from([0.5, 0.25]), label="rate")
    return {"kind": "Dropout", "rate": rate, "seed": draw(st.integers(0, 9), label="seed")}


def _reshape(draw: Draw, shape: Shape, most: int) -> Spec:
    return {"kind": "Reshape", "shape": [shape[-1], -1] if draw(st.booleans(), label="two axes") else [-1]}


def _sequential(draw: Draw, shape: Shape, most: int) -> Spec:
    return {"kind": "Sequential", "layers": [_dense(draw, shape, most), _activation(draw)]}


def _residual(draw: Draw, shape: Shape, most: int) -> Spec:
    square = {"kind": "Dense", "inputs": shape[0], "outputs": shape[0]}
    if not draw(st.booleans(), label="shortcut"):
        return {"kind": "Residual", "layers": [square, _activation(draw)]}
    dense = _dense(draw, shape, most)
    return {"kind": "Residual", "layers": [dense], "shortcut": dense}


def _concatenate(draw: Draw, shape: Shape, most: int) -> Spec:
    square = {"kind": "Dense", "inputs": shape[0], "outputs": shape[0]}
    return {"kind": "Concatenate", "branches": [_dense(draw, shape, most), [square, _activation(draw)]]}


SMOOTH_FIRST = ("Tanh", *(kind for kind in sorted(ACTIVATIONS) if kind != "Tanh"))

#: How each kind is described, and how many axes the samples have that it takes.
DESCRIPTIONS: dict[str, tuple[Describe, frozenset[int]]] = {
    **{kind: (lambda draw, shape, most, kind=kind: {"kind": kind}, frozenset({1, 2, 3})) for kind in SMOOTH_FIRST},  # type: ignore[misc]
    "Dense": (_dense, frozenset({1})),
    "Flatten": (lambda draw, shape, most: {"kind": "Flatten"}, frozenset({2, 3})),
    "Reshape": (_reshape, frozenset({1, 2, 3})),
    "Dropout": (_dropout, frozenset({1, 2, 3})),
    "Sequential": (_sequential, frozenset({1})),
    "Residual": (_residual, frozenset({1})),
    "Concatenate": (_concatenate, frozenset({1})),
    "BatchNorm": (_batch_norm, frozenset({1, 2, 3})),
    "LayerNorm": (_norm("LayerNorm"), frozenset({1, 2, 3})),
    "RMSNorm": (_norm("RMSNorm"), frozenset({1, 2, 3})),
    "GroupNorm": (_group_norm, frozenset({2, 3})),
    "Conv1D": (_convolution("Conv"), frozenset({2})),
    "Conv2D": (_convolution("Conv"), frozenset({3})),
    "ConvTranspose1D": (_convolution("ConvTranspose"), frozenset({2})),
    "ConvTranspose2D": (_convolution("ConvTranspose"), frozenset({3})),
    "MaxPool1D": (_max_pool, frozenset({2})),
    "MaxPool2D": (_max_pool, frozenset({3})),
    "AveragePool1D": (_average_pool, frozenset({2})),
    "AveragePool2D": (_average_pool, frozenset({3})),
    "SimpleRNN": (_recurrent("SimpleRNN"), frozenset({2})),
    "LSTM": (_recurrent("LSTM"), frozenset({2})),
    "GRU": (_recurrent("GRU"), frozenset({2})),
    "MultiHeadAttention": (_attention, frozenset({2})),
    "Embedding": (_embedding, frozenset({1})),
}

#: The order in which kinds are drawn and to which they shrink.
ORDER = tuple(DESCRIPTIONS)

assert set(ORDER) == set(LAYERS) | set(ACTIVATIONS)


def fits(kind: str, shape: Shape, samples: int) -> bool:
    """Whether a layer takes samples of this shape, and so many that its gradient is more than rounding."""
    if kind == "BatchNorm":
        return samples > 2 and len(shape) in DESCRIPTIONS[kind][1]
    if kind == "LayerNorm" and shape[-1] < 3:
        return False  # one number becomes 0, and two become ±1
    return len(shape) in DESCRIPTIONS[kind][1]


def normalises(kind: str) -> bool:
    """Whether a layer normalises. One after the other leaves next to nothing of a gradient: less than is rounded."""
    return kind.endswith("Norm")
