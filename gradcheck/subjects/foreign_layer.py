"""Makes a `gradcheck.nn.Layer` of a layer of another library, whatever convention it has for gradients and caches."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.layer import Array, Layer
from gradcheck.subjects.holder import parameters_of

#: Attributes that may hold a mapping of gradients.
GRADIENT_MAPPINGS = ("grads", "gradients", "grad")
#: Names that the gradient of a parameter may have.
GRADIENT_NAMES = ("d{}", "d_{}", "grad_{}", "{}_grad", "{}_gradient", "g{}")


class ParameterView(MutableMapping[str, Array]):
    """A live view of the parameters of a layer: items of one of its mappings, or attributes.

    Parameters
    ----------
    owner : object
    attribute : str or None
        Attribute that holds the mapping; None if the parameters are attributes themselves.
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


class FunctionPair:
    """A forward and a backward function as a layer; the forward function takes the parameters after the input."""

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any], params: Mapping[str, Any]) -> None:
        self._forward, self._backward = forward, backward
        self.params = {name: np.array(value) for name, value in params.items()}

    def forward(self, x: Array) -> Any:
        """Output, or output and cache, as the function returns it."""
        return self._forward(x, *self.params.values())

    def backward(self, upstream: Array, *cache: Any) -> Any:
        """Gradients with respect to the input and the parameters, in this order."""
        return self._backward(upstream, *cache)

    def __repr__(self) -> str:
        return " with ".join(str(getattr(f, "__name__", f)) for f in (self._forward, self._backward))


