"""Strategies of whole networks: their kinds and sizes are drawn, and a seed for the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck.nn import Network
from gradcheck.nn.kinds import ACTIVATIONS, LOSSES
from gradcheck.pairing import LOSS_CASES, NEEDS

Spec = dict[str, Any]
Array = NDArray[Any]

#: Numbers that a table of vectors has, and where parameters are drawn around their usual start.
VOCABULARY, SPREAD = 5, 0.4

#: A probability nearer to 1 leaves few digits of one minus it, and a loss that goes in steps.
SATURATED = 1e-7


@dataclass(frozen=True)
class Case:
    """A network and a batch for it; prints as what is needed to make it again."""

    spec: Spec
    network: Network
    batch: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"{self.spec} on X of shape {np.shape(self.batch[0])}"


def _flat(draw: st.DrawFn, shape: tuple[int, ...]) -> list[Spec]:
    """A layer for samples that are a row of numbers."""
    (width,) = shape
    to = draw(st.integers(1, 5), label="width")
    dense = {"kind": "Dense", "inputs": width, "outputs": to}
    square = {"kind": "Dense", "inputs": width, "outputs": width}
    activation = {"kind": draw(st.sampled_from(sorted(ACTIVATIONS)), label="activation")}
    return draw(
        st.sampled_from(
            [
                [dense],
                [dense, activation],
                [dense | {"bias": False}],
                [activation],
                [{"kind": "LayerNorm", "features": width} if width != 2 else dense],  # two numbers become ±1
                [{"kind": "RMSNorm", "features": width}],
                [{"kind": "Dropout", "rate": 0.3, "seed": to}],
                [{"kind": "Residual", "layers": [square, activation]}],
                [{"kind": "Residual", "layers": [dense], "shortcut": dense}],
                [{"kind": "Concatenate", "branches": [dense, [square, activation]]}],
                [{"kind": "Sequential", "layers": [dense, {"kind": "Reshape", "shape": [-1]}]}],
            ]
        ),
        label="layer",
    )


def _positions(draw: st.DrawFn, shape: tuple[int, ...]) -> list[Spec]:
    """A layer for signals and images: channels, then one or two axes."""
    channels, *extent = shape
    n = len(extent)
    size = draw(st.integers(1, min(extent)), label="size")  # up to a kernel as large as the image
    window = {"size": size, "stride": draw(st.integers(1, 2), label="stride")}
    padding = draw(st.integers(0, size - 1), label="padding")
    to = draw(st.integers(1, 3), label="channels")
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0]), label="groups")
    convolution = {"inputs": channels, "outputs": groups * to, "groups": groups, "padding": padding} | window
    return draw(
        st.sampled_from(
            [
                [{"kind": f"Conv{n}D"} | convolution],
                [{"kind": f"ConvTranspose{n}D"} | convolution],
                [{"kind": f"MaxPool{n}D"} | window],
                [{"kind": f"AveragePool{n}D", "padding": padding} | window],
                [{"kind": "GroupNorm", "groups": groups if np.prod(shape) > 2 * groups else 1, "features": channels}],
                [{"kind": draw(st.sampled_from(sorted(ACTIVATIONS)), label="activation")}],
                [{"kind": "Dropout", "rate": 0.5, "seed": to}],
            ]
        ),
        label="layer",
    )


def _sequence(draw: st.DrawFn, shape: tuple[int, ...]) -> list[Spec]:
    """A layer for sequences: steps of time, then features."""
    _, features = shape
    units = draw(st.integers(1, 4), label="units")
    cell = {"features": features, "units": units, "reverse": draw(st.booleans(), label="reverse")}
    heads = draw(st.sampled_from([h for h in (1, 2, 3) if features % h == 0]), label="heads")
    return draw(
        st.sampled_from(
            [
                [{"kind": "SimpleRNN"} | cell],
                [{"kind": "LSTM"} | cell],
                [{"kind": "GRU"} | cell],
                [{"kind": "MultiHeadAttention", "features": features, "heads": heads, "causal": bool(units % 2)}],
                [{"kind": "LayerNorm" if features != 2 else "RMSNorm", "features": features}],
            ]
        ),
        label="layer",
    )


STAGES = {1: _flat, 2: _sequence, 3: _positions}

#: Shapes of one sample: rows, sequences or signals, images.
SHAPES = st.one_of(
    st.tuples(st.integers(1, 4)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(1, 2), st.integers(1, 5), st.integers(1, 5)),
)


@st.composite
def networks(draw: st.DrawFn, most: int = 3) -> Case:
    """Networks of up to `most` drawn stages, a dense layer, and a loss, with a batch of one and more."""
    samples = draw(st.integers(1, 4), label="samples")
    sample = draw(SHAPES, label="shape of a sample")
    signal = len(sample) == 2 and draw(st.booleans(), label="signal")
    indices = len(sample) == 1 and draw(st.booleans(), label="indices")
    rng = np.random.default_rng(draw(st.integers(0, 10_000), label="seed"))
    layers: list[Spec] = []
    if indices:
        X: Array = rng.integers(0, VOCABULARY, (samples, *sample))
        layers.append({"kind": "Embedding", "vocabulary": VOCABULARY, "features": draw(st.integers(1, 3))})
    else:
        X = rng.standard_normal((samples, *sample))
    stage = _positions if signal else STAGES[len(sample) + indices]
    for _ in range(draw(st.integers(0, most), label="stages")):
        new = stage(draw, _shape(layers, X))
        layers += new if not (_normalises(new[0]) and layers and _normalises(layers[-1])) else []
    norm = samples > 2 and draw(st.booleans(), label="batch normalisation")
    if norm and not (layers and _normalises(layers[-1])):
        layers.append({"kind": "BatchNorm", "features": _shape(layers, X)[0]})
    loss = draw(st.sampled_from(sorted(LOSSES)), label="loss")
    case = LOSS_CASES[loss]
    layers += [{"kind": "Flatten"}]
    layers += [{"kind": "Dense", "inputs": _shape(layers, X)[0], "outputs": case.width}]
    layers += [NEEDS[case.needs][2]] if case.needs else []
    layers += [{"kind": "Reshape", "shape": list(case.shape)}] if case.shape else []
    spec: Spec = {
        "layers": layers,
        "loss": {"kind": loss, "reduction": draw(st.sampled_from(["mean", "sum"]))} | (case.options or {}),
        "regulariser": draw(st.sampled_from([None, {"kind": "L2", "strength": 0.1}, {"kind": "L1", "strength": 0.1}])),
    }
    network = Network.from_spec(spec, rng=rng)
    for value in network.params.values():
        value += SPREAD * rng.standard_normal(value.shape)
    if case.needs in ("unit", "simplex"):
        assume(1 - network.forward(X).max() > SATURATED)
    targets = case.targets(rng)
    if targets is not None:
        targets = np.resize(targets, (samples, *targets.shape[1:]))
    weights = rng.uniform(0.5, 2.0, samples) if draw(st.booleans(), label="weights") else None
    return Case(spec, network, (X, targets, weights))


def _normalises(spec: Spec) -> bool:
    """Whether a layer normalises. One after the other leaves next to nothing of a gradient: less than is rounded."""
    return str(spec["kind"]).endswith("Norm")


def _shape(layers: list[Spec], X: Array) -> tuple[int, ...]:
    """Shape of one sample after some layers."""
    if not layers:
        return X.shape[1:]
    return Network.from_spec({"layers": layers, "loss": {"kind": "Huber"}}, rng=0).forward(X).shape[1:]
