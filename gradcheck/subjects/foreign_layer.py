"""A layer of somebody else's library as a `gradcheck.nn.Layer`: the usual styles, told apart by what they return."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.layer import Array, Layer
from gradcheck.subjects.holder import parameters_of

#: Where a layer may keep the gradients of its parameters, and what it may call that of an attribute.
GRADIENTS = ("grads", "gradients", "grad")
TWINS = ("d{}", "d_{}", "grad_{}", "{}_grad", "{}_gradient", "g{}")


class Parameters(MutableMapping[str, Array]):
    """A live view of the parameters of a layer: entries of a mapping of its, or attributes.

    Parameters
    ----------
    owner : object
    attribute : str or None
        Where the mapping is; None if the parameters are attributes.
    names : iterable of str
    """

    def __init__(self, owner: Any, attribute: str | None, names: Iterable[str]) -> None:
        self._owner, self._attribute, self._names = owner, attribute, tuple(names)

    def __getitem__(self, name: str) -> Array:
        if name not in self._names:
            raise KeyError(name)
        found = getattr(self._owner, name) if self._attribute is None else getattr(self._owner, self._attribute)[name]
        return np.asarray(found)

    def __setitem__(self, name: str, value: Array) -> None:
        if self._attribute is None:
            setattr(self._owner, name, value)
        else:
            getattr(self._owner, self._attribute)[name] = value

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{name!r} cannot be removed: it belongs to a layer")

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Functions:
    """A forward and a backward function, with the parameters that the first takes after the input."""

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any], params: Mapping[str, Any]) -> None:
        self._forward, self._backward = forward, backward
        self.params = {name: np.array(value) for name, value in params.items()}

    def forward(self, x: Array) -> Any:
        """Output, or output and cache."""
        return self._forward(x, *self.params.values())

    def backward(self, upstream: Array, *cache: Any) -> Any:
        """Gradient by the input, then those by the parameters."""
        return self._backward(upstream, *cache)

    def __repr__(self) -> str:
        return f"{self._forward.__name__} with {self._backward.__name__}"


class ForeignLayer(Layer):
    """A layer of another library; see `as_layer`.

    Attributes
    ----------
    layer : object
        The layer itself.
    """

    def __init__(self, layer: Any, params: Parameters) -> None:
        super().__init__()
        self.layer, self.params = layer, params
        self._has_cache = False

    @property
    def takes_indices(self) -> bool:
        """Whether the layer says so."""
        return bool(getattr(self.layer, "takes_indices", False))

    def forward(self, x: Array) -> Array:
        """Output; a cache that comes with it is kept for `backward`."""
        result = getattr(self.layer, "forward", self.layer)(x)
        self._has_cache = isinstance(result, (tuple, list)) and len(result) == 2
        y, self._cache = result if self._has_cache else (result, None)
        if not isinstance(y, (np.ndarray, np.generic)):
            raise SubjectTypeError(
                f"{self!r}: forward returned a {type(y).__qualname__}: return an array, or it and a cache"
            )
        return np.asarray(y)

    def backward(self, upstream: Array) -> Array:
        """Gradient by the input; those by the parameters go into `grads`."""
        if callable(reset := getattr(self.layer, "zero_grad", None)):
            reset()  # what is meant to add up starts anew
        result = self.layer.backward(upstream, *([self._cache] if self._has_cache else []))
        downstream, *rest = result if isinstance(result, (tuple, list)) else (result,)
        if downstream is None:
            raise SubjectTypeError(f"{self!r}: backward returned None: return the gradient by the input")
        self.grads = self._returned(rest) if rest else self._stored()
        return np.asarray(downstream)

    def _returned(self, rest: list[Any]) -> dict[str, Array]:
        """Gradients that came after that by the input: by name, or in the order of the parameters."""
        if len(rest) == 1 and isinstance(rest[0], Mapping):
            return {name: self._fits(name, _under(rest[0], name)) for name in self.params}
        if len(rest) != len(self.params):
            names = ", ".join(self.params) or "none"
            raise SubjectError(
                f"{self!r}: backward returned {len(rest)} gradients beside that by the input, and the parameters are "
                f"{names}: return one for each, in this order, or say as_layer(..., params=(names))"
            )
        return {name: self._fits(name, value) for name, value in zip(self.params, rest, strict=True)}

    def _stored(self) -> dict[str, Array]:
        """Gradients that the layer keeps: in a mapping, or as attributes."""
        mapping = next((m for m in (getattr(self.layer, g, None) for g in GRADIENTS) if isinstance(m, Mapping)), None)
        source = vars(self.layer) if mapping is None else mapping
        return {name: self._fits(name, _under(source, name)) for name in self.params}

    def _fits(self, name: str, gradient: Any) -> Array:
        if gradient is None:
            raise SubjectError(
                f"{self!r}: there is no gradient of {name!r} after backward: keep it in grads[{name!r}] or as d{name}, "
                "or return it after that by the input"
            )
        found = np.asarray(gradient)
        if found.shape != self.params[name].shape:
            raise SubjectError(
                f"{self!r}: the gradient of {name!r} has the shape {found.shape}, and {name!r} has "
                f"{self.params[name].shape}: sum it over the axes that were broadcast"
            )
        return found

    def _arguments(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        return repr(self.layer)


def _under(source: Mapping[str, Any], name: str) -> Any:
    """A gradient under the parameter's own name in a mapping of gradients, or under one of the usual twins of it."""
    names = [twin.format(name) for twin in TWINS]
    return next((source[key] for key in names if key in source), None if source.get(name) is None else source[name])


