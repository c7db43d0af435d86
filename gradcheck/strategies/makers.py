"""What a user may pass for layers, and how one that takes samples of a given shape is drawn from it."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from hypothesis import strategies as st

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, nearest
from gradcheck.strategies.choice import evenly
from gradcheck.strategies.recipes import Recipe
from gradcheck.strategies.shapes import Shape
from gradcheck.strategies.specs import DESCRIPTIONS, ORDER, fits

KINDS = LAYERS | ACTIVATIONS

#: How often every other kind is drawn for one activation of `gradcheck.nn`.
OFTEN = 4


class Maker:
    """One kind of layer.

    Parameters
    ----------
    kind : str or None
        Its name in `gradcheck.nn`; None for a layer of the user's.
    fits : callable
        ``fits(shape, samples)``: whether it takes such samples.
    draw : callable
        ``draw(draw, shape, max_width)`` returns a recipe, or None if there is none for this shape after all.
    name : str
        What it prints as, where it has no kind.
    tries : bool
        Whether it knows nothing of shapes: a layer that raises `ValueError` for one is left out.
    """

    def __init__(
        self,
        kind: str | None,
        fits: Callable[[Shape, int], bool],
        draw: Callable[[st.DrawFn, Shape, int], Recipe],
        name: str = "",
        *,
        tries: bool = False,
    ) -> None:
        self.kind, self.fits, self.draw, self.name, self.tries = kind, fits, draw, name, tries

    def __repr__(self) -> str:
        return self.kind or self.name


def one_of(draw: st.DrawFn, fitting: Sequence[Maker]) -> Maker:
    """One of several kinds. Activations, of which there are many, are drawn less often each."""
    often = [maker for maker in fitting for _ in range(1 if maker.kind in ACTIVATIONS else OFTEN)]
    return draw(evenly(often), label="kind")  # one choice: what takes fewer choices counts as simpler


def makers(entries: Iterable[Any] | None) -> tuple[Maker, ...]:
    """Makers of all kinds of `gradcheck.nn`, or of what was given."""
    if entries is None:
        return tuple(_ours(kind) for kind in ORDER)
    if isinstance(entries, (str, type, st.SearchStrategy)):
        entries = [entries]
    found = tuple(_maker(entry) for entry in entries)
    if not found:
        raise SubjectError("no layer is left to draw: pass names, classes, functions of a shape, or strategies")
    return found


def _ours(kind: str) -> Maker:
    describe, _ = DESCRIPTIONS[kind]
    return Maker(kind, partial(fits, kind), describe)


def _maker(entry: Any) -> Maker:
    if isinstance(entry, str):
        if entry not in KINDS:
            raise SubjectError(f"there is no layer {entry!r}{nearest(entry, KINDS)}; there are {', '.join(KINDS)}")
        return _ours(entry)
    if isinstance(entry, type):
        if entry.__module__.startswith("gradcheck.nn.") and entry.__name__ in KINDS:
            return _ours(entry.__name__)
        return _of_class(entry)
    if isinstance(entry, st.SearchStrategy):
        return Maker(None, _any_shape, lambda draw, shape, most: draw(entry, label="layer"), repr(entry), tries=True)
    if callable(getattr(entry, "forward", None)):
        return Maker(None, _any_shape, lambda draw, shape, most: entry, repr(entry), tries=True)
    if callable(entry):
        return Maker(None, _any_shape, partial(_from_function, entry), getattr(entry, "__name__", repr(entry)))
    raise SubjectTypeError(
        f"{entry!r} makes no layer: pass a name or class of gradcheck.nn, a class of your own, a function of the "
        "shape of a sample, or a strategy"
    )


def _any_shape(shape: Shape, samples: int) -> bool:
    return True


def _from_function(function: Callable[[Shape], Any], draw: st.DrawFn, shape: Shape, most: int) -> Recipe:
    """What a function of the shape says: a strategy, a layer, a class, or None."""
    found = function(shape)
    return draw(found, label="layer") if isinstance(found, st.SearchStrategy) else found


def _of_class(kind: type) -> Maker:
    """A class whose first argument, if it needs one, is the width of its input, as in PyTorch and Keras."""
    needed = [
        parameter
        for parameter in _signature(kind)
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.name not in ("rng", "seed")
    ]
    hints = _hints(kind)

    def draw_one(draw: st.DrawFn, shape: Shape, most: int) -> Recipe:
        if not needed:
            return kind
        rest = [draw(_values(hints.get(p.name), most), label=p.name) for p in needed[1:]]
        return partial(kind, shape[0], *rest)

    return Maker(None, lambda shape, samples: not needed or len(shape) == 1, draw_one, kind.__name__)


def _signature(kind: type) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(kind).parameters.values())
    except (TypeError, ValueError):
        raise SubjectTypeError(
            f"{kind.__qualname__} does not tell its arguments: pass a function of the shape of a sample in its place, "
            f"lambda shape: {kind.__name__}(...)"
        ) from None


def _hints(kind: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind.__init__)  # type: ignore[misc]
    except Exception:  # annotations that cannot be resolved say nothing
        return {}


def _values(hint: Any, most: int) -> st.SearchStrategy[Any]:
    """Values of an argument that a class needs beside the width: truth values, fractions, or a second width."""
    if hint is bool:
        return st.booleans()
    if hint is float:
        return st.sampled_from([0.5, 0.25, 0.75])
    if hint in (int, None, Any):
        return st.integers(1, most)
    return st.from_type(hint)
