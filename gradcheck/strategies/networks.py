"""Whole networks."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import assume, note
from hypothesis import strategies as st

from gradcheck.strategies.bounds import bounded, chosen
from gradcheck.strategies.choice import evenly
from gradcheck.strategies.drawn import DrawnNetwork, input_of
from gradcheck.strategies.losses import ORDER, SIMPLEST, loss_specs
from gradcheck.strategies.makers import Maker, makers, one_of
from gradcheck.strategies.numbers import DIGITS, SEEDS
from gradcheck.strategies.recipes import Recipe, advanced, realised
from gradcheck.strategies.shapes import Shape
from gradcheck.strategies.shapes import shapes as drawn_shapes
from gradcheck.strategies.specs import normalises
from gradcheck.testing.cases import LOSS_CASES, NEEDS, Array, Spec
from gradcheck.verdicts.shrinking import untraced

#: A probability nearer to 1 leaves few digits of one minus it, and a loss that goes in steps.
SATURATED = 1e-7

#: Losses that take predictions of any shape and any size.
PLAIN = SIMPLEST[:3]

#: At most so many layers by default; more of a library's own, which are simpler, and each is to stand behind others.
USUAL = {False: 3, True: 8}


@dataclass(frozen=True)
class Bounds:
    """What the networks are drawn from, see `networks`."""

    makers: tuple[Maker, ...]
    losses: tuple[str, ...]
    shapes: st.SearchStrategy[Shape]
    min_layers: int
    max_layers: int
    max_width: int
    min_samples: int
    max_samples: int

    @property
    def own(self) -> bool:
        """Whether there are layers of the user's own among them."""
        return any(maker.kind is None for maker in self.makers)


def networks(
    *,
    layers: Iterable[Any] | None = None,
    losses: Iterable[Any] | None = None,
    shapes: st.SearchStrategy[Shape] | None = None,
    min_layers: int | None = None,
    max_layers: int | None = None,
    max_width: int = 4,
    min_samples: int = 1,
    max_samples: int = 4,
) -> st.SearchStrategy[DrawnNetwork]:
    """Networks, each with a batch for it as its attribute `batch`.

    Parameters
    ----------
    layers : iterable, optional
        What to draw them from: names or classes of `gradcheck.nn`; classes of your own, whose first argument, if they
        need one, is the width of a sample; functions that take the shape of a sample and return a layer, a strategy of
        layers, or None where they have none for it; strategies of layers that take any shape. How a layer of your own
        may look is said at `gradcheck.as_layer`. By default all of `gradcheck.nn`.
    losses : iterable of str or type, optional
        Kinds of `gradcheck.nn`. By default all; behind layers of your own, the squared error, Huber and log-cosh, which
        take every prediction.
    shapes : SearchStrategy of tuple of int, optional
        Of one sample. By default rows, sequences or signals, and images; for layers of your own rows of numbers.
    min_layers, max_layers : int
        How many are drawn; at most 3 by default, of your own 8. To layers of `gradcheck.nn` come those that the loss
        needs: at least a dense one. Before layers of your own may come a dense one of ours: its weights show whether
        what they pass down is right.
    max_width : int
    min_samples, max_samples : int

    Returns
    -------
    SearchStrategy of DrawnNetwork
        Subclass of `gradcheck.nn.Network`. It prints as what makes it again, and can stand in an ``@example``. It
        shrinks to few layers, few numbers and few digits.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the bounds leave nothing, or an entry of `layers` makes none.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(networks(), lambda network: True)
    DrawnNetwork([{'kind': 'Dense', 'inputs': 1, 'outputs': 1}], {'kind': 'MeanSquaredError'}, shape=(1,))
    """
    found = makers(layers)
    own = any(maker.kind is None for maker in found)
    least = int(own) if min_layers is None else min_layers
    most = max(least, USUAL[own]) if max_layers is None else max_layers
    bounded("layers", least, most, floor=0)
    bounded("width", 1, max_width)
    bounded("samples", min_samples, max_samples)
    names = chosen("loss", losses, ORDER) if losses is not None or not own else PLAIN
    rows = drawn_shapes(max_axes=1, max_size=max_width)
    usual = (
        rows if own else evenly((1, 2, 3)).flatmap(lambda n: drawn_shapes(min_axes=n, max_axes=n, max_size=max_width))
    )
    given = usual if shapes is None else shapes
    return _networks(Bounds(found, names, given, least, most, max_width, min_samples, max_samples))


@st.composite
def _networks(draw: st.DrawFn, bounds: Bounds) -> DrawnNetwork:
    """A network; what is drawn is not what a test is about, and Hypothesis need not trace it."""
    with untraced():
        return _drawn(draw, bounds)


