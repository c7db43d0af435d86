"""How the passes of a layer of another library are called, and where their results are if they return none."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import UnreadableLayerError
from gradcheck.subjects.parameter_view import ParameterView, attributes_of, gradient_among

Array = NDArray[Any]

#: Beginnings of the names of the methods for the two passes.
FORWARD, BACKWARD = ("forward",), ("backward", "backprop")

#: Names of the attribute that holds the output, where a forward pass that returns nothing leaves several arrays.
OUTPUT_NAMES = ("output", "outputs", "out", "y", "result")
#: Names that an input may have in the name of its gradient, beside those of the attributes that hold it.
INPUT_NAMES = ("x", "X", "inputs", "input")

#: What a pass returned is shown in messages up to this length.
LONGEST = 40

#: Rate at which a layer is trained that updates its parameters in its backward pass; a power of two. The larger it is,
#: the more digits of the gradient are left in the difference.
RATE = 1024.0


@dataclass(frozen=True)
class Calls:
    """How the two passes of a layer are called.

    Attributes
    ----------
    forward : callable
        ``forward(layer, x)``.
    backward : callable
        ``backward(layer, upstream, *cache)``.
    needs : tuple of str
        Further arguments that `backward` needs: a cache, or a learning rate.
    name : str
        Name of the method for the backward pass, for messages.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    needs: tuple[str, ...] = ()
    name: str = "backward"


def calls_of(layer: Any, forward: Callable[..., Any] | None, backward: Callable[..., Any] | None) -> Calls:
    """Find the methods of the two passes of a layer.

    Parameters
    ----------
    layer : object
    forward, backward : callable, optional
        Functions of the layer and the argument of the pass that are used instead of its methods.

    Raises
    ------
    UnreadableLayerError
        If there is no such method, or it needs more arguments; the message says what to write.
    """
    ahead = _method(layer, FORWARD) or ("__call__" if callable(layer) else None)
    back = _method(layer, BACKWARD)
    if (forward is None and ahead is None) or (backward is None and back is None):
        raise UnreadableLayerError(
            f"{described(layer)} is not a layer: it needs forward(x) and backward(upstream); two functions are passed "
            "as as_layer(forward, backward, params={...}), and other methods of an object as "
            "as_layer(layer, forward=lambda layer, x: …, backward=lambda layer, upstream: …)"
        )
    if forward is None and ahead is not None:
        more = _needed(layer, ahead)[1:]
        if more:
            raise UnreadableLayerError(
                f"{described(layer)}: {ahead} needs {', '.join(more)} besides the input: write as_layer(layer, "
                f"forward=lambda layer, x: layer.{ahead}(x, {', '.join(f'{name}=…' for name in more)}))"
            )
    needs = _needed(layer, back)[1:] if backward is None and back is not None else []
    return Calls(
        forward or _calling(ahead or "forward"),
        backward or _calling(back or "backward"),
        tuple(needs),
        back or "backward",
    )


def described(layer: Any) -> str:
    """What messages call a layer: what it prints as, but its name where that would be an address."""
    if inspect.isroutine(layer):
        return layer.__name__
    usual: Any = object.__repr__
    return type(layer).__name__ if type(layer).__repr__ is usual else repr(layer)


def _calling(name: str) -> Callable[..., Any]:
    """A function that calls a method of a layer."""
    return lambda layer, *arguments: getattr(layer, name)(*arguments)


def _method(layer: Any, beginnings: tuple[str, ...]) -> str | None:
    """The method with one of these names, or the only one whose name begins so."""
    for name in beginnings:
        if callable(getattr(layer, name, None)):
            return name
    names = [name for name in dir(type(layer)) if name.startswith(beginnings)]
    found = [name for name in names if callable(getattr(type(layer), name, None))]
    return found[0] if len(found) == 1 else None


def _needed(layer: Any, name: str) -> list[str]:
    """Names of the arguments without a default; one, if they cannot be read."""
    try:
        parameters = inspect.signature(getattr(layer, name)).parameters.values()
    except (TypeError, ValueError):
        return ["x"]
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind in kinds]


