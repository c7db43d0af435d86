"""What a computation cuts out of the graph, as `detach()` does: noted at one point, and held constant at others.

Functions that are piecewise constant, and whose backward pass has a surrogate for their slope, are continued by it.
"""

from __future__ import annotations

import functools
import operator
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from gradcheck.subjects.frameworks.torch_calls import has_context, replace_forward, source_of
from gradcheck.subjects.pytree import flatten

#: A function is piecewise constant if it is the same so many roundings away.
NEAR = 64

#: Folders whose code is not that of the user.
_TORCH = os.path.join(os.path.dirname(os.path.abspath(torch.__file__)), "")
_GRADCHECK = os.path.join(Path(__file__).resolve().parents[2], "")


class Cuts(TorchFunctionMode):
    """Notes or replaces the results of operations that get a tensor with a graph and return numbers without one.

    Parameters
    ----------
    held : Cuts, optional
        Whose notes such operations are to return, in their order; by default what they return is noted.

    Attributes
    ----------
    values : list of tensor or float
        What they returned.
    surrogates : list of Surrogate or None
        One for each call of a function with a backward pass of its own; None for one that is none.
    places : dict of str to None
        Where an operation returned something else than what was held, as ``file:line``, in their order.
    functions : dict of str to None
        Names of functions that a surrogate was used for, with the place of their backward pass.
    """

    def __init__(self, held: Cuts | None = None) -> None:
        super().__init__()
        self._held = held
        self._inside = 0
        self.values: list[Any] = []
        self.surrogates: list[Surrogate | None] = []
        self.places: dict[str, None] = {}
        self.functions: dict[str, None] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing was cut, and nothing has a surrogate."""
        return not self.values and not any(self.surrogates)

    @contextmanager
    def outside_of(self, functions: Sequence[type]) -> Iterator[None]:
        """Leave alone what is inside the forward passes of some `torch.autograd.Function`, which has no graph."""
        with ExitStack() as undo:
            for function in functions:
                replace_forward(function, self._left_alone(function), undo)
            yield

    def _left_alone(self, function: Any) -> Callable[..., Any]:
        forward, context = function.forward, int(has_context(function))

        @functools.wraps(forward)
        def called(*args: Any, **kwargs: Any) -> Any:
            outermost = not self._inside
            self._inside += 1
            try:
                result = forward(*args, **kwargs)
                return self._continued(function, args[context:], result) if outermost and not kwargs else result
            finally:
                self._inside -= 1

        return called

    def _continued(self, function: Any, args: tuple[Any, ...], result: Any) -> Any:
        """The result of a call, continued by its surrogate if that is held."""
        place = len(self.surrogates)
        if self._held is None:
            self.surrogates.append(surrogate_of(function, args, result))
            return result
        known = self._held.surrogates[place] if place < len(self._held.surrogates) else None
        self.surrogates.append(known)
        if known is None or result.shape != known.result.shape:
            return result
        self.functions[known.name] = None
        return known.at(args[known.place])

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
        known = [] if self._held is None else self._held.values
        held = known[len(self.values)] if len(self.values) < len(known) else kept
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


@dataclass(frozen=True)
class Surrogate:
    """A function that is piecewise constant, entry by entry, with the slope that its backward pass gives it.

    Attributes
    ----------
    name : str
    place : int
        Of its input among the arguments.
    input, result, slope : tensor
    """

    name: str
    place: int
    input: torch.Tensor
    result: torch.Tensor
    slope: torch.Tensor

    def at(self, x: torch.Tensor) -> torch.Tensor:
        """The tangent of that slope."""
        with torch.no_grad():
            return self.result + self.slope * (x - self.input)


def surrogate_of(function: Any, args: tuple[Any, ...], result: Any) -> Surrogate | None:
    """The surrogate in the backward pass of a function; None if it is not piecewise constant, or has none.

    Parameters
    ----------
    function : subclass of torch.autograd.Function
    args : tuple
        Of `apply`.
    result : object
        What its forward pass returned.
    """
    places = [i for i, x in enumerate(args) if _has_graph(x) and x.is_floating_point()]
    if len(places) != 1 or not isinstance(result, torch.Tensor) or result.shape != args[places[0]].shape:
        return None
    (place,) = places
    x = args[place].detach()

    def applied(tensor: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = function.apply(*args[:place], tensor, *args[place + 1 :])
        return found

    eps = torch.finfo(x.dtype).eps
    near = [applied(x + sign * NEAR * eps * (1 + x.abs())) for sign in (1, -1)]
    if not all(torch.equal(each, result) for each in near):
        return None
    with torch.enable_grad():
        leaf = x.clone().requires_grad_()
        output = applied(leaf)
        if not output.requires_grad:
            return None
        weights = torch.linspace(1, 2, output.numel(), dtype=x.dtype, device=x.device).reshape(output.shape)
        slope, weighted = (
            torch.autograd.grad(output, leaf, u, retain_graph=True)[0] for u in (weights / weights, weights)
        )
    if not slope.any() or not torch.allclose(weighted, weights * slope, rtol=NEAR * eps):
        return None
    source = source_of(function.backward)
    where = f" ({os.path.basename(source[0])}:{source[1]})" if source else ""
    return Surrogate(f"{function.__name__}.backward{where}", place, x.clone(), result.detach().clone(), slope.detach())


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
