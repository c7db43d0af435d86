"""The strategy `networks`: whole networks, each with a batch for it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import assume, note
from hypothesis import strategies as st

from gradcheck.strategies.arguments import check_bounds, known_names
from gradcheck.strategies.choice import evenly
from gradcheck.strategies.drawn import DrawnNetwork, input_for
from gradcheck.strategies.layer_factories import LayerFactory, chosen_factory, factories_of
from gradcheck.strategies.losses import ANY_PREDICTION, LOSS_ORDER, loss_specs
from gradcheck.strategies.numbers import DIGITS, SEEDS
from gradcheck.strategies.recipes import Recipe, build, output_of
from gradcheck.strategies.shapes import Shape
from gradcheck.strategies.shapes import shapes as drawn_shapes
from gradcheck.strategies.specs import normalises
from gradcheck.testing.cases import DISTRIBUTION, LOSS_CASES, PROBABILITIES, Array, Spec
from gradcheck.verdicts.shrinking import untraced

#: Networks with a probability nearer to 1 than this are left out. One minus such a probability has few digits, and the
#: loss is then piecewise constant.
SATURATION = 1e-7

#: Largest number of layers by default: of `gradcheck.nn`, and of the user's own, which are simpler and should each be
#: drawn behind others.
MAX_LAYERS, MAX_OWN_LAYERS = 3, 8

#: What to do where a layer has no source.
UNWRITABLE = "pass a named function that makes the layer, def make(shape): return …, as layers=[make]"


@dataclass(frozen=True)
class NetworkBounds:
    """What `networks` draws from; see there."""

    factories: tuple[LayerFactory, ...]
    losses: tuple[str, ...]
    shapes: st.SearchStrategy[Shape]
    min_layers: int
    max_layers: int
    max_width: int
    min_samples: int
    max_samples: int

    @property
    def has_own_layers(self) -> bool:
        """Whether some of the layers are the user's own."""
        return any(factory.kind is None for factory in self.factories)


@dataclass(frozen=True)
class LayerStack:
    """Layers one after the other, and the output of the last one for some batch, which shows its shape.

    Attributes
    ----------
    batch_shape : tuple of int
        Shape of the batch that enters the first layer.
    recipes : tuple of recipe
    parameters : int
        Number of parameters of all layers.
    output : ndarray or None
        None if there are no layers.
    """

    batch_shape: Shape
    recipes: tuple[Recipe, ...] = ()
    parameters: int = 0
    output: Array | None = None

    @property
    def shape(self) -> Shape:
        """Shape of one sample behind the last layer."""
        return self.batch_shape[1:] if self.output is None else self.output.shape[1:]

    def with_layer(self, recipe: Recipe) -> LayerStack:
        """Return the layers with one more behind them. It is built to find its shape; the network builds it again."""
        rng = np.random.default_rng(len(self.recipes))
        x = input_for([recipe], rng, self.batch_shape, None) if self.output is None else self.output
        layer = build(recipe, rng, x)
        return LayerStack(
            self.batch_shape,
            (*self.recipes, recipe),
            self.parameters + len(layer.params),
            output_of(layer, recipe, x),
        )

    def behind(self, recipe: Recipe) -> LayerStack:
        """Return the same layers behind another one that keeps the shape."""
        stack = LayerStack(self.batch_shape)
        for one in (recipe, *self.recipes):
            stack = stack.with_layer(one)
        return stack

    def allows(self, factory: LayerFactory) -> bool:
        """Whether a kind of layer may come next: an embedding only first, no normalisation behind another."""
        if factory.kind == "Embedding":
            return not self.recipes
        last = self.recipes[-1] if self.recipes else None
        return not (factory.kind and normalises(factory.kind) and isinstance(last, dict) and normalises(last["kind"]))


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
    """Draw networks, each with a batch for it as its attribute `batch`.

    Parameters
    ----------
    layers : iterable, optional
        What to draw from: names or classes of `gradcheck.nn`; your own classes, whose first argument, if they need
        one, is the width of a sample; functions that take the shape of a sample and return a layer, a strategy of
        layers, or None if there is no layer for it; strategies of layers that take any shape. `gradcheck.as_layer`
        lists the styles in which your own layers may be written. By default all layers of `gradcheck.nn`.
    losses : iterable of str or type, optional
        Kinds of `gradcheck.nn`. By default all; behind your own layers the squared error, Huber and log-cosh, which
        take all predictions.
    shapes : SearchStrategy of tuple of int, optional
        Shapes of one sample. By default rows, sequences or signals, and images; rows of numbers for your own layers.
    min_layers, max_layers : int
        Bounds of the number of layers; by default at most 3, or 8 of your own. Layers that the loss needs come in
        addition: at least a dense layer behind layers of `gradcheck.nn`. A dense layer may also come in front of your
        own layers: its weights show whether the gradient that they pass down is right.
    max_width : int
    min_samples, max_samples : int

    Returns
    -------
    SearchStrategy of DrawnNetwork
        A subclass of `gradcheck.nn.Network`. It prints as the call that makes it again, which can be used in an
        ``@example``. It shrinks to few layers, few numbers and few digits.

    Raises
    ------
    SubjectError, SubjectTypeError
        If no number lies between the bounds, or an entry of `layers` makes no layer.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(networks(), lambda network: True)
    DrawnNetwork([{'kind': 'Dense', 'inputs': 1, 'outputs': 1}], {'kind': 'MeanSquaredError'}, shape=(1,))
    """
    factories = factories_of(layers)
    own = any(factory.kind is None for factory in factories)
    fewest = int(own) if min_layers is None else min_layers
    usual = MAX_OWN_LAYERS if own else MAX_LAYERS
    most = max(fewest, usual) if max_layers is None else max_layers
    check_bounds("layers", fewest, most, floor=0)
    check_bounds("width", 1, max_width)
    check_bounds("samples", min_samples, max_samples)
    names = known_names("loss", losses, LOSS_ORDER) if losses is not None or not own else ANY_PREDICTION
    rows = drawn_shapes(max_axes=1, max_size=max_width)
    any_axes = evenly((1, 2, 3)).flatmap(lambda n: drawn_shapes(min_axes=n, max_axes=n, max_size=max_width))
    drawn = shapes if shapes is not None else rows if own else any_axes
    return _networks(NetworkBounds(factories, names, drawn, fewest, most, max_width, min_samples, max_samples))