class ForeignLayer(Layer):
    """A layer of another library; see `as_layer`.

    Attributes
    ----------
    layer : object
        The layer itself.
    """

    def __init__(self, layer: Any, params: ParameterView) -> None:
        super().__init__()
        self.layer, self.params = layer, params
        self._has_cache = False

    @property
    def takes_indices(self) -> bool:
        """The attribute `takes_indices` of the layer; False without one."""
        return bool(getattr(self.layer, "takes_indices", False))

    def forward(self, x: Array) -> Array:
        """Output. A cache that is returned with it is kept for `backward`."""
        result = getattr(self.layer, "forward", self.layer)(x)
        self._has_cache = isinstance(result, (tuple, list)) and len(result) == 2
        y, self._cache = result if self._has_cache else (result, None)
        if not isinstance(y, (np.ndarray, np.generic)):
            raise SubjectTypeError(
                f"{self!r}: forward returned a {type(y).__qualname__}: return an array, or an array and a cache"
            )
        return np.asarray(y)

    def backward(self, upstream: Array) -> Array:
        """Gradient with respect to the input. Those with respect to the parameters go into `grads`."""
        if callable(reset := getattr(self.layer, "zero_grad", None)):
            reset()  # the layer accumulates gradients
        result = self.layer.backward(upstream, *([self._cache] if self._has_cache else []))
        downstream, *rest = result if isinstance(result, (tuple, list)) else (result,)
        if downstream is None:
            raise SubjectTypeError(f"{self!r}: backward returned None: return the gradient with respect to the input")
        self.grads = self._returned(rest) if rest else self._stored()
        return np.asarray(downstream)

    def _returned(self, rest: list[Any]) -> dict[str, Array]:
        """Gradients of the parameters that `backward` returned, by name or in the order of the parameters."""
        if len(rest) == 1 and isinstance(rest[0], Mapping):
            return {name: self._fits(name, _gradient_of(rest[0], name)) for name in self.params}
        if len(rest) != len(self.params):
            names = ", ".join(self.params) or "none"
            raise SubjectError(
                f"{self!r}: backward returned {len(rest)} gradients besides that of the input, but the parameters are "
                f"{names}: return one for each in this order, or name the parameters with as_layer(..., params=(...))"
            )
        return {name: self._fits(name, value) for name, value in zip(self.params, rest, strict=True)}

    def _stored(self) -> dict[str, Array]:
        """Gradients of the parameters that the layer stores, in a mapping or as attributes."""
        kept = (getattr(self.layer, attribute, None) for attribute in GRADIENT_MAPPINGS)
        source = next((mapping for mapping in kept if isinstance(mapping, Mapping)), vars(self.layer))
        return {name: self._fits(name, _gradient_of(source, name)) for name in self.params}

    def _fits(self, name: str, gradient: Any) -> Array:
        if gradient is None:
            raise SubjectError(
                f"{self!r}: there is no gradient of {name!r} after backward: store it in grads[{name!r}] or as "
                f"d{name}, or return it after that of the input"
            )
        found = np.asarray(gradient)
        if found.shape != self.params[name].shape:
            raise SubjectError(
                f"{self!r}: the gradient of {name!r} has shape {found.shape}, but {name!r} has shape "
                f"{self.params[name].shape}: sum it over the axes that were broadcast"
            )
        return found

    def _arguments(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        return repr(self.layer)


def _gradient_of(source: Mapping[str, Any], name: str) -> Any:
    """The gradient of a parameter in a mapping, under a name of `GRADIENT_NAMES` or that of the parameter."""
    names = [pattern.format(name) for pattern in GRADIENT_NAMES]
    return next((source[key] for key in names if key in source), None if source.get(name) is None else source[name])


def as_layer(
    layer: Any,
    backward: Callable[..., Any] | None = None,
    *,
    params: Mapping[str, Any] | Iterable[str] | None = None,
    x: Any = None,
) -> Layer:
    """Make a layer of `gradcheck.nn` of a layer of another library.

    Parameters
    ----------
    layer : object or callable
        It has a method ``forward(x)``, or is callable, and a method ``backward(upstream)``. `forward` returns the
        output, or the output and a cache, which is then the second argument of `backward`. `backward` returns the
        gradient with respect to the input, alone or followed by those of the parameters: one for each, or a mapping.
        If it returns the first alone, the others are taken from a mapping `grads`, `gradients` or `grad`, or from
        attributes: ``dW``, ``d_W``, ``grad_W``, ``W_grad``, ``W_gradient`` or ``gW`` for a parameter ``W``. A method
        `zero_grad`, if there is one, is called before each `backward`.
    backward : callable, optional
        If `layer` is a function: ``layer(x, *params.values())`` returns the output, or the output and a cache, and
        ``backward(upstream, cache)`` returns the gradients.
    params : mapping, or iterable of str, optional
        For a function: the parameters by name. For an object: the names of the attributes that are parameters; by
        default the items of its mapping `params` or `parameters`, else the arrays for which it has a gradient too.
    x : ndarray, optional
        An input for a trial run of a copy of the layer, needed if `backward` creates the attributes for gradients.

    Returns
    -------
    Layer
        `layer` itself if it is a `gradcheck.nn.Layer`.

    Raises
    ------
    SubjectTypeError
        If there is no forward or backward pass.

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
            raise SubjectTypeError(f"params is {params!r}: for a function, pass the arrays by name, params={{'w': w}}")
        layer = FunctionPair(layer, backward, params or {})
        params = None
    kind = type(layer)
    if not (callable(getattr(layer, "forward", layer)) and callable(getattr(layer, "backward", None))):
        raise SubjectTypeError(
            f"{layer!r} is not a layer: it needs forward(x) and backward(upstream); two functions are passed as "
            "as_layer(forward, backward, params={...})"
        )
    # A subclass of the same name, which reports show.
    subclass = type(kind.__name__, (ForeignLayer,), {"__module__": kind.__module__})
    wrapped: Layer = subclass(layer, _parameters(layer, params, x))
    return wrapped


def _parameters(layer: Any, given: Iterable[str] | None, x: Any) -> ParameterView:
    if given is not None:
        names = (given,) if isinstance(given, str) else tuple(given)
        return ParameterView(layer, None, names)
    found = parameters_of(layer)
    if found is not None:
        return ParameterView(layer, found[0], found[1])
    after = vars(layer) if x is None else vars(_after_trial(layer, x))
    arrays = {name: value for name, value in vars(layer).items() if isinstance(value, np.ndarray)}
    return ParameterView(
        layer,
        None,
        (name for name, value in arrays.items() if value.dtype.kind == "f" and _has_gradient(name, value, after)),
    )


def _has_gradient(name: str, value: Array, attributes: Mapping[str, Any]) -> bool:
    """Whether one of the attributes has the name and the shape of the gradient of a parameter."""
    names = (pattern.format(name) for pattern in GRADIENT_NAMES)
    return any(np.shape(attributes[key]) == value.shape for key in names if key in attributes)


def _after_trial(layer: Any, x: Any) -> Any:
    """A copy of the layer after a forward and a backward pass."""
    double = copy.deepcopy(layer)
    trial = ForeignLayer(double, ParameterView(double, None, ()))
    y = trial.forward(np.array(x))
    cache = [trial._cache] if trial._has_cache else []
    double.backward(np.ones_like(y), *cache)
    return double