def _drawn(draw: st.DrawFn, bounds: Bounds) -> DrawnNetwork:
    samples = draw(st.integers(bounds.min_samples, bounds.max_samples), label="samples")
    shape = draw(bounds.shapes, label="shape")
    seed, digits = draw(SEEDS, label="seed"), draw(DIGITS, label="digits")
    growing = Growing((samples, *shape))
    if bounds.own and draw(_OFTEN, label="a dense layer first"):
        growing.add(leading(shape))
    draw(_layers(bounds, growing))
    loss = draw(loss_specs(bounds.losses), label="loss")
    if not bounds.own:
        growing.finish(draw, loss["kind"], bounds.max_width)
    elif not growing.parameters:
        growing = growing.behind(leading(shape))
    network = DrawnNetwork(
        growing.recipes,
        loss,
        shape=shape,
        samples=samples,
        seed=seed,
        digits=digits,
        weighted=draw(_RARELY, label="weights"),
        regulariser=draw(st.sampled_from(_REGULARISERS), label="regulariser"),
    )
    output = network.forward(network.batch[0])
    assume(np.isfinite(output).all())
    if LOSS_CASES[loss["kind"]].needs in ("unit", "simplex"):
        assume(1 - output.max() > SATURATED)
    note(f"@example({network!r})")
    return network


@st.composite
def _layers(draw: st.DrawFn, bounds: Bounds, growing: Growing, count: int = 0) -> None:
    """One more layer and those behind it, or none.

    Nested, and each layer drawn alike, since what Hypothesis replaces by an inner part of the same kind loses a layer.
    """
    more = draw(_MORE, label="one more layer")
    if count < bounds.min_layers or (more and count < bounds.max_layers):
        growing.draw_one(draw, bounds)
        draw(_layers(bounds, growing, count + 1))


#: Three times in four, or fifteen in sixteen, without the liking that Hypothesis has for the first of several.
_OFTEN = st.lists(st.booleans(), min_size=2, max_size=2).map(any)
_MORE = st.lists(st.booleans(), min_size=4, max_size=4).map(any)
_RARELY = st.sampled_from([False, False, True])
_REGULARISERS: list[Spec | None] = [
    None,
    None,
    {"kind": "L2", "strength": 0.1},
    {"kind": "L1", "strength": 0.1},
]


class Growing:
    """Layers one after the other, and the shape that samples have behind them."""

    def __init__(self, shape: Shape) -> None:
        self.recipes: list[Recipe] = []
        self.parameters = 0
        self._start = shape
        self._rng = np.random.default_rng(0)
        self._x: Array | None = None

    @property
    def shape(self) -> Shape:
        """Of one sample."""
        return self._start[1:] if self._x is None else self._x.shape[1:]

    def add(self, recipe: Recipe) -> None:
        """Put a layer behind the others. It is made to see its shape; for the network it is made again."""
        x = input_of([recipe], self._rng, self._start, None) if self._x is None else self._x
        layer = realised(recipe, self._rng, x)
        self._x = advanced(layer, recipe, x)
        self.parameters += len(layer.params)
        self.recipes.append(recipe)

    def draw_one(self, draw: st.DrawFn, bounds: Bounds) -> None:
        """Put a drawn layer behind the others, if one fits."""
        samples = self._start[0]
        fitting = [maker for maker in bounds.makers if self._allows(maker) and maker.fits(self.shape, samples)]
        if fitting:
            maker = one_of(draw, fitting)
            recipe = maker.draw(draw, self.shape, bounds.max_width)
            if recipe is None:
                return
            with suppress(*([ValueError] if maker.tries else [])):
                self.add(recipe)

    def _allows(self, maker: Maker) -> bool:
        if maker.kind == "Embedding":
            return not self.recipes
        last = self.recipes[-1] if self.recipes else None
        return not (maker.kind and normalises(maker.kind) and isinstance(last, dict) and normalises(last["kind"]))

    def finish(self, draw: st.DrawFn, loss: str, most: int) -> None:
        """Put the layers behind the others that make their output fit for a loss."""
        case = LOSS_CASES[loss]
        if len(self.shape) > 1:
            self.add({"kind": "Flatten"})
        width = draw(st.integers(case.least, max(most, case.least)), label="width")
        width = case.width if case.shape else width  # drawn anyway: fewer choices would count as simpler
        self.add({"kind": "Dense", "inputs": self.shape[0], "outputs": width})
        if case.needs:
            self.add(NEEDS[case.needs][2])
        if case.shape:
            self.add({"kind": "Reshape", "shape": list(case.shape)})

    def behind(self, recipe: Recipe) -> Growing:
        """The same layers behind another one that keeps the shape."""
        other = Growing(self._start)
        for one in (recipe, *self.recipes):
            other.add(one)
        return other


def leading(shape: Shape) -> Spec:
    """A dense layer that keeps the shape of a sample; the gradient of its weights shows what is passed down to it."""
    size = int(np.prod(shape))
    dense = {"kind": "Dense", "inputs": size, "outputs": size, "bias": False}
    if len(shape) == 1:
        return dense
    return {"kind": "Sequential", "layers": [{"kind": "Flatten"}, dense, {"kind": "Reshape", "shape": list(shape)}]}
