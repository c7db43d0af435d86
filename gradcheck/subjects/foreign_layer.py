"""Makes a `gradcheck.nn.Layer` of a layer of another library, whatever convention it has for gradients and caches."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from functools import partial
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.layer import Array, Layer
from gradcheck.subjects.holder import PARAMETER_ATTRIBUTES, parameters_of
from gradcheck.subjects.resetting import find_reset
from gradcheck.subjects.validation import same_entries, shape_advice

#: Attributes that may hold a mapping or a list of gradients.
GRADIENT_MAPPINGS = ("grads", "gradients", "grad")
#: Names that the gradient of a parameter may have.
GRADIENT_NAMES = ("d{}", "d_{}", "grad_{}", "{}_grad", "{}_gradient", "g{}")

#: A parameter that a faulty layer changes in each pass is still taken for one if it changes by less than this part.
SAME_PARAMETER = 0.1


class ParameterView(MutableMapping[str, Array]):
    """A live view of the parameters of a layer: items of one of its mappings or sequences, or attributes.

    Parameters
    ----------
    owner : object
    attribute : str or None
        Attribute that holds the mapping or sequence; None if the parameters are attributes themselves.
    names : iterable of str
        Those of a sequence are indices.
    """

    def __init__(self, owner: Any, attribute: str | None, names: Iterable[str]) -> None:
        self._owner, self.attribute, self._names = owner, attribute, tuple(names)

    def of(self, owner: Any) -> ParameterView:
        """The same view of another layer."""
        return ParameterView(owner, self.attribute, self._names)

    def __getitem__(self, name: str) -> Array:
        if name not in self._names:
            raise KeyError(name)
        if self.attribute is None:
            return np.asarray(getattr(self._owner, name))
        held = getattr(self._owner, self.attribute)
        return np.asarray(held[name] if isinstance(held, Mapping) else held[int(name)])

    def __setitem__(self, name: str, value: Array) -> None:
        if self.attribute is None:
            setattr(self._owner, name, value)
            return
        held = getattr(self._owner, self.attribute)
        if isinstance(held, tuple):
            i = int(name)
            setattr(self._owner, self.attribute, (*held[:i], value, *held[i + 1 :]))
        else:
            held[name if isinstance(held, Mapping) else int(name)] = value
            current = self[name]
            if current is not value and getattr(self._owner, self.attribute) is not held:
                np.copyto(current, value)  # a property makes the mapping anew at each access

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

    Parameters
    ----------
    layer : object
    params : ParameterView
    unread : mapping of str to object
        Attributes with arrays of floats that are not known to be parameters.

    Attributes
    ----------
    layer : object
        The layer itself.
    """

    def __init__(self, layer: Any, params: ParameterView, unread: Mapping[str, Any] = MappingProxyType({})) -> None:
        super().__init__()
        self.layer, self.params = layer, params
        self._has_cache = False
        self._unread = dict(unread)
        self._input: Any = None
        self._used = False
        #: Method that resets the layer; empty before the first forward pass, when it has not been looked for.
        self._reset: str | None = None if isinstance(layer, FunctionPair) else ""

    @property
    def takes_indices(self) -> bool:
        """The attribute `takes_indices` of the layer; False without one."""
        return bool(getattr(self.layer, "takes_indices", False))

    @property
    def unread(self) -> list[str]:
        """Attributes with arrays of floats that are not checked, and that the passes so far have left in place."""
        attributes = _attributes(self.layer)
        return [name for name, value in self._unread.items() if attributes.get(name) is value]

    def forward(self, x: Array) -> Array:
        """Output. A cache that is returned with it is kept for `backward`."""
        if self._reset == "":
            view = cast("ParameterView", self.params)
            self._reset = find_reset(self.layer, partial(_both_passes, view, x), view.of)
        if self._reset is not None:
            getattr(self.layer, self._reset)()
        self._input, self._used = x, False
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
        if self._used and self._reset is not None:
            self.forward(self._input)  # else this pass would add to the gradients of the last one
        self._used = True
        result = self.layer.backward(upstream, *([self._cache] if self._has_cache else []))
        downstream, *rest = result if isinstance(result, (tuple, list)) else (result,)
        if downstream is None:
            raise SubjectTypeError(f"{self!r}: backward returned None: return the gradient with respect to the input")
        self.grads = self._returned(rest) if rest else self._stored()
        if not rest:
            self._require_that_all_is_read()
        return np.asarray(downstream)

    def _returned(self, rest: list[Any]) -> dict[str, Array]:
        """Gradients of the parameters that `backward` returned, by name or in the order of the parameters."""
        if len(rest) == 1 and isinstance(rest[0], Mapping):
            return {name: self._fits(name, _gradient_in(rest[0], name)) for name in self.params}
        if len(rest) == 1 and isinstance(rest[0], (list, tuple)) and len(rest[0]) == len(self.params):
            rest = list(rest[0])
        if len(rest) != len(self.params):
            names = ", ".join(self.params) or "none"
            raise SubjectError(
                f"{self!r}: backward returned {len(rest)} gradients besides that of the input, but the parameters are "
                f"{names}: return one for each in this order, or name the parameters with as_layer(..., params=(...))"
            )
        return {name: self._fits(name, value) for name, value in zip(self.params, rest, strict=True)}

    def _stored(self) -> dict[str, Array]:
        """Gradients of the parameters that the layer stores, in a mapping, in a sequence, or as attributes."""
        attributes = _attributes(self.layer)
        own = isinstance(self.params, ParameterView) and self.params.attribute
        names = [*GRADIENT_MAPPINGS, *(pattern.format(own) for pattern in GRADIENT_NAMES if own)]
        kept = [getattr(self.layer, name, None) for name in names]
        mapping = next((each for each in kept if isinstance(each, Mapping)), None)
        if mapping is not None:
            return {name: self._fits(name, _gradient_in(mapping, name)) for name in self.params}
        lists = [each for each in kept if isinstance(each, (list, tuple)) and len(each) == len(self.params)]
        if lists and self.params:
            return {name: self._fits(name, value) for name, value in zip(self.params, lists[0], strict=True)}
        return {name: self._fits(name, _gradient_among(attributes, name)) for name in self.params}

    def _require_that_all_is_read(self) -> None:
        """Refuse a layer with arrays that may be parameters, if nothing says whether they are."""
        if not self._unread:
            return
        attributes, unread = _attributes(self.layer), self.unread
        found = [name for name in unread if _gradient_among(attributes, name) is not None]
        if found:
            raise SubjectError(
                f"{self!r}: after backward there are gradients of {', '.join(found)}, which are not among the "
                f"parameters that were read: write as_layer(layer, params={(*self.params, *found)!r})"
            )
        if unread and not self.params:
            raise self.unread_error()

    def unread_error(self) -> SubjectError:
        """The error for a layer without parameters that has arrays which may be some."""
        names = tuple(self.unread)
        return SubjectError(
            f"{self!r}: nothing says whether {', '.join(names)} are parameters: there is no gradient that is called "
            f"after one of them, such as d{names[0]}. If backward makes the gradients, write as_layer(layer, x=X) with "
            f"an input for a trial run, or as_layer(layer, params={names!r}). If they are constants, write "
            "as_layer(layer, params=())"
        )

    def _fits(self, name: str, gradient: Any) -> Array:
        if gradient is None:
            raise SubjectError(
                f"{self!r}: there is no gradient of {name!r} after backward: store it in grads[{name!r}] or as "
                f"d{name}, or return it after that of the input"
            )
        found, wanted = np.asarray(gradient), self.params[name].shape
        if not same_entries(found.shape, wanted):
            raise SubjectError(
                f"{self!r}: the gradient of {name!r} has shape {found.shape}, but {name!r} has shape {wanted}"
                f"{shape_advice(found.shape, wanted)}"
            )
        return found.reshape(wanted)

    def _arguments(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        return repr(self.layer)


def _both_passes(params: ParameterView, x: Array, layer: Any) -> list[Array]:
    """Output and gradients of a layer, which has the parameters of another one, for a random upstream gradient."""
    trial = ForeignLayer(layer, params.of(layer))
    trial._reset = None
    y = trial.forward(np.array(x))
    upstream = np.random.default_rng(0).standard_normal(y.shape).astype(y.dtype)
    downstream = trial.backward(upstream)
    return [np.array(y), downstream, *trial.grads.values()]


def _attributes(layer: Any) -> Mapping[str, Any]:
    """The attributes of an object; none if it has no dictionary of them."""
    return getattr(layer, "__dict__", {})


def _gradient_in(source: Mapping[str, Any], name: str) -> Any:
    """The gradient of a parameter in a mapping of gradients, under a name of `GRADIENT_NAMES` or that of the parameter.

    None if there is none.
    """
    found = _gradient_among(source, name)
    return source.get(name) if found is None else found


def _gradient_among(source: Mapping[str, Any], name: str) -> Any:
    """The gradient of a parameter under a name of `GRADIENT_NAMES`, or None."""
    keys = (pattern.format(name) for pattern in GRADIENT_NAMES)
    return next((source[key] for key in keys if source.get(key) is not None), None)


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
        The others may stand in one list. If it returns the first alone, they are taken from a mapping or a list
        `grads`, `gradients` or `grad`, or from attributes: ``dW``, ``d_W``, ``grad_W``, ``W_grad``, ``W_gradient`` or
        ``gW`` for a parameter ``W``. A layer whose gradients add up from pass to pass needs a method without arguments
        that resets it, such as `zero_grad`; it is found by trying the methods of a copy, whatever its name is.
    backward : callable, optional
        If `layer` is a function: ``layer(x, *params.values())`` returns the output, or the output and a cache, and
        ``backward(upstream, cache)`` returns the gradients.
    params : mapping, or iterable of str, optional
        For a function: the parameters by name. For an object: the names of the attributes that are parameters, or the
        name of one that is a mapping or a list of them; by default the items of its `params` or `parameters`, else the
        arrays for which it has a gradient too, which may be None before a backward pass.
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
    SubjectError
        If the layer has no attribute that `params` names. A backward pass raises it if gradients are missing, or if
        there are arrays of which it is not known whether they are parameters; the message says what to write.

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
    view = _parameters(layer, params, x)
    unread = _unread(layer, view) if params is None else {}
    wrapped: Layer = subclass(layer, view, unread)
    return wrapped


def _parameters(layer: Any, given: Iterable[str] | None, x: Any) -> ParameterView:
    if given is not None:
        names = (given,) if isinstance(given, str) else tuple(given)
        held = getattr(layer, names[0], None) if len(names) == 1 else None
        if isinstance(held, (Mapping, list, tuple)):
            return ParameterView(layer, names[0], held if isinstance(held, Mapping) else map(str, range(len(held))))
        absent = [name for name in names if not hasattr(layer, name)]
        if absent:
            known = ", ".join(name for name, value in _attributes(layer).items() if isinstance(value, np.ndarray))
            raise SubjectError(
                f"{layer!r} has no attribute {', '.join(absent)}: its arrays are {known or 'none'}; pass the names of "
                "those that are parameters"
            )
        return ParameterView(layer, None, names)
    found = parameters_of(layer)
    if found is not None:
        return ParameterView(layer, found[0], found[1])
    for attribute in PARAMETER_ATTRIBUTES:
        held = getattr(layer, attribute, None)
        if isinstance(held, (list, tuple)) and held and all(map(_is_float_array, held)):
            return ParameterView(layer, attribute, map(str, range(len(held))))
    before = _attributes(layer)
    after = before if x is None else _attributes(_after_trial(layer, x))
    matched = [
        name
        for name, value in before.items()
        if _is_float_array(value)
        and not _is_cache(value, after.get(name), x)
        and _has_gradient(name, value, after, trial=x is not None)
    ]
    return ParameterView(layer, None, matched)


def _is_cache(before: Array, after: Any, x: Any) -> bool:
    """Whether an array is what the last pass left, and not a parameter, which a pass leaves nearly as it is."""
    if x is None:
        return False
    if np.shape(after) != before.shape or np.array_equal(after, x):
        return True
    return not np.allclose(after, before, rtol=SAME_PARAMETER, atol=0.0, equal_nan=True)


def _is_float_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _unread(layer: Any, view: ParameterView) -> dict[str, Any]:
    """Attributes with arrays of floats that are neither parameters nor called after the gradient of one."""
    gradients = {pattern.format(name) for pattern in GRADIENT_NAMES for name in view} | set(GRADIENT_MAPPINGS)
    known = {view.attribute} if view.attribute is not None else set(view)
    return {
        name: value
        for name, value in _attributes(layer).items()
        if name not in known and name not in gradients and _holds_floats(value)
    }


def _holds_floats(value: Any) -> bool:
    """Whether a value is an array of floats, or a mapping or a list of such arrays."""
    inner = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
    return bool(inner) and all(map(_is_float_array, inner))


def _has_gradient(name: str, value: Array, attributes: Mapping[str, Any], *, trial: bool) -> bool:
    """Whether one of the attributes has the name and the shape of the gradient of a parameter.

    Before a backward pass it may be None.
    """
    found = [attributes[key] for pattern in GRADIENT_NAMES if (key := pattern.format(name)) in attributes]
    return any((each is None and not trial) or same_entries(np.shape(each), value.shape) for each in found)


def _after_trial(layer: Any, x: Any) -> Any:
    """A copy of the layer after a forward and a backward pass."""
    double = copy.deepcopy(layer)
    trial = ForeignLayer(double, ParameterView(double, None, ()))
    trial._reset = None
    y = trial.forward(np.array(x))
    cache = [trial._cache] if trial._has_cache else []
    double.backward(np.ones_like(y), *cache)
    return double
