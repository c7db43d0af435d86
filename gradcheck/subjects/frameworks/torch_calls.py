"""The calls of modules, and of functions with a backward pass of their own, inside a `torch.nn.Module`."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray

from gradcheck.subjects.frameworks.torch_arrays import TorchArrays
from gradcheck.subjects.frameworks.torch_batch import mapped, named_leaves


@dataclass
class Call:
    """The first call of a module or a `torch.autograd.Function` that is differentiated, in a pass forward.

    Attributes
    ----------
    name : str
    place : str
        Path of the module; of a function that of the module whose code calls it, and its name.
    module : torch.nn.Module
        The module; of a function one that applies it.
    arguments : tuple
    keywords : dict
        Copies; tensors require a gradient where they did.
    depends_on : list of tuple of str
        For each tensor among them the names of the leaves of the graph that it depends on.
    source : tuple of (str, int), or None
        File and line of the backward pass of a function.
    upstream : ndarray or None
        The gradient that came back to the output, if that is one tensor.
    """

    name: str
    place: str
    module: torch.nn.Module
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    depends_on: list[tuple[str, ...]]
    source: tuple[str, int] | None = None
    upstream: NDArray[Any] | None = None

    def receive(self, gradient: torch.Tensor | None) -> None:
        """Note the gradient that came back."""
        self.upstream = None if gradient is None else TorchArrays().to_numpy(gradient)


@dataclass
class Calls:
    """Notes the calls whose backward pass may be the user's.

    Attributes
    ----------
    known : dict of int to str
        Names of leaves of the graph by their identity.
    found : dict of str to Call
        By place.
    """

    known: dict[int, str] = field(default_factory=dict)
    found: dict[str, Call] = field(default_factory=dict)
    _active: list[str] = field(default_factory=list)

    def watch(self, root: torch.nn.Module, functions: Iterable[type], undo: ExitStack) -> None:
        """Note what is called from now on until the stack is closed.

        Parameters
        ----------
        root : torch.nn.Module
        functions : iterable of type
            Subclasses of `torch.autograd.Function`; those of PyTorch itself are left out.
        undo : ExitStack
        """
        for place, module in root.named_modules():
            before, after = self._hooks(place, _is_trusted(module) or not place)
            undo.callback(module.register_forward_pre_hook(before, with_kwargs=True).remove)
            undo.callback(module.register_forward_hook(after, always_call=True).remove)
        for function in functions:
            if function.__module__.startswith("torch."):
                continue
            replace_forward(function, self._noting(function), undo)

    def _hooks(self, place: str, trusted: bool) -> tuple[Callable[..., None], Callable[..., None]]:
        first: list[Call] = []

        def before(module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self._active.append(place)
            if not trusted and place not in self.found and _is_differentiated(args, kwargs, *module.parameters()):
                call = self._call(f"{place} ({type(module).__name__})", place, module, args, kwargs)
                self.found[place] = call
                first.append(call)

        def after(module: torch.nn.Module, args: tuple[Any, ...], output: Any) -> None:
            self._active.pop()
            call = first.pop() if first else None
            if call is not None and isinstance(output, torch.Tensor) and output.requires_grad:
                output.register_hook(call.receive)  # type: ignore[no-untyped-call]

        return before, after

    def _noting(self, function: Any) -> Callable[..., Any]:
        """The forward pass of a function, which also notes its first call."""
        forward, context = function.forward, int(has_context(function))

        @functools.wraps(forward)
        def noting(*args: Any, **kwargs: Any) -> Any:
            inside = self._active[-1] if self._active else ""
            place = ".".join(filter(None, (inside, function.__name__)))
            if place not in self.found and not kwargs and _is_differentiated(args):
                source = source_of(function.backward)
                name = f"{function.__name__}.backward"
                name += f" ({os.path.basename(source[0])}:{source[1]})" if source else ""
                name += f" in {inside}" if inside else ""
                call = self._call(name, place, Applied(function), args[context:], {})
                call.source = source
                self.found[place] = call
                if context:
                    args[0].register_prehook(lambda found: call.receive(found[0] if len(found) == 1 else None))
            return forward(*args, **kwargs)

        return noting

    def _call(
        self, name: str, place: str, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Call:
        leaves = [leaf for _, leaf in named_leaves("", [list(args), kwargs]) if isinstance(leaf, torch.Tensor)]
        depends_on = [self._names_behind(leaf) for leaf in leaves]
        arguments = tuple(mapped("", value, _detached) for value in args)
        return Call(name, place, module, arguments, mapped("", kwargs, _detached), depends_on)

    def _names_behind(self, tensor: torch.Tensor) -> tuple[str, ...]:
        if tensor.grad_fn is None:
            return (self.known[id(tensor)],) if id(tensor) in self.known else ()
        leaves = {id(node.variable) for node in nodes_behind(tensor) if hasattr(node, "variable")}
        return tuple(name for key, name in self.known.items() if key in leaves)


class Applied(torch.nn.Module):
    """A module that applies a `torch.autograd.Function`; its arguments are called as those of the function.

    Parameters
    ----------
    function : type
    """

    def __init__(self, function: Any) -> None:
        super().__init__()

        def forward(*args: Any) -> Any:
            return function.apply(*args)

        parameters = list(inspect.signature(function.forward).parameters.values())
        chosen = parameters[1:] if has_context(function) else parameters
        forward.__signature__ = inspect.Signature(chosen)  # type: ignore[attr-defined]
        self.forward = forward


def functions_behind(tensor: torch.Tensor) -> list[type]:
    """The functions with a backward pass of their own that a tensor was computed by, in the order of the graph."""
    found = [getattr(type(node), "_forward_cls", None) for node in nodes_behind(tensor)]
    return [each for each in dict.fromkeys(found) if each is not None]


def nodes_behind(tensor: torch.Tensor) -> Iterator[Any]:
    """The nodes of the graph that a tensor was computed by."""
    waiting: list[Any] = [] if tensor.grad_fn is None else [tensor.grad_fn]
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        yield node
        for inner, _ in node.next_functions:
            if inner is not None and inner not in seen:
                seen.add(inner)
                waiting.append(inner)


def replace_forward(function: Any, forward: Callable[..., Any], undo: ExitStack) -> None:
    """Give a `torch.autograd.Function` another forward pass until the stack is closed."""
    own = vars(function).get("forward")
    undo.callback(*((setattr, function, "forward", own) if own else (delattr, function, "forward")))
    function.forward = staticmethod(forward)


def has_context(function: Any) -> bool:
    """Whether the forward pass of a function gets the context first."""
    return bool(function.setup_context is torch.autograd.Function.setup_context)


def source_of(function: Callable[..., Any]) -> tuple[str, int] | None:
    """File and line of a function, if its source is there."""
    try:
        code = inspect.unwrap(function).__code__
        return code.co_filename, inspect.getsourcelines(function)[1]
    except (AttributeError, OSError, TypeError):
        return None


def _is_trusted(module: torch.nn.Module) -> bool:
    """Whether a module is one of PyTorch's own, to which nobody has added a hook."""
    hooks = ("_backward_hooks", "_backward_pre_hooks", "_forward_hooks", "_forward_pre_hooks")
    return type(module).__module__.startswith("torch.") and not any(getattr(module, name, None) for name in hooks)


def _is_differentiated(*trees: Any) -> bool:
    """Whether a tensor in some nestings requires a gradient."""
    return any(isinstance(leaf, torch.Tensor) and leaf.requires_grad for _, leaf in named_leaves("", list(trees)))


def _detached(_: str, leaf: Any) -> Any:
    return leaf.detach().clone().requires_grad_(leaf.requires_grad) if isinstance(leaf, torch.Tensor) else leaf