@st.composite
def _networks(draw: st.DrawFn, bounds: NetworkBounds) -> DrawnNetwork:
    """Draw a network, untraced: a test is not about the code that draws it."""
    with untraced():
        return _drawn(draw, bounds)


def _drawn(draw: st.DrawFn, bounds: NetworkBounds) -> DrawnNetwork:
    samples = draw(st.integers(bounds.min_samples, bounds.max_samples), label="samples")
    shape = draw(bounds.shapes, label="shape")
    seed, digits = draw(SEEDS, label="seed"), draw(DIGITS, label="digits")
    stack = LayerStack((samples, *shape))
    if bounds.has_own_layers and draw(_THREE_IN_FOUR, label="a dense layer first"):
        stack = stack.with_layer(dense_in_front(shape))
    stack = draw(_more_layers(bounds, stack))
    loss = draw(loss_specs(bounds.losses), label="loss")
    if not bounds.has_own_layers:
        stack = _fit_for_loss(draw, stack, loss["kind"], bounds.max_width)
    elif not stack.parameters:
        stack = stack.behind(dense_in_front(shape))
    network = DrawnNetwork(
        stack.recipes,
        loss,
        shape=shape,
        samples=samples,
        seed=seed,
        digits=digits,
        weighted=draw(_ONE_IN_THREE, label="weights"),
        regulariser=draw(st.sampled_from(_REGULARISERS), label="regulariser"),
    )
    output = network.forward(network.batch[0])
    assume(np.isfinite(output).all())
    if LOSS_CASES[loss["kind"]].requires in (PROBABILITIES, DISTRIBUTION):
        assume(1 - output.max() > SATURATION)
    note(f"@example({network!r})" if network.writable else f"{network!r} cannot be pasted: {UNWRITABLE}")
    return network


@st.composite
def _more_layers(draw: st.DrawFn, bounds: NetworkBounds, stack: LayerStack, count: int = 0) -> LayerStack:
    """Draw one more layer and those behind it, or none.

    It is recursive, with each layer drawn in the same way: Hypothesis shrinks by putting an inner part in the place of
    an outer part of the same kind, which removes a layer.
    """
    more = draw(_FIFTEEN_IN_SIXTEEN, label="one more layer")
    if count < bounds.min_layers or (more and count < bounds.max_layers):
        stack = _with_drawn_layer(draw, stack, bounds)
        stack = draw(_more_layers(bounds, stack, count + 1))
    return stack


def _with_drawn_layer(draw: st.DrawFn, stack: LayerStack, bounds: NetworkBounds) -> LayerStack:
    """Draw a layer that fits behind the others; return the same layers if no kind fits."""
    samples = stack.batch_shape[0]
    fitting = [f for f in bounds.factories if stack.allows(f) and f.fits(stack.shape, samples)]
    if not fitting:
        return stack
    factory = chosen_factory(draw, fitting)
    recipe = factory.draw(draw, stack.shape, bounds.max_width)
    if recipe is None:
        return stack
    with suppress(*([ValueError] if factory.ignores_shape else [])):
        return stack.with_layer(recipe)
    return stack


def _fit_for_loss(draw: st.DrawFn, stack: LayerStack, loss: str, max_width: int) -> LayerStack:
    """Put layers behind the others that give the loss predictions which it takes."""
    case = LOSS_CASES[loss]
    if len(stack.shape) > 1:
        stack = stack.with_layer({"kind": "Flatten"})
    width = draw(st.integers(case.min_width, max(max_width, case.min_width)), label="width")
    width = case.width if case.shape else width  # drawn in any case: fewer choices would count as simpler
    stack = stack.with_layer({"kind": "Dense", "inputs": stack.shape[0], "outputs": width})
    if case.requires is not None:
        stack = stack.with_layer(case.requires.adapter)
    if case.shape:
        stack = stack.with_layer({"kind": "Reshape", "shape": list(case.shape)})
    return stack


def dense_in_front(shape: Shape) -> Spec:
    """Describe a dense layer that keeps the shape of a sample. The gradient of its weights shows what reaches it."""
    size = int(np.prod(shape))
    dense = {"kind": "Dense", "inputs": size, "outputs": size, "bias": False}
    if len(shape) == 1:
        return dense
    return {"kind": "Sequential", "layers": [{"kind": "Flatten"}, dense, {"kind": "Reshape", "shape": list(shape)}]}


#: True with a fixed probability. Lists of booleans avoid Hypothesis's preference for the first of several options.
_THREE_IN_FOUR = st.lists(st.booleans(), min_size=2, max_size=2).map(any)
_FIFTEEN_IN_SIXTEEN = st.lists(st.booleans(), min_size=4, max_size=4).map(any)
_ONE_IN_THREE = st.sampled_from([False, False, True])
_REGULARISERS: list[Spec | None] = [
    None,
    None,
    {"kind": "L2", "strength": 0.1},
    {"kind": "L1", "strength": 0.1},
]
