"""The strategy `pairs`: a layer and a loss that can be combined, as in the table of `gradcheck.pairs`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hypothesis import strategies as st

from gradcheck.errors import SubjectError
from gradcheck.nn import Network
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS
from gradcheck.strategies.arguments import known_names
from gradcheck.strategies.choice import evenly
from gradcheck.strategies.losses import LOSS_ORDER
from gradcheck.strategies.numbers import SEEDS
from gradcheck.testing.pairs.example import compatible, example


@dataclass(frozen=True)
class Pair:
    """A layer and a loss, with an example network of the two.

    Attributes
    ----------
    layer, loss : str
        Their kinds.
    seed : int

    Examples
    --------
    >>> import gradcheck
    >>> pair = Pair("Tanh", "Huber", seed=1)
    >>> bool(gradcheck.check_gradients(pair.network, batch=pair.batch))
    True
    """

    layer: str
    loss: str
    seed: int = 0

    @cached_property
    def _example(self) -> tuple[Network, tuple[Any, Any]]:
        return example(self.layer, self.loss, self.seed)

    @property
    def network(self) -> Network:
        """A small network with the layer and the loss."""
        return self._example[0]

    @property
    def batch(self) -> tuple[Any, Any]:
        """A batch for the network."""
        return self._example[1]


def pairs(*, layers: Iterable[Any] | None = None, losses: Iterable[Any] | None = None) -> st.SearchStrategy[Pair]:
    """Draw pairs of a layer and a loss of `gradcheck.nn` that can be combined.

    Parameters
    ----------
    layers, losses : iterable of str or type, optional
        All by default.

    Returns
    -------
    SearchStrategy of Pair

    Raises
    ------
    SubjectError
        If a layer or loss does not exist, or none of them can be combined.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(pairs(losses=["BinaryCrossEntropy"], layers=["ReLU", "Sigmoid"]), lambda pair: True)
    Pair(layer='Sigmoid', loss='BinaryCrossEntropy', seed=0)
    """
    kinds, criteria = known_names("layer", layers, (*LAYERS, *ACTIVATIONS)), known_names("loss", losses, LOSS_ORDER)
    cells = [(layer, loss) for loss in criteria for layer in kinds if compatible(layer, loss)]
    if not cells:
        raise SubjectError(f"{', '.join(kinds)} cannot be combined with {', '.join(criteria)}; see gradcheck.pairs()")
    return st.builds(lambda cell, seed: Pair(cell[0], cell[1], seed), evenly(cells), SEEDS)
