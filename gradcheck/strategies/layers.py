"""The strategy `layers`: single layers, each with a batch for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from gradcheck.errors import SubjectError
from gradcheck.nn import Layer
from gradcheck.strategies.arguments import check_bounds
from gradcheck.strategies.drawn import drawn_layer
from gradcheck.strategies.layer_factories import LayerFactory, chosen_factory, factories_of
from gradcheck.strategies.numbers import DIGITS, SEEDS
from gradcheck.strategies.shapes import Shape, shapes


def layers(
    *,
    kinds: Iterable[Any] | None = None,
    shape: Shape | None = None,
    max_width: int = 4,
    min_samples: int = 1,
    max_samples: int = 4,
) -> st.SearchStrategy[Layer]:
    """Draw layers, each with a batch ``(X,)`` for it as its attribute `batch`.

    Parameters
    ----------
    kinds : iterable, optional
        What to draw from: names or classes of `gradcheck.nn`; your own classes, whose first argument, if they need
        one, is the width of a sample; functions that take the shape of a sample and return a layer, a strategy of
        layers, or None; strategies of layers. By default all layers of `gradcheck.nn`.
    shape : tuple of int, optional
        Shape of one sample; drawn by default.
    max_width : int
        The largest width, and the largest size of a drawn axis.
    min_samples, max_samples : int

    Returns
    -------
    SearchStrategy of Layer
        Instances of the classes given. They print as a call of `drawn_layer` that makes them again.

    Raises
    ------
    SubjectError
        If no number lies between the bounds, or no layer takes samples of the shape.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(layers(kinds=["Dense", "Conv1D"], shape=(2, 3)), lambda layer: True)
    drawn_layer({'kind': 'Conv1D', 'inputs': 2, 'outputs': 1, 'size': 1}, shape=(2, 3))
    """
    check_bounds("width", 1, max_width)
    check_bounds("samples", min_samples, max_samples)
    factories = factories_of(kinds)
    axes = [len(shape)] if shape is not None else [1, 2, 3]
    probes = [shape] if shape is not None else [(max_width,) * n for n in axes]
    if not any(factory.fits(probe, max_samples) for factory in factories for probe in probes):
        raise SubjectError(
            f"none of the layers takes samples of shape {shape or 'up to ' + str(probes[-1])} in batches of up to "
            f"{max_samples}: allow other shapes or more samples"
        )
    return _layers(factories, shape, max_width, min_samples, max_samples)


@st.composite
def _layers(
    draw: st.DrawFn,
    factories: tuple[LayerFactory, ...],
    shape: Shape | None,
    max_width: int,
    min_samples: int,
    max_samples: int,
) -> Layer:
    samples = draw(st.integers(min_samples, max_samples), label="samples")
    if shape is None:
        possible = [n for n in (1, 2, 3) if any(factory.fits((max_width,) * n, samples) for factory in factories)]
        if not possible:
            reject()
        n = draw(st.sampled_from(possible), label="axes")
        shape = draw(shapes(min_axes=n, max_axes=n, max_size=max_width), label="shape")
    fitting = [factory for factory in factories if factory.fits(shape, samples)]
    if not fitting:
        reject()
    recipe = chosen_factory(draw, fitting).draw(draw, shape, max_width)
    if recipe is None:
        reject()
    return drawn_layer(recipe, shape=shape, samples=samples, seed=draw(SEEDS), digits=draw(DIGITS))
