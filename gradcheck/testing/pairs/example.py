"""The example network of one layer with one loss, and a batch for it.

An activation comes directly before the loss, because the well-known shortcuts and mistakes are there. After any other
layer come a dense layer, which gives the width that the loss takes, and an activation if the loss needs one (a sigmoid
for a loss of probabilities, for example). A dense layer in front of the layer makes its input gradient visible.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.nn import Network
from gradcheck.nn.kinds import ACTIVATIONS
from gradcheck.testing.cases import LAYER_CASES, LOSS_CASES, LossCase, Spec

Array = NDArray[Any]


@dataclass(frozen=True)
class NetworkSettings:
    """Sizes of an example network.

    Attributes
    ----------
    samples, inputs : int
        Samples of the batch, and inputs of the first layer. There are no fewer inputs than samples: then the gradient
        of the first layer's weights shows every mistake in the gradient of its output.
    spread : float
        Standard deviation of the random numbers added to the initial parameters, so that no bias is 0 and no gain 1.
    """

    samples: int = 3
    inputs: int = 3
    spread: float = 0.4


NETWORK = NetworkSettings()


def compatible(layer: str, loss: str) -> bool:
    """Whether a layer and a loss can be combined: an activation must give what the loss requires."""
    requires = LOSS_CASES[loss].requires
    return requires is None or layer not in ACTIVATIONS or layer in requires.activations


def example(layer: str, loss: str, seed: int, settings: NetworkSettings = NETWORK) -> tuple[Network, tuple[Array, Any]]:
    """Make a small network with a layer and a loss, at generic parameters, and a batch ``(X, y)`` for it."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(f"{layer} with {loss}".encode())]))
    case = LOSS_CASES[loss]
    specs = [*_up_to_layer(layer, case, settings), *_after_layer(layer, case)]
    if case.shape:
        specs.append({"kind": "Reshape", "shape": case.shape})
    if layer == "Embedding":
        arguments, sample = LAYER_CASES[layer]
        X: Array = rng.integers(0, arguments["vocabulary"], (settings.samples, *sample))
    else:
        X = rng.standard_normal((settings.samples, settings.inputs))
    described = {"layers": _with_sizes(specs, X), "loss": {"kind": loss, **(case.options or {})}}
    network = Network.from_spec(described, rng=rng)
    for value in network.params.values():
        value += settings.spread * rng.standard_normal(value.shape)
    return network, (X, case.targets(rng, (settings.samples, case.width)))


def _up_to_layer(layer: str, case: LossCase, settings: NetworkSettings) -> Iterator[Spec]:
    """Specs of the layer and of those in front of it."""
    if layer == "Embedding":
        yield {"kind": layer, **LAYER_CASES[layer][0]}
        return
    arguments, sample = LAYER_CASES.get(layer, ({}, (case.width,)))
    yield {"kind": "Dense", "inputs": settings.inputs, "outputs": int(np.prod(sample))}
    if len(sample) > 1:
        yield {"kind": "Reshape", "shape": sample}
    yield {"kind": layer, **arguments}


def _after_layer(layer: str, case: LossCase) -> Iterator[Spec]:
    """Specs of the layers between the layer and the loss; none after an activation. The dense layer has no size yet."""
    if layer in ACTIVATIONS:
        return
    yield {"kind": "Flatten"}
    yield {"kind": "Dense", "inputs": None, "outputs": case.width}
    if case.requires is not None:
        yield case.requires.adapter


def _with_sizes(specs: list[Spec], X: Array) -> list[Spec]:
    """Fill in the inputs of the dense layer that has no size yet."""
    sized: list[Spec] = []
    for spec in specs:
        if "inputs" in spec and spec["inputs"] is None:
            front = Network.from_spec({"layers": sized, "loss": {"kind": "MeanSquaredError"}}, rng=0)
            spec = spec | {"inputs": front.forward(X).shape[1]}
        sized.append(spec)
    return sized
