"""Which arrays of a layer of another library are its parameters, and where it keeps them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import UnreadableLayerError
from gradcheck.subjects.foreign_calls import Calls, described, output_left, output_of
from gradcheck.subjects.holder import PARAMETER_ATTRIBUTES
from gradcheck.subjects.parameter_view import (
    GRADIENT_MAPPINGS,
    ParameterView,
    Path,
    attributes_of,
    box_of,
    float_arrays,
    gradient_in,
    gradient_names,
    inside,
    is_float_array,
    places_of,
    shares_memory,
    value_at,
)
from gradcheck.subjects.validation import same_entries
from gradcheck.tracebacks import pass_on_signal

Array = NDArray[Any]

#: A parameter that a faulty layer changes in each pass is still taken for one if it changes by less than this part.
SAME_PARAMETER = 0.1

#: Relative rounding that is allowed when what a pass subtracts is compared at two rates.
PROPORTIONAL = 1e-6


def parameters_read(
    layer: Any, calls: Calls, given: Iterable[str] | None, x: Any
) -> tuple[ParameterView, frozenset[str]]:
    """Find the parameters of a layer.

    Parameters
    ----------
    layer : object
        Its first forward pass is made if that creates the parameters.
    calls : Calls
    given : iterable of str, optional
        The attributes that are parameters, as the user says.
    x : ndarray or None
        An input for trial runs of copies.

    Returns
    -------
    view : ParameterView
    caches : frozenset of str
        Attributes that the first forward pass has filled with what it keeps of its input.
    """
    needs_rate = bool(calls.needs) and x is not None and not _returns_cache(layer, calls, x)
    if len(calls.needs) > 1 or (needs_rate and given is not None):
        raise _needs_more(layer, calls)
    caches: frozenset[str] = frozenset()
    if x is not None:
        waiting = [name for name, value in attributes_of(layer).items() if _is_waiting(value)]
        made = _made_for_good(layer, calls, waiting, x)
        if made:
            calls.forward(layer, np.array(x))
            caches = frozenset(waiting) - made
    if given is not None:
        return _named(layer, given), caches
    if needs_rate:
        return _trained(layer, calls, x), caches
    for attribute in PARAMETER_ATTRIBUTES:
        found = _held(layer, attribute)
        if found is not None:
            return found, caches
    return _with_gradients(layer, calls, x), caches


def _named(layer: Any, given: Iterable[str]) -> ParameterView:
    names = (given,) if isinstance(given, str) else tuple(given)
    held = getattr(layer, names[0], None) if len(names) == 1 else None
    if isinstance(held, (Mapping, list, tuple)) and box_of(held) is None:
        return _view(layer, {str(step): (names[0], step) for step, _ in inside(held)}, names[0])
    absent = [name for name in names if not hasattr(layer, name)]
    for attribute in PARAMETER_ATTRIBUTES if absent else ():
        inner = getattr(layer, attribute, None)
        if isinstance(inner, Mapping) and set(names) <= set(inner):
            return _view(layer, {name: (attribute, name) for name in names}, attribute)
    if absent:
        known = ", ".join(name for name, value in attributes_of(layer).items() if isinstance(value, np.ndarray))
        raise UnreadableLayerError(
            f"{described(layer)} has no attribute {', '.join(absent)}: its arrays are {known or 'none'}; pass the "
            "names of those that are parameters"
        )
    return _view(layer, {name: (name,) for name in names})


def _held(layer: Any, attribute: str) -> ParameterView | None:
    """The parameters in a mapping or sequence, or in what a method returns; None if there are none."""
    held = getattr(layer, attribute, None)
    if callable(held) and not isinstance(held, Mapping):
        try:
            held = held()
        except Exception as error:
            pass_on_signal(error)
            return None
    if isinstance(held, Mapping) and not any(box_of(value) for value in held.values()):
        names = [name for name, value in held.items() if not _is_setting(value)]
        return _view(layer, {str(name): (attribute, name) for name in names}, attribute) if names or not held else None
    if not isinstance(held, (Mapping, list, tuple)) or not held:
        return None
    items = dict(inside(held))
    if not all(is_float_array(item) or box_of(item) is not None for item in items.values()):
        return None
    paths: dict[str, Path] = {}
    for step, item in items.items():
        others = [path for path in places_of(layer, item) if len(path) == 1]
        paths[str(others[0][0]) if others and not isinstance(held, Mapping) else str(step)] = (attribute, step)
    return _view(layer, paths, attribute)


def _is_setting(value: Any) -> bool:
    """Whether a value that stands beside parameters is none: a text, a whole number, a shape, a flag."""
    if isinstance(value, (tuple, list)):
        return bool(value) and all(map(_is_setting, value))
    return isinstance(value, (str, bytes, int, np.integer, np.bool_))


def _view(layer: Any, paths: Mapping[str, Path], attribute: str | None = None) -> ParameterView:
    """The view of parameters at given places, with all others where the same arrays stand."""
    places: dict[str, tuple[Path, ...]] = {}
    gradients: dict[str, Path] = {}
    views: set[str] = set()
    for name, path in paths.items():
        value = value_at(layer, path)
        box = box_of(value) if not isinstance(value, np.ndarray) else None
        if box is not None:
            aliases = places_of(layer, value)
            gradients[name] = (*(aliases[0] if aliases else path), box[1])
            path, value = (*(aliases[0] if aliases else path), box[0]), value_at(layer, (*path, box[0]))
        same = places_of(layer, value) if isinstance(value, np.ndarray) else ()
        places[name] = (path, *(other for other in same if other != path))
        if isinstance(value, np.ndarray) and shares_memory(layer, value):
            views.add(name)
    return ParameterView(layer, places, attribute, gradients if len(gradients) == len(places) else {}, views)


def _with_gradients(layer: Any, calls: Calls, x: Any) -> ParameterView:
    """The attributes that have a gradient beside them: inside, under a name that is made of theirs, or returned so."""
    before = attributes_of(layer)
    boxes = {name: (name,) for name, value in before.items() if box_of(value) is not None}
    if boxes:
        return _view(layer, boxes)
    double, returned = (layer, None) if x is None else _after_trial(layer, calls, x)
    after, named = attributes_of(double), gradients_by_name(returned)
    matched = [
        name
        for name, value in before.items()
        if is_float_array(value)
        and not _is_cache(value, after.get(name), x)
        and (_has_gradient(name, value, after, trial=x is not None) or _is_gradient_of(value, gradient_in(named, name)))
    ]
    return _view(layer, {name: (name,) for name in matched})


def _made_for_good(layer: Any, calls: Calls, waiting: Iterable[str], x: Any) -> frozenset[str]:
    """Attributes that the first forward pass fills, and that a pass with another input leaves as they are.

    They are parameters that are created late; what changes with the input is a cache.
    """
    try:
        double = copy.deepcopy(layer)
        calls.forward(double, np.array(x))
        before = {name: copy.deepcopy(getattr(double, name, None)) for name in waiting}
        calls.forward(double, np.array(another_input(x)))
    except Exception as error:
        pass_on_signal(error)
        return frozenset()
    return frozenset(name for name, value in before.items() if _stays(value, getattr(double, name, None), x))


def _is_waiting(value: Any) -> bool:
    """Whether a value is None, or a mapping or list that is empty or holds None."""
    if isinstance(value, (Mapping, list, tuple)):
        return not value or any(inner is None for _, inner in inside(value))
    return value is None


def _stays(before: Any, after: Any, x: Any) -> bool:
    """Whether a value holds an array of floats that two passes have in common, and that is not their input."""
    one, two = (
        [value] if isinstance(value, np.ndarray) else [v for _, v in inside(value)] for value in (before, after)
    )
    pairs = [(a, b) for a, b in zip(one, two, strict=False) if is_float_array(a) and a.size]
    return any(np.array_equal(a, b) and not np.array_equal(a, x) for a, b in pairs)


def another_input(x: Any) -> Any:
    """Another input of the same shape and type."""
    x = np.asarray(x)
    return x[::-1].copy() if x.dtype.kind != "f" else x * np.linspace(0.5, 1.5, max(x.size, 1)).reshape(x.shape)


def _returns_cache(layer: Any, calls: Calls, x: Any) -> bool:
    """Whether the forward pass returns a cache with the output: then that is what the backward pass needs."""
    if x is None:
        return True  # not known before the first pass
    double = copy.deepcopy(layer)
    result = calls.forward(double, np.array(x))
    return isinstance(result, (tuple, list)) and len(result) == 2


def _needs_more(layer: Any, calls: Calls) -> UnreadableLayerError:
    more = ", ".join(f"{name}=…" for name in calls.needs)
    return UnreadableLayerError(
        f"{described(layer)}: {calls.name} needs {', '.join(calls.needs)} besides the upstream gradient: write "
        f"as_layer(layer, backward=lambda layer, upstream: layer.{calls.name}(upstream, {more}))"
    )


def _trained(layer: Any, calls: Calls, x: Any) -> ParameterView:
    """The arrays that the backward pass changes in proportion to its second argument, a learning rate.

    Raises
    ------
    UnreadableLayerError
        If what it subtracts is not proportional to that argument.
    """
    after = {rate: float_arrays(_after_trial(layer, calls, x, rate)[0]) for rate in (0.0, 1.0, 2.0)}
    kept = [
        path
        for path, value in float_arrays(layer).items()
        if all(path in arrays and arrays[path].shape == value.shape for arrays in after.values())
    ]
    steps = {rate: {path: after[0.0][path] - after[rate][path] for path in kept} for rate in (1.0, 2.0)}
    moved = [path for path in kept if np.any(steps[1.0][path])]
    for path in moved:
        value, step = after[0.0][path], steps[2.0][path]
        rounding = 4 * float(np.finfo(value.dtype).eps) * float(np.abs(value).max())
        slack = PROPORTIONAL * float(np.abs(step).max()) + rounding
        if not np.allclose(step, 2 * steps[1.0][path], rtol=PROPORTIONAL, atol=slack):
            raise _needs_more(layer, calls)
    return _view(layer, {_name_of(path): path for path in moved})


def _name_of(path: Path) -> str:
    """What a parameter is called that stands at a place: its own name, after those of the objects that it is inside."""
    return ".".join(str(step) for step in path if step not in PARAMETER_ATTRIBUTES or step == path[-1])


def _after_trial(layer: Any, calls: Calls, x: Any, rate: float | None = None) -> tuple[Any, Any]:
    """A copy of the layer after a forward and a backward pass, and what the backward pass returned."""
    double = copy.deepcopy(layer)
    x, before = np.array(x), dict(attributes_of(double))
    result = calls.forward(double, x)
    result = output_left(double, before, x) if result is None else result
    has_cache = isinstance(result, (tuple, list)) and len(result) == 2
    y, cache = result if has_cache else (result, None)
    more = [cache] if has_cache else [] if rate is None else [rate]
    if len(calls.needs) > len(more):  # it needs a rate as well, which is tried elsewhere
        return double, None
    y = output_of(double, y)
    upstream = np.random.default_rng(0).standard_normal(y.shape)  # a gradient may vanish for one of ones
    return double, calls.backward(double, upstream.astype(y.dtype), *more)


def _is_gradient_of(value: Array, gradient: Any) -> bool:
    """Whether a gradient was returned for an array; None has the shape of a number, and is none."""
    return gradient is not None and same_entries(np.shape(gradient), value.shape)


def _is_cache(before: Array, after: Any, x: Any) -> bool:
    """Whether an array is what the last pass left, and not a parameter, which a pass leaves nearly as it is."""
    if x is None:
        return False
    if np.shape(after) != before.shape or np.array_equal(after, x):
        return True
    return not np.allclose(after, before, rtol=SAME_PARAMETER, atol=0.0, equal_nan=True)


def _has_gradient(name: str, value: Array, attributes: Mapping[str, Any], *, trial: bool) -> bool:
    """Whether one of the attributes has the name and the shape of the gradient of a parameter.

    Before a backward pass it may be None.
    """
    found = [attributes[key] for key in gradient_names(name) if key in attributes]
    return any((each is None and not trial) or same_entries(np.shape(each), value.shape) for each in found)


def unread_attributes(layer: Any, view: ParameterView, caches: Iterable[str] = ()) -> dict[str, Any]:
    """Attributes with arrays of floats that are neither parameters nor called after the gradient of one, nor caches."""
    gradients = {key for name in view for key in gradient_names(name)} | set(GRADIENT_MAPPINGS)
    known = {*caches} | {path[0] for places in view.places.values() for path in places}
    return {
        name: value
        for name, value in attributes_of(layer).items()
        if name not in known and name not in gradients and _holds_floats(value)
    }


def made_by_passes(layer: Any, params: Mapping[str, Array], known: Iterable[str], x: Any) -> list[str]:
    """Attributes that a pass has made and that have a gradient beside them, without parameters and known arrays."""
    places = params.places.values() if isinstance(params, ParameterView) else ()
    others = {*known, *(path[0] for each in places for path in each)}
    now = attributes_of(layer)
    new = {name: value for name, value in now.items() if name not in others and is_float_array(value)}
    return [
        name
        for name, value in new.items()
        if value.shape != np.shape(x)
        and any(is_float_array(now.get(key)) and now[key].shape == value.shape for key in gradient_names(name))
    ]


def gradients_by_name(returned: Any) -> Mapping[str, Any]:
    """The mapping of gradients that a backward pass returned after the gradient of the input; empty without one."""
    rest = list(returned[1:]) if isinstance(returned, (tuple, list)) else []
    return rest[0] if len(rest) == 1 and isinstance(rest[0], Mapping) else {}


def arrays_beside(layer: Any, params: Mapping[str, Array], x: Any) -> dict[str, Array]:
    """Attributes that are arrays of floats, without the parameters, the input and gradients that have a name."""
    places = params.places.values() if isinstance(params, ParameterView) else ()
    known = {path[0] for each in places for path in each}
    known |= {key for name in params for key in gradient_names(name)}
    return {
        name: value
        for name, value in attributes_of(layer).items()
        if is_float_array(value) and name not in known and value is not x
    }


def _holds_floats(value: Any) -> bool:
    """Whether a value is an array of floats, or a mapping or a list of such arrays."""
    inner = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
    return bool(inner) and all(map(is_float_array, inner))
