"""Layers, losses and optimisers in plain NumPy, each derivative written by hand.

>>> from gradcheck.nn import Dense, MeanSquaredError, Network, Tanh
>>> network = Network([Dense(2, 3, rng=0), Tanh(), Dense(3, 1, rng=1)], MeanSquaredError())
>>> network.forward([[1.0, 2.0]]).shape
(1, 1)
"""

from __future__ import annotations

from typing import Any

from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, LOSSES, OPTIMISERS, REGULARISERS, find

#: Where each name comes from. Nothing is loaded before it is used.
_HOME = {
    **LAYERS,
    **ACTIVATIONS,
    **LOSSES,
    **OPTIMISERS,
    **REGULARISERS,
    "Layer": "layer",
    "Activation": "activations.activation",
    "Loss": "losses.loss",
    "Network": "network",
    "Optimiser": "optimisers.optimiser",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'gradcheck.nn' has no attribute {name!r}")
    value = find(name, _HOME[name])
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
