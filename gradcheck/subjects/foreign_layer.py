"""Makes a `gradcheck.nn.Layer` of a layer of another library, whatever convention it has for gradients and caches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError, UnreadableLayerError
from gradcheck.nn.layer import Array, Layer
from gradcheck.subjects.foreign_calls import (
    Calls,
    calls_of,
    described,
    gradient_left,
    gradient_of,
    output_left,
    output_of,
    trained_by,
)
from gradcheck.subjects.foreign_parameters import (
    another_input,
    arrays_beside,
    made_by_passes,
    parameters_read,
    unread_attributes,
)
from gradcheck.subjects.parameter_view import (
    GRADIENT_MAPPINGS,
    GRADIENT_NAMES,
    ParameterView,
    attributes_of,
    gradient_among,
    gradient_in,
    value_at,
)
from gradcheck.subjects.resetting import find_reset
from gradcheck.subjects.validation import same_entries, shape_advice


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

    @property
    def functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Both functions."""
        return self._forward, self._backward

    def __repr__(self) -> str:
        return " with ".join(str(getattr(f, "__name__", f)) for f in (self._forward, self._backward))


class ForeignLayer(Layer):
    """A layer of another library; see `as_layer`.

    Parameters
    ----------
    layer : object
    calls : Calls
        How its passes are called.
    params : ParameterView
    unread : mapping of str to object
        Attributes with arrays of floats that are not known to be parameters.
    constants : bool
        Whether the user has said which attributes are parameters: then no other array is one.
    tried : bool
        Whether there was a trial run, so that gradients made by `backward` would have been seen.

    Attributes
    ----------
    layer : object
        The layer itself.
    """

    def __init__(
        self,
        layer: Any,
        calls: Calls,
        params: ParameterView,
        unread: Mapping[str, Any] = MappingProxyType({}),
        *,
        constants: bool = False,
        tried: bool = False,
    ) -> None:
        super().__init__()
        self.layer, self.params = layer, params
        self._calls = calls
        self._has_cache = False
        self._unread, self._constants, self._tried = dict(unread), constants, tried
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
        attributes = attributes_of(self.layer)
        return [name for name, value in self._unread.items() if attributes.get(name) is value]

    def forward(self, x: Array) -> Array:
        """Output. A cache that is returned with it is kept for `backward`."""
        if self._reset == "":
            view = cast("ParameterView", self.params)
            passes, others = (partial(_both_passes, self._calls, view, each) for each in (x, another_input(x)))
            self._reset = find_reset(self.layer, passes, view.of, others)
        if self._reset is not None:
            getattr(self.layer, self._reset)()
        self._input, self._used = x, False
        before = dict(attributes_of(self.layer))
        result = self._calls.forward(self.layer, x)
        if result is None:
            result = output_left(self.layer, before, x)
        self._has_cache = isinstance(result, (tuple, list)) and len(result) == 2
        y, self._cache = result if self._has_cache else (result, None)
        return output_of(self.layer, y)

    def backward(self, upstream: Array) -> Array:
        """Gradient with respect to the input. Those with respect to the parameters go into `grads`."""
        if self._used and self._reset is not None:
            self.forward(self._input)  # else this pass would add to the gradients of the last one
        self._used = True
        if len(self._calls.needs) > int(self._has_cache):
            result, grads = trained_by(self._calls, self.layer, cast("ParameterView", self.params), upstream)
            downstream = gradient_left(self.layer, self._input) if result is None else result
            self.grads = grads
            return gradient_of(self.layer, downstream, self._input)
        result = self._calls.backward(self.layer, upstream, *([self._cache] if self._has_cache else []))
        downstream, *rest = result if isinstance(result, (tuple, list)) else (result,)
        if downstream is None:
            downstream = gradient_left(self.layer, self._input)
        downstream = gradient_of(self.layer, downstream, self._input)
        nothing = len(rest) == 1 and (rest[0] is None or (isinstance(rest[0], (list, tuple, Mapping)) and not rest[0]))
        rest = [] if nothing else rest
        self.grads = self._returned(rest) if rest else self._stored()
        if not rest:
            self._require_that_all_is_read()
        return downstream

    def _returned(self, rest: list[Any]) -> dict[str, Array]:
        """Gradients of the parameters that `backward` returned, by name or in the order of the parameters."""
        if len(rest) == 1 and isinstance(rest[0], Mapping):
            self._require_that_all_is_taken(rest[0])
            return {name: self._fits(name, gradient_in(rest[0], name)) for name in self.params}
        if len(rest) == 1 and isinstance(rest[0], (list, tuple)) and len(rest[0]) == len(self.params):
            rest = list(rest[0])
        if len(rest) != len(self.params):
            names = ", ".join(self.params) or "none"
            rest = list(rest[0]) if len(rest) == 1 and isinstance(rest[0], (list, tuple)) else rest
            raise UnreadableLayerError(
                f"{self!r}: backward returned {len(rest)} gradients besides that of the input, but the parameters are "
                f"{names}: return one for each in this order, or name the parameters in this order, "
                f"as_layer(layer, params={self._named_for(rest)})"
            )
        return {name: self._fits(name, value) for name, value in zip(self.params, rest, strict=True)}

    def _named_for(self, gradients: list[Any]) -> str:
        """The argument `params` that returned gradients ask for: attributes of their shapes, if there is one choice."""
        beside = arrays_beside(self.layer, self.params, self._input)
        own = {name: np.asarray(value) for name, value in self.params.items()}
        fitting = [
            [name for name, value in {**own, **beside}.items() if same_entries(value.shape, np.shape(gradient))]
            for gradient in gradients
        ]
        sure = all(len(names) == 1 for names in fitting) and len({names[0] for names in fitting}) == len(fitting)
        return repr(tuple(names[0] for names in fitting)) if sure else "(...)"

    def _require_that_all_is_taken(self, gradients: Mapping[str, Any]) -> None:
        """Refuse gradients that `backward` returned by name, of attributes that were not read as parameters."""
        if self._constants:
            return
        beside = arrays_beside(self.layer, self.params, self._input)
        found = {name: gradient_in(gradients, name) for name in beside}
        left = [n for n, g in found.items() if g is not None and same_entries(np.shape(g), beside[n].shape)]
        if left or not self.params:
            names = (*self.params, *(left or gradients))
            raise UnreadableLayerError(
                f"{self!r}: backward returned gradients of {', '.join(map(str, left or gradients))}, which are not "
                f"among the parameters that were read: write as_layer(layer, params={names!r})"
            )

    def _stored(self) -> dict[str, Array]:
        """Gradients of the parameters that the layer stores, in a mapping, in a sequence, or as attributes."""
        attributes = attributes_of(self.layer)
        view = self.params
        if isinstance(view, ParameterView) and view.gradients:
            beside = {name: value_at(self.layer, place) for name, place in view.gradients.items()}
            return {name: self._fits(name, beside[name]) for name in view}
        own = isinstance(view, ParameterView) and view.attribute
        names = [*GRADIENT_MAPPINGS, *(pattern.format(own) for pattern in GRADIENT_NAMES if own)]
        kept = [getattr(self.layer, name, None) for name in names]
        mapping = next((each for each in kept if isinstance(each, Mapping)), None)
        if mapping is not None:
            return {name: self._fits(name, gradient_in(mapping, name)) for name in self.params}
        lists = [each for each in kept if isinstance(each, (list, tuple)) and len(each) == len(self.params)]
        if lists and self.params:
            return {name: self._fits(name, value) for name, value in zip(self.params, lists[0], strict=True)}
        return {name: self._fits(name, gradient_among(attributes, name)) for name in self.params}

    def _require_that_all_is_read(self) -> None:
        """Refuse a layer with arrays that may be parameters, if nothing says whether they are."""
        if self._constants:
            return
        attributes, unread = attributes_of(self.layer), self.unread
        found = [name for name in unread if gradient_among(attributes, name) is not None]
        if found:
            raise UnreadableLayerError(
                f"{self!r}: after backward there are gradients of {', '.join(found)}, which are not among the "
                f"parameters that were read: write as_layer(layer, params={(*self.params, *found)!r})"
            )
        later = made_by_passes(self.layer, self.params, self._unread, self._input)
        if later:
            raise UnreadableLayerError(
                f"{self!r}: {', '.join(later)} and gradients of them are made by the passes, and are not among the "
                "parameters that were read: write as_layer(layer, x=X) with an input for a trial run, or "
                f"as_layer(layer, params={tuple(later)!r}) after a first forward pass"
            )
        if unread and not self.params:
            raise self.unread_error()

    def unread_error(self) -> UnreadableLayerError:
        """The error for a layer without parameters that has arrays which may be some."""
        names = tuple(self.unread)
        what = (
            f"{self!r}: nothing says whether {', '.join(names)} are parameters: there is no gradient that is called "
            f"after one of them, such as d{names[0]}"
        )
        if not self._tried:
            what += ". If backward makes the gradients, write as_layer(layer, x=X) with an input for a trial run, or "
        else:
            stored = ", ".join(f"d{name}" for name in names)
            what += (
                f", also after a backward pass. If they are, store their gradients as {stored}, or return them after "
                "that of the input and write "
            )
        return UnreadableLayerError(
            f"{what}as_layer(layer, params={names!r}). If they are constants, write as_layer(layer, params=())"
        )

    def _fits(self, name: str, gradient: Any) -> Array:
        if gradient is None:
            raise UnreadableLayerError(
                f"{self!r}: there is no gradient of {name!r} after backward: store it in grads[{name!r}] or as "
                f"d{name}, or return it after that of the input; if "
                f"{name!r} is no parameter, name those that are: as_layer(layer, params=(...))"
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
        return described(self.layer)


def user_callables(layer: Layer) -> tuple[Any, ...]:
    """The objects and functions of the user that a layer calls."""
    inner = getattr(layer, "layer", None)
    if isinstance(inner, FunctionPair):
        return inner.functions
    return (layer,) if inner is None else (layer, inner)


def _both_passes(calls: Calls, params: ParameterView, x: Array, layer: Any) -> list[Array]:
    """Output and gradients of a layer, which has the parameters of another one, for a random upstream gradient."""
    trial = ForeignLayer(layer, calls, params.of(layer), constants=True)
    trial._reset = None
    y = trial.forward(np.array(x))
    upstream = np.random.default_rng(0).standard_normal(y.shape).astype(y.dtype)
    downstream = trial.backward(upstream)
    return [np.array(y), downstream, *trial.grads.values()]


def as_layer(
    layer: Any,
    backward: Callable[..., Any] | None = None,
    *,
    params: Mapping[str, Any] | Iterable[str] | None = None,
    forward: Callable[..., Any] | None = None,
    x: Any = None,
) -> Layer:
    """Make a layer of `gradcheck.nn` of a layer of another library.

    Parameters
    ----------
    layer : object or callable
        It has a method ``forward(x)``, or is callable, and a method ``backward(upstream)``; other methods are found by
        the beginning of their names, such as ``forward_pass``. `forward` returns the output, or the output and a cache,
        which is then the second argument of `backward`. `backward` returns the gradient with respect to the input,
        alone or followed by those of the parameters: one for each, or a mapping. The others may stand in one list. If
        it returns the first alone, they are taken from a mapping or a list `grads`, `gradients` or `grad`, or from
        attributes: ``dW``, ``d_W``, ``grad_W``, ``W_grad``, ``W_gradient`` or ``gW`` for a parameter ``W``. Passes that
        return nothing leave the output in ``output`` and the gradient in ``dx`` or ``dinputs``. A `backward` that needs
        a learning rate besides, and trains the layer, is read by what it subtracts. A layer whose gradients add up from
        pass to pass needs a method without arguments that resets it, such as `zero_grad`; it is found by trying the
        methods of a copy, whatever its name is.
    backward : callable, optional
        If `layer` is a function: ``layer(x, *params.values())`` returns the output, or the output and a cache, and
        ``backward(upstream, cache)`` returns the gradients. If it is an object: ``backward(layer, upstream)`` is called
        in place of its method, with the cache as a third argument if there is one.
    params : mapping, or iterable of str, optional
        For a function: the parameters by name. For an object: the names of the attributes that are parameters, or the
        name of one that is a mapping or a list of them; by default the items of its `params` or `parameters`, else the
        arrays for which it has a gradient too, which may be None before a backward pass. A parameter may also be an
        object or a mapping of its number and its gradient.
    forward : callable, optional
        For an object: ``forward(layer, x)`` is called in place of its method.
    x : ndarray, optional
        An input for a trial run of a copy of the layer, needed if `backward` creates the attributes for gradients. A
        layer that creates its parameters in its first forward pass makes this pass itself.

    Returns
    -------
    Layer
        `layer` itself if it is a `gradcheck.nn.Layer`.

    Raises
    ------
    UnreadableLayerError
        A `SubjectTypeError` and `SubjectError`: if there is no forward or backward pass, if it needs more arguments, or
        if the layer has no attribute that `params` names. A pass raises it if its result is not an array, if gradients
        are missing, or if there are arrays of which it is not known whether they are parameters. The message says what
        to write.

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
    if isinstance(layer, Layer) and forward is None and backward is None:
        return layer
    if backward is not None and not _is_object(layer):
        if params is not None and not isinstance(params, Mapping):
            raise SubjectTypeError(f"params is {params!r}: for a function, pass the arrays by name, params={{'w': w}}")
        layer = FunctionPair(layer, backward, params or {})
        params = backward = None
    calls = calls_of(layer, forward, backward)
    kind = type(layer)
    # A subclass of the same name, which reports show.
    subclass = type(kind.__name__, (ForeignLayer,), {"__module__": kind.__module__})
    view, caches = parameters_read(layer, calls, params, x)
    unread = unread_attributes(layer, view, caches) if params is None else {}
    wrapped: Layer = subclass(layer, calls, view, unread, constants=params is not None, tried=x is not None)
    return wrapped


def _is_object(layer: Any) -> bool:
    """Whether a layer is an object with passes of its own, and not a function."""
    return any(callable(getattr(layer, name, None)) for name in ("forward", "backward")) or not callable(layer)
