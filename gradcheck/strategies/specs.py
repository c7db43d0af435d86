"""Draw descriptions of the layers of `gradcheck.nn` for samples of a given shape: one function a kind of layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from gradcheck.nn.kinds import ACTIVATIONS
from gradcheck.strategies.choice import evenly
from gradcheck.strategies.shapes import Shape
from gradcheck.testing.cases import Spec

#: Rows of the table of an embedding.
VOCABULARY = 5

#: Samples from which batch normalisation has a gradient that is not rounding error: two samples become ±1.
BATCH_NORM_SAMPLES = 3

#: Numbers from which layer normalisation has such a gradient: one number becomes 0, and two become ±1.
LAYER_NORM_NUMBERS = 3

Draw = st.DrawFn

#: ``describe(draw, shape, max_width)`` draws the description of a layer.
Describe = Callable[[Draw, Shape, int], Spec]


@dataclass(frozen=True)
class LayerSpec:
    """How the description of one kind of layer is drawn, and the numbers of axes of the samples that it takes."""

    draw: Describe
    axes: frozenset[int]


def _up_to(draw: Draw, largest: int, label: str) -> int:
    return draw(st.integers(1, largest), label=label)


def _without_arguments(kind: str) -> Describe:
    return lambda draw, shape, max_width: {"kind": kind}


def _dense(draw: Draw, shape: Shape, max_width: int) -> Spec:
    spec = {"kind": "Dense", "inputs": shape[0], "outputs": _up_to(draw, max_width, "outputs")}
    return spec | ({} if draw(st.sampled_from([True, True, False]), label="bias") else {"bias": False})


def _activation(draw: Draw) -> Spec:
    return {"kind": draw(evenly(SMOOTH_FIRST), label="activation")}


def _norm(kind: str) -> Describe:
    return lambda draw, shape, max_width: {"kind": kind, "features": shape[-1]}


def _divisors(n: int) -> st.SearchStrategy[int]:
    return st.sampled_from([d for d in (1, 2, 3) if n % d == 0])


def _group_norm(draw: Draw, shape: Shape, max_width: int) -> Spec:
    groups = draw(_divisors(shape[0]), label="groups")
    enough = np.prod(shape) > 2 * groups  # two numbers become ±1
    return {"kind": "GroupNorm", "groups": groups if enough else 1, "features": shape[0]}


def _batch_norm(draw: Draw, shape: Shape, max_width: int) -> Spec:
    return {"kind": "BatchNorm", "features": shape[0]}


def _window(draw: Draw, shape: Shape) -> Spec:
    size = _up_to(draw, min(shape[1:]), "size")  # at most as large as the image
    stride = draw(st.sampled_from([None, 1, 2]), label="stride")
    return {"size": size} | ({} if stride is None else {"stride": stride})


def _padding(draw: Draw, window: Spec) -> Spec:
    padding = draw(st.integers(0, window["size"] - 1), label="padding")
    return {"padding": padding} if padding else {}


def _convolution(name: str) -> Describe:
    def describe(draw: Draw, shape: Shape, max_width: int) -> Spec:
        window = _window(draw, shape)
        groups = draw(_divisors(shape[0]), label="groups")
        outputs = groups * _up_to(draw, max(1, max_width // groups), "outputs")
        spec = {"kind": f"{name}{len(shape) - 1}D", "inputs": shape[0], "outputs": outputs} | window
        return spec | ({"groups": groups} if groups > 1 else {}) | _padding(draw, window)

    return describe


def _max_pool(draw: Draw, shape: Shape, max_width: int) -> Spec:
    return {"kind": f"MaxPool{len(shape) - 1}D"} | _window(draw, shape)


def _average_pool(draw: Draw, shape: Shape, max_width: int) -> Spec:
    window = _window(draw, shape)
    return {"kind": f"AveragePool{len(shape) - 1}D"} | window | _padding(draw, window)


def _recurrent(kind: str) -> Describe:
    def describe(draw: Draw, shape: Shape, max_width: int) -> Spec:
        units = _up_to(draw, max_width, "units")
        options = {name: True for name in ("reverse", "last") if draw(st.booleans(), label=name)}
        return {"kind": kind, "features": shape[1], "units": units} | options

    return describe


def _attention(draw: Draw, shape: Shape, max_width: int) -> Spec:
    heads = draw(_divisors(shape[1]), label="heads")
    causal = {"causal": True} if draw(st.booleans(), label="causal") else {}
    return {"kind": "MultiHeadAttention", "features": shape[1], "heads": heads} | causal


def _embedding(draw: Draw, shape: Shape, max_width: int) -> Spec:
    return {"kind": "Embedding", "vocabulary": VOCABULARY, "features": _up_to(draw, max_width, "features")}


def _dropout(draw: Draw, shape: Shape, max_width: int) -> Spec:
    rate = draw(st.sampled_from([0.5, 0.25]), label="rate")
    return {"kind": "Dropout", "rate": rate, "seed": draw(st.integers(0, 9), label="seed")}


def _reshape(draw: Draw, shape: Shape, max_width: int) -> Spec:
    return {"kind": "Reshape", "shape": [shape[-1], -1] if draw(st.booleans(), label="two axes") else [-1]}


def _sequential(draw: Draw, shape: Shape, max_width: int) -> Spec:
    return {"kind": "Sequential", "layers": [_dense(draw, shape, max_width), _activation(draw)]}


def _residual(draw: Draw, shape: Shape, max_width: int) -> Spec:
    square = {"kind": "Dense", "inputs": shape[0], "outputs": shape[0]}
    if not draw(st.booleans(), label="shortcut"):
        return {"kind": "Residual", "layers": [square, _activation(draw)]}
    dense = _dense(draw, shape, max_width)
    return {"kind": "Residual", "layers": [dense], "shortcut": dense}


def _concatenate(draw: Draw, shape: Shape, max_width: int) -> Spec:
    square = {"kind": "Dense", "inputs": shape[0], "outputs": shape[0]}
    return {"kind": "Concatenate", "branches": [_dense(draw, shape, max_width), [square, _activation(draw)]]}


#: Activations, a smooth one first.
SMOOTH_FIRST = ("Tanh", *(kind for kind in sorted(ACTIVATIONS) if kind != "Tanh"))

#: Each kind of layer, simplest first: the order to which Hypothesis shrinks.
LAYER_SPECS: dict[str, LayerSpec] = {
    **{kind: LayerSpec(_without_arguments(kind), frozenset({1, 2, 3})) for kind in SMOOTH_FIRST},
    "Dense": LayerSpec(_dense, frozenset({1})),
    "Flatten": LayerSpec(_without_arguments("Flatten"), frozenset({2, 3})),
    "Reshape": LayerSpec(_reshape, frozenset({1, 2, 3})),
    "Dropout": LayerSpec(_dropout, frozenset({1, 2, 3})),
    "Sequential": LayerSpec(_sequential, frozenset({1})),
    "Residual": LayerSpec(_residual, frozenset({1})),
    "Concatenate": LayerSpec(_concatenate, frozenset({1})),
    "BatchNorm": LayerSpec(_batch_norm, frozenset({1, 2, 3})),
    "LayerNorm": LayerSpec(_norm("LayerNorm"), frozenset({1, 2, 3})),
    "RMSNorm": LayerSpec(_norm("RMSNorm"), frozenset({1, 2, 3})),
    "GroupNorm": LayerSpec(_group_norm, frozenset({2, 3})),
    "Conv1D": LayerSpec(_convolution("Conv"), frozenset({2})),
    "Conv2D": LayerSpec(_convolution("Conv"), frozenset({3})),
    "ConvTranspose1D": LayerSpec(_convolution("ConvTranspose"), frozenset({2})),
    "ConvTranspose2D": LayerSpec(_convolution("ConvTranspose"), frozenset({3})),
    "MaxPool1D": LayerSpec(_max_pool, frozenset({2})),
    "MaxPool2D": LayerSpec(_max_pool, frozenset({3})),
    "AveragePool1D": LayerSpec(_average_pool, frozenset({2})),
    "AveragePool2D": LayerSpec(_average_pool, frozenset({3})),
    "SimpleRNN": LayerSpec(_recurrent("SimpleRNN"), frozenset({2})),
    "LSTM": LayerSpec(_recurrent("LSTM"), frozenset({2})),
    "GRU": LayerSpec(_recurrent("GRU"), frozenset({2})),
    "MultiHeadAttention": LayerSpec(_attention, frozenset({2})),
    "Embedding": LayerSpec(_embedding, frozenset({1})),
}

LAYER_ORDER = tuple(LAYER_SPECS)


def fits(kind: str, shape: Shape, samples: int) -> bool:
    """Whether a layer takes samples of this shape, and enough of them that its gradient is more than rounding error."""
    if kind == "BatchNorm" and samples < BATCH_NORM_SAMPLES:
        return False
    if kind == "LayerNorm" and shape[-1] < LAYER_NORM_NUMBERS:
        return False
    return len(shape) in LAYER_SPECS[kind].axes


def normalises(kind: str) -> bool:
    """Whether a layer normalises. Of two in a row, the first has a gradient below rounding error."""
    return kind.endswith("Norm")