def output_left(layer: Any, before: Mapping[str, Any], x: Array) -> Array:
    """The output that a forward pass has left in an attribute instead of returning it.

    Raises
    ------
    UnreadableLayerError
        If it is not clear which attribute that is.
    """
    now = attributes_of(layer)
    new = [
        name
        for name, value in now.items()
        if isinstance(value, np.ndarray) and value is not x and before.get(name) is not value
    ]
    chosen = new if len(new) == 1 else [name for name in OUTPUT_NAMES if name in new]
    if not chosen:
        left = f", and left {', '.join(new)}" if new else ""
        raise UnreadableLayerError(
            f"{described(layer)}: forward returned a NoneType{left}: return an array, or an array and a cache; or say "
            "where the output is, as_layer(layer, forward=lambda layer, x: (layer.forward(x), layer.output)[1])"
        )
    return np.asarray(now[chosen[0]])


def output_of(layer: Any, result: Any) -> Array:
    """The output that a forward pass has returned.

    Raises
    ------
    UnreadableLayerError
        If it is not an array.
    """
    if not isinstance(result, (np.ndarray, np.generic)):
        keys = f" with the keys {_keys(result)}" if isinstance(result, Mapping) else ""
        where = f"[{next(iter(result))!r}]" if isinstance(result, Mapping) and result else "…"
        raise UnreadableLayerError(
            f"{described(layer)}: forward returned a {type(result).__qualname__}{keys}: return an array, or an array "
            "and a cache; or say where the output is, as_layer(layer, forward=lambda layer, x: "
            f"layer.forward(x){where})"
        )
    return np.asarray(result)


def gradient_of(layer: Any, result: Any, x: Array) -> Array:
    """The gradient by the input that a backward pass has returned.

    Raises
    ------
    UnreadableLayerError
        If it is not an array of numbers.
    """
    if not isinstance(result, Mapping):
        found = np.asarray(result)
        if found.dtype.kind in "fciub":
            return found
        raise UnreadableLayerError(
            f"{described(layer)}: backward returned {_short(result)}: return the gradient with respect to the input, "
            "or say where it is, as_layer(layer, backward=lambda layer, upstream: (layer.backward(upstream), "
            "layer.dx)[1])"
        )
    keys = [key for key, value in result.items() if np.shape(value) == np.shape(x)]
    key = repr(keys[0]) if len(keys) == 1 else "…"
    raise UnreadableLayerError(
        f"{described(layer)}: backward returned a {type(result).__qualname__} with the keys {_keys(result)}: return "
        "the gradient with respect to the input first, then the others, as_layer(layer, backward=lambda layer, "
        f"upstream: (lambda found: (found[{key}], found))(layer.backward(upstream)))"
    )


def _keys(mapping: Mapping[Any, Any]) -> str:
    return ", ".join(map(str, mapping)) or "none"


def _short(value: Any) -> str:
    """A value that is no array, or its type if it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST and "\n" not in text else f"a {type(value).__qualname__}"


def gradient_left(layer: Any, x: Array) -> Array:
    """The gradient by the input that a backward pass has left in an attribute instead of returning it.

    Raises
    ------
    UnreadableLayerError
        If there is none that is called after the input and has its shape.
    """
    now = attributes_of(layer)
    holding = [name for name, value in now.items() if value is x]
    for name in [*holding, *INPUT_NAMES]:
        found = gradient_among(now, name)
        if np.shape(found) == np.shape(x):
            return np.asarray(found)
    raise UnreadableLayerError(
        f"{described(layer)}: backward returned None: return the gradient with respect to the input, or say where it "
        "is, as_layer(layer, backward=lambda layer, upstream: (layer.backward(upstream), layer.dx)[1])"
    )


def trained_by(calls: Calls, layer: Any, params: ParameterView, upstream: Array) -> tuple[Any, dict[str, Array]]:
    """Call a backward pass that updates the parameters at a rate; return its result and the gradients.

    The gradients are what it subtracts from the parameters, divided by the rate. The parameters are restored.
    """
    before = {name: (value, value.copy()) for name, value in params.items()}
    result = calls.backward(layer, upstream, RATE)
    gradients = {name: (copy - params[name]) / RATE for name, (_, copy) in before.items()}
    for name, (value, copy) in before.items():
        if value.flags.writeable:
            np.copyto(value, copy)
        params[name] = value if value.flags.writeable else copy
    return result, gradients
