"""Hypothesis strategies that draw networks, layers, losses, batches, points, functions, operators and mistakes.

>>> from hypothesis import given
>>> import gradcheck
>>> from gradcheck.strategies import networks
>>> @given(networks())
... def test_gradients(network):
...     gradcheck.assert_gradients(network, batch=network.batch)
"""

from __future__ import annotations

try:
    import hypothesis as _hypothesis  # noqa: F401
except ImportError as error:
    raise ImportError(
        "gradcheck.strategies needs Hypothesis, which is not installed: pip install 'gradcheck[hypothesis]'"
    ) from error

from gradcheck.strategies.batches import batches
from gradcheck.strategies.broken_maps import BrokenFunction, BrokenOperator, broken_functions, broken_operators
from gradcheck.strategies.broken_networks import BrokenNetwork, broken_networks
from gradcheck.strategies.drawn import DrawnNetwork, drawn_layer
from gradcheck.strategies.functions import DrawnFunction, functions
from gradcheck.strategies.layers import layers
from gradcheck.strategies.losses import losses
from gradcheck.strategies.mistakes import mistakes
from gradcheck.strategies.networks import networks
from gradcheck.strategies.operators import DrawnOperator, operators
from gradcheck.strategies.pairs import Pair, pairs
from gradcheck.strategies.shapes import shapes
from gradcheck.strategies.smooth_points import smooth_points
from gradcheck.strategies.written import layer_from

__all__ = [
    "BrokenFunction",
    "BrokenNetwork",
    "BrokenOperator",
    "DrawnFunction",
    "DrawnNetwork",
    "DrawnOperator",
    "Pair",
    "batches",
    "broken_functions",
    "broken_networks",
    "broken_operators",
    "drawn_layer",
    "functions",
    "layer_from",
    "layers",
    "losses",
    "mistakes",
    "networks",
    "operators",
    "pairs",
    "shapes",
    "smooth_points",
]