def as_layer(
    layer: Any,
    backward: Callable[..., Any] | None = None,
    *,
    params: Mapping[str, Any] | Iterable[str] | None = None,
    x: Any = None,
) -> Layer:
    """Read a layer of another library.

    Parameters
    ----------
    layer : object or callable
        With ``forward(x)`` (or to be called) and ``backward(upstream)``. `forward` returns the output, or the output
        and a cache that `backward` takes as its second argument. `backward` returns the gradient by the input, alone or
        followed by those by the parameters: one for each, or a mapping. Otherwise these are looked for in a mapping
        `grads` and in attributes: ``dW``, ``d_W``, ``grad_W``, ``W_grad``, ``gW`` for a parameter ``W``. What has a
        `zero_grad` adds gradients up, and is set to zero before each `backward`.
    backward : callable, optional
        Where `layer` is a function: ``layer(x, *params.values())`` returns the output, or output and cache, and
        ``backward(upstream, cache)`` the gradients.
    params : mapping, or iterable of str, optional
        Of a function: parameters by name. Of an object: the names of the attributes that are parameters. By default the
        mapping `params` or `parameters`, else the attributes that have a gradient beside them.
    x : ndarray, optional
        An input to try a copy of the layer with, where gradients are attributes that `backward` makes.

    Returns
    -------
    Layer
        A `gradcheck.nn.Layer` itself is returned as it is.

    Raises
    ------
    SubjectTypeError
        If it has no forward or backward pass.

    Examples
    --------
    >>> import numpy as np
    >>> def affine_forward(x, w, b):
    ...     return x @ w + b, (x, w, b)
    >>> def affine_backward(dout, cache):
    ...     x, w, b = cache
    ...     return dout @ w.T, x.T @ dout, dout.sum(axis=0)
    >>> layer = as_layer(affine_forward, affine_backward, params={"w": np.ones((3, 2)), "b": np.zeros(2)})
    >>> layer.forward(np.ones((4, 3))).shape, layer.backward(np.ones((4, 2))).shape, layer.grads["w"].shape
    ((4, 2), (4, 3), (3, 2))
    """
    if isinstance(layer, Layer):
        return layer
    if backward is not None:
        if params is not None and not isinstance(params, Mapping):
            raise SubjectTypeError(f"params is {params!r}: of a function, pass the arrays by name, params={{'w': w}}")
        layer = Functions(layer, backward, params or {})
        params = None
    kind = type(layer)
    if not (callable(getattr(layer, "forward", layer)) and callable(getattr(layer, "backward", None))):
        raise SubjectTypeError(
            f"{layer!r} is no layer that gradcheck reads: it needs forward(x) and backward(upstream); pass two "
            "functions as as_layer(forward, backward, params={...})"
        )
    named = type(kind.__name__, (ForeignLayer,), {"__module__": kind.__module__})  # reports name the class
    read: Layer = named(layer, _parameters(layer, params, x))
    return read


def _parameters(layer: Any, given: Iterable[str] | None, x: Any) -> Parameters:
    if given is not None:
        names = (given,) if isinstance(given, str) else tuple(given)
        return Parameters(layer, None, names)
    found = parameters_of(layer)
    if found is not None:
        return Parameters(layer, found[0], found[1])
    after = vars(layer) if x is None else vars(_tried(layer, x))
    names = tuple(
        name
        for name, value in vars(layer).items()
        if isinstance(value, np.ndarray)
        and value.dtype.kind == "f"
        and any(np.shape(after.get(twin.format(name))) == value.shape for twin in TWINS if twin.format(name) in after)
    )
    return Parameters(layer, None, names)


def _tried(layer: Any, x: Any) -> Any:
    """A copy of the layer after a pass forward and back."""
    double = copy.deepcopy(layer)
    trial = ForeignLayer(double, Parameters(double, None, ()))
    y = trial.forward(np.array(x))
    cache = [trial._cache] if trial._has_cache else []
    double.backward(np.ones_like(y), *cache)
    return double
