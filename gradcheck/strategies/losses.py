"""The strategy `losses`: losses of `gradcheck.nn`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from hypothesis import strategies as st

from gradcheck.nn import Loss
from gradcheck.nn.kinds import LOSSES, make
from gradcheck.strategies.arguments import known_names
from gradcheck.strategies.choice import evenly
from gradcheck.testing.cases import LOSS_CASES, Spec

#: Losses that take predictions of any shape and size.
ANY_PREDICTION = ("MeanSquaredError", "Huber", "LogCosh")

#: All losses, simplest first: the order to which Hypothesis shrinks.
_SIMPLE = (*ANY_PREDICTION, "CrossEntropyWithLogits", "BinaryCrossEntropyWithLogits")
LOSS_ORDER = (*_SIMPLE, *(kind for kind in LOSSES if kind not in _SIMPLE))


def losses(
    *, kinds: Iterable[Any] | None = None, reductions: Iterable[Literal["mean", "sum"]] = ("mean", "sum")
) -> st.SearchStrategy[Loss]:
    """Draw losses of `gradcheck.nn`.

    Parameters
    ----------
    kinds : iterable of str or type, optional
        All by default.
    reductions : iterable of {"mean", "sum"}

    Returns
    -------
    SearchStrategy of Loss
        Shrinks to the mean squared error.

    Raises
    ------
    SubjectError
        If a loss or a reduction does not exist.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(losses(), lambda loss: loss.reduction == "sum")
    MeanSquaredError(reduction='sum')
    """
    return loss_specs(kinds, reductions).map(loss_of)


def loss_specs(kinds: Iterable[Any] | None, reductions: Iterable[str] = ("mean", "sum")) -> st.SearchStrategy[Spec]:
    """Draw descriptions of losses."""
    names = known_names("loss", kinds, LOSS_ORDER)
    known = known_names("reduction", reductions, ("mean", "sum"))
    return st.builds(
        lambda kind, reduction: {"kind": kind} | reduction | (LOSS_CASES[kind].options or {}),
        evenly(names),
        st.sampled_from([{"reduction": name} if name != "mean" else {} for name in known]),
    )


def loss_of(spec: Spec) -> Loss:
    """Make a loss from its description."""
    made: Loss = make("loss", spec, rng=np.random.default_rng(0), dtype=np.float64)
    return made
