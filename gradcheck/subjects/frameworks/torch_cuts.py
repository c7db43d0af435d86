"""What a computation cuts out of the graph, as `detach()` does: noted at one point, and held constant at others."""

from __future__ import annotations

import operator
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from gradcheck.subjects.pytree import flatten

#: Folders whose code is not that of the user.
_TORCH = os.path.join(os.path.dirname(os.path.abspath(torch.__file__)), "")
_GRADCHECK = os.path.join(Path(__file__).resolve().parents[2], "")


class Cuts(TorchFunctionMode):
    """Notes or replaces the results of operations that get a tensor with a graph and return numbers without one.

    Parameters
    ----------
    held : sequence of tensor or float, optional
        What such operations are to return, in their order; by default what they return is noted.

    Attributes
    ----------
    values : list of tensor or float
    places : dict of str to None
        Where an operation returned something else than what was held, as ``file:line``, in their order.
    """

    def __init__(self, held: Sequence[Any] | None = None) -> None:
        super().__init__()
        self._held = held
        self._inside = 0
        self.values: list[Any] = []
        self.places: dict[str, None] = {}

    @contextmanager
    def outside_of(self, functions: Sequence[type]) -> Iterator[None]:
        """Leave the forward passes of some `torch.autograd.Function` alone, which have no graph inside."""
        with ExitStack() as undo:
            for function in functions:
                own = vars(function).get("forward")
                undo.callback(*((setattr, function, "forward", own) if own else (delattr, function, "forward")))
                function.forward = staticmethod(self._left_alone(function.forward))  # type: ignore[attr-defined]
            yield

    def _left_alone(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            self._inside += 1
            try:
                return forward(*args, **kwargs)
            finally:
                self._inside -= 1

        return called

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Call a function of the library; of one that cuts the graph return what is held."""
        keywords = dict(kwargs or {})
        cuts = not self._inside and any(map(_has_graph, _leaves((args, keywords))))
        result = func(*args, **keywords)
        if not cuts:
            return result
        given = {id(leaf) for leaf in _leaves((args, keywords))}
        leaves, structure = flatten(result, "x")
        found = [self._replaced(leaf, id(leaf) in given) if _is_cut(leaf) else leaf for leaf in leaves]
        if structure.bare:
            return found[0]
        return result if all(map(operator.is_, found, leaves)) else structure.unflatten(found)

    def _replaced(self, value: Any, in_place: bool) -> Any:
        kept = value.detach().clone() if isinstance(value, torch.Tensor) else value
        held = kept if self._held is None or len(self.values) >= len(self._held) else self._held[len(self.values)]
        self.values.append(kept)
        if self._held is None or np.shape(held) != np.shape(kept):  # the computation took another way
            return value
        if np.array_equal(np.asarray(held), np.asarray(kept), equal_nan=True):
            return value
        self.places[_place()] = None
        if not isinstance(value, torch.Tensor):
            return held
        with torch.no_grad():
            return value.copy_(held) if in_place else held.clone()


def _leaves(tree: Any) -> list[Any]:
    return flatten(tree, "x")[0]


def _has_graph(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor) and leaf.requires_grad


def _is_cut(leaf: Any) -> bool:
    """Whether a result is a float, or a tensor of floats, without a graph."""
    if isinstance(leaf, torch.Tensor):
        return not leaf.requires_grad and (leaf.is_floating_point() or leaf.is_complex())
    return isinstance(leaf, float)


def _place() -> str:
    """Where the code is that called the library: the innermost frame outside of it, or inside where there is none."""
    frame = sys._getframe(1)
    names: list[str] = []
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_GRADCHECK):
            names.append(f"{os.path.basename(file)}:{frame.f_lineno}")
            if not file.startswith(_TORCH):
                return names[-1]
        frame = frame.f_back  # type: ignore[assignment]
    return names[0] if names else "?"
