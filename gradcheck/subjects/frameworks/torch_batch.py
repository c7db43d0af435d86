"""What a `torch.nn.Module` and its loss are called with: the tensors in it, by name, and calls with others in place."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import torch

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.pytree import flatten

#: What a newcomer has to write.
USAGE = "check_gradients(module, batch=(x, y), loss=torch.nn.MSELoss())"


class ModuleBatch:
    """Arguments of a module, and what its loss gets beside its output.

    Parameters
    ----------
    batch : tensor, sequence or mapping
        A mapping has keyword arguments of the module. Of a sequence the module gets as many as it takes, and the loss
        the others; all but the last where both can be called with that.
    module : torch.nn.Module
    loss : callable or None
        ``loss(output, *others)``.
    taken : iterable of str
        Names that no tensor of the batch may have: those of the parameters.
    keywords : mapping of str to object
        More keyword arguments of the module.

    Raises
    ------
    SubjectTypeError
        If they cannot be called with it.
    """

    def __init__(
        self,
        batch: Any,
        module: torch.nn.Module,
        loss: Callable[..., Any] | None,
        taken: Iterable[str] = (),
        keywords: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        if isinstance(batch, Mapping):
            keywords = {**batch, **keywords}
            batch = ()
        values: tuple[Any, ...] = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
        self._keywords = dict(keywords)
        self._name = type(module).__qualname__
        count = self._count(len(values), module, loss)
        self._inputs, self._targets = values[:count], values[count:]
        self._roots = self._named_inputs(module, set(taken))

    @property
    def named(self) -> list[tuple[str, Any]]:
        """Each argument, with the name that evidence gives it."""
        places = [f"batch[{i}]" for i in range(len(self._inputs) + len(self._targets))]
        found = list(zip(places, (*self._inputs, *self._targets), strict=True))
        return found + [(f"batch[{key!r}]", value) for key, value in self._keywords.items()]

    @property
    def values(self) -> tuple[Any, ...]:
        """All arguments."""
        return (*self._inputs, *self._keywords.values(), *self._targets)

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The tensors that the module is called with, by name."""
        for root, value in zip(self._roots, (*self._inputs, *self._keywords.values()), strict=True):
            for name, leaf in named_leaves(root, value):
                if isinstance(leaf, torch.Tensor):
                    yield name, leaf

    def every_tensor(self) -> list[torch.Tensor]:
        """Also those that the loss gets."""
        return [leaf for value in self.values for _, leaf in named_leaves("", value) if isinstance(leaf, torch.Tensor)]

    def arguments(self, others: Mapping[str, torch.Tensor], wide: bool) -> tuple[list[Any], dict[str, Any]]:
        """Arguments of the module with other tensors in the place of some; in double precision if it is `wide`."""

        def put(name: str, leaf: Any) -> Any:
            return others[name] if name in others else _cast(leaf, wide)

        count = len(self._inputs)
        given = [mapped(r, v, put) for r, v in zip(self._roots[:count], self._inputs, strict=True)]
        items = zip(self._roots[count:], self._keywords.items(), strict=True)
        return given, {key: mapped(root, value, put) for root, (key, value) in items}

    def targets(self, wide: bool) -> list[Any]:
        """What the loss gets after the output."""
        return [mapped("", value, lambda _, leaf: _cast(leaf, wide)) for value in self._targets]

    def sliced(self, part: slice) -> ModuleBatch:
        """The batch with a slice of its samples."""

        def cut(_: str, leaf: Any) -> Any:
            return leaf[part] if isinstance(leaf, torch.Tensor) else leaf

        smaller = copy.copy(self)
        smaller._inputs = tuple(mapped("", value, cut) for value in self._inputs)
        smaller._targets = tuple(mapped("", value, cut) for value in self._targets)
        smaller._keywords = {key: mapped("", value, cut) for key, value in self._keywords.items()}
        return smaller

    def _count(self, given: int, module: torch.nn.Module, loss: Callable[..., Any] | None) -> int:
        """How many of so many arguments the module gets; the loss gets the others."""
        forward = _signature(module.forward)
        if loss is None:
            if not _binds(forward, given, self._keywords):
                raise SubjectTypeError(
                    f"{self._name}.forward{forward} cannot be called with a batch of {given or len(self._keywords)}: "
                    + (
                        f"pass what it is called with, and a loss of what it returns: {USAGE}"
                        if given < 2
                        else f"where the last one is for a loss, pass the loss too: {USAGE}"
                    )
                )
            return given
        criterion = _signature(loss.forward if isinstance(loss, torch.nn.Module) else loss)
        tried: list[int] = [given - 1, given, *range(given - 2, -1, -1)]
        for count in tried if given else [0]:
            if _binds(forward, count, self._keywords) and _binds(criterion, 1 + given - count, {}):
                return count
        raise SubjectTypeError(
            f"{self._name}.forward{forward} and {_named(loss)}{criterion} cannot share a batch of {given}: the loss "
            "gets the output of the module, and what the module does not take of the batch"
        )

    def _named_inputs(self, module: torch.nn.Module, taken: set[str]) -> list[str]:
        signature = _signature(module.forward)
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        names = [p.name for p in signature.parameters.values() if p.kind in kinds] if signature else []
        roots = [names[i] if i < len(names) else f"batch[{i}]" for i in range(len(self._inputs))] + list(self._keywords)
        return [f"batch[{i}]" if root in taken else root for i, root in enumerate(roots)]


def named_leaves(root: str, value: Any) -> list[tuple[str, Any]]:
    """The leaves of a nesting, each with its path behind the name of the whole."""
    leaves, structure = flatten(value, root)
    names = [root] if structure.bare else [f"{root}.{name}" for name in structure.names]
    return list(zip(names, leaves, strict=True))


def mapped(root: str, value: Any, function: Callable[[str, Any], Any]) -> Any:
    """A nesting with the result of a function of name and leaf in the place of each leaf."""
    _, structure = flatten(value, root)
    found = [function(name, leaf) for name, leaf in named_leaves(root, value)]
    return found[0] if structure.bare else structure.unflatten(found)


def widened(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of floats in double precision; any other as it is."""
    if tensor.is_complex():
        return tensor.to(torch.complex128)
    return tensor.double() if tensor.is_floating_point() else tensor


def _cast(leaf: Any, wide: bool) -> Any:
    """What stands in the batch; a tensor that requires a gradient without one, so that none is left in it."""
    if not isinstance(leaf, torch.Tensor):
        return leaf
    leaf = leaf.detach() if leaf.requires_grad else leaf
    return widened(leaf) if wide else leaf


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # a built-in function
        return None


def _binds(signature: inspect.Signature | None, count: int, keywords: Mapping[str, Any]) -> bool:
    if signature is None:
        return True
    try:
        signature.bind(*[None] * count, **dict.fromkeys(keywords))
    except TypeError:
        return False
    return True


def _named(function: Any) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))
