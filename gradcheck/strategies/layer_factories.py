"""What may be passed as `layers=`: each entry becomes a factory that draws a layer for samples of a given shape."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis import strategies as st

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn import Layer
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, nearest
from gradcheck.strategies.choice import evenly
from gradcheck.strategies.recipes import Recipe
from gradcheck.strategies.shapes import Shape
from gradcheck.strategies.specs import LAYER_ORDER, LAYER_SPECS, fits

KINDS = LAYERS | ACTIVATIONS

#: Any other kind is drawn so many times as often as one activation of `gradcheck.nn`: there are many activations.
OTHERS_PER_ACTIVATION = 4

#: Arguments of a class that are not drawn: `gradcheck.strategies.recipes.build` gives them a seed.
NOT_DRAWN = ("rng", "seed")

#: Values of an argument that is annotated as float: rates and fractions.
FRACTIONS = (0.5, 0.25, 0.75)


@dataclass(frozen=True)
class LayerFactory:
    """One kind of layer.

    Attributes
    ----------
    kind : str or None
        Its name in `gradcheck.nn`; None for a layer of the user.
    fits : callable
        ``fits(shape, samples)``: whether it takes such samples.
    draw : callable
        ``draw(draw, shape, max_width)`` returns a recipe, or None if it has no layer for this shape.
    ignores_shape : bool
        Whether it was given without regard to shapes: a layer that raises `ValueError` for one is left out.
    """

    kind: str | None
    fits: Callable[[Shape, int], bool]
    draw: Callable[[st.DrawFn, Shape, int], Recipe]
    ignores_shape: bool = False


def chosen_factory(draw: st.DrawFn, fitting: Sequence[LayerFactory]) -> LayerFactory:
    """Draw one of several kinds, each activation less often than another kind.

    It is a single choice, because Hypothesis takes an example with fewer choices for a simpler one.
    """
    weighted = [f for f in fitting for _ in range(1 if f.kind in ACTIVATIONS else OTHERS_PER_ACTIVATION)]
    return draw(evenly(weighted), label="kind")


def factories_of(entries: Iterable[Any] | None) -> tuple[LayerFactory, ...]:
    """Make a factory of each entry of `layers=`; of all kinds of `gradcheck.nn` by default.

    Raises
    ------
    SubjectError, SubjectTypeError
        If an entry is not something that makes layers, or there are no entries.
    """
    if entries is None:
        return tuple(_of_kind(kind) for kind in LAYER_ORDER)
    if isinstance(entries, (str, type, st.SearchStrategy)):
        entries = [entries]
    found = tuple(_of_entry(entry) for entry in entries)
    if not found:
        raise SubjectError("the list of layers is empty: pass names, classes, functions of a shape, or strategies")
    return found


def _of_kind(kind: str) -> LayerFactory:
    return LayerFactory(kind, partial(fits, kind), LAYER_SPECS[kind].draw)


def _of_entry(entry: Any) -> LayerFactory:
    if isinstance(entry, str):
        if entry not in KINDS:
            raise SubjectError(f"there is no layer {entry!r}{nearest(entry, KINDS)}; there are {', '.join(KINDS)}")
        return _of_kind(entry)
    if isinstance(entry, type):
        if entry.__module__.startswith("gradcheck.nn.") and entry.__name__ in KINDS:
            return _of_kind(entry.__name__)
        return _of_class(entry)
    if isinstance(entry, st.SearchStrategy):
        return LayerFactory(None, _any_shape, partial(_from_strategy, entry), True)
    if callable(getattr(entry, "forward", None)):
        return LayerFactory(None, _any_shape, lambda draw, shape, max_width: _recipe_of(entry), True)
    if callable(entry):
        _require_shape_alone(entry)
        return LayerFactory(None, _any_shape, partial(_from_function, entry))
    raise SubjectTypeError(
        f"{entry!r} makes no layer: pass a name or class of gradcheck.nn, a class of your own, a function of the "
        "shape of a sample, or a strategy"
    )


def _any_shape(shape: Shape, samples: int) -> bool:
    return True


def _from_strategy(strategy: st.SearchStrategy[Any], draw: st.DrawFn, shape: Shape, max_width: int) -> Recipe:
    """Draw a layer, or a recipe of one, without regard to the shape."""
    return _recipe_of(draw(strategy, label="layer"))


def _from_function(function: Callable[[Shape], Any], draw: st.DrawFn, shape: Shape, max_width: int) -> Recipe:
    """Call a function of the shape, which returns a strategy, a layer, a class, or None.

    For a layer the recipe is the call, so that it is made anew, from a seed, and prints as source.
    """
    found = function(shape)
    if isinstance(found, st.SearchStrategy):
        return _recipe_of(draw(found, label="layer"))
    return found if found is None or isinstance(found, (dict, type, partial)) else partial(function, shape)


def _require_shape_alone(function: Callable[..., Any]) -> None:
    """Refuse a function that cannot be called with a shape alone.

    Raises
    ------
    SubjectTypeError
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # not known: it is tried
    try:
        signature.bind(())
    except TypeError:
        name = getattr(function, "__name__", repr(function))
        raise SubjectTypeError(
            f"{name}{signature} cannot be called with the shape of a sample alone: pass a function of it, such as "
            f"lambda shape: {name}(shape[0], …), or a class whose first argument is the width of its input"
        ) from None


def _recipe_of(layer: Any) -> Recipe:
    """The recipe of a layer: its description if it is one of `gradcheck.nn`."""
    own = isinstance(layer, Layer) and KINDS.get(type(layer).__name__) is not None
    return layer.spec() if own and type(layer).__module__.startswith("gradcheck.nn.") else layer


def _of_class(kind: type) -> LayerFactory:
    """Make a factory of a class whose first argument, if it needs one, is the width of its input, as in PyTorch."""
    needed = [
        parameter
        for parameter in _signature(kind)
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.name not in NOT_DRAWN
    ]
    hints = _hints(kind)

    def draw_one(draw: st.DrawFn, shape: Shape, max_width: int) -> Recipe:
        if not needed:
            return kind
        rest = [draw(_values(hints.get(p.name), max_width), label=p.name) for p in needed[1:]]
        return partial(kind, shape[0], *rest)

    return LayerFactory(None, lambda shape, samples: not needed or len(shape) == 1, draw_one)


def _signature(kind: type) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(kind).parameters.values())
    except (TypeError, ValueError):
        raise SubjectTypeError(
            f"the arguments of {kind.__qualname__} cannot be read: pass a function of the shape of a sample instead, "
            f"lambda shape: {kind.__name__}(...)"
        ) from None


def _hints(kind: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind.__init__)  # type: ignore[misc]
    except Exception:  # annotations that cannot be resolved are ignored
        return {}


def _values(hint: Any, max_width: int) -> st.SearchStrategy[Any]:
    """Return a strategy for an argument of a class after the first: booleans, fractions, or a second width."""
    if hint is bool:
        return st.booleans()
    if hint is float:
        return st.sampled_from(FRACTIONS)
    if hint in (int, None, Any):
        return st.integers(1, max_width)
    return st.from_type(hint)
