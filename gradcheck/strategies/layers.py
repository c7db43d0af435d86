"""Layers on their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from gradcheck.errors import SubjectError
from gradcheck.nn import Layer
from gradcheck.strategies.bounds import bounded
from gradcheck.strategies.drawn import drawn_layer
from gradcheck.strategies.makers import Maker, makers, one_of
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
    """Layers, each with an input for it as its attribute `batch`.

    Parameters
    ----------
    kinds : iterable, optional
        What to draw: names or classes of `gradcheck.nn`; classes of your own, whose first argument, if they need one,
        is the width of a sample; functions that take the shape of a sample and return a layer, a strategy of layers, or
        None; strategies of layers. By default all of `gradcheck.nn`.
    shape : tuple of int, optional
        Of the samples; drawn by default.
    max_width : int
        The largest width, and the largest size of an axis that is drawn.
    min_samples, max_samples : int

    Returns
    -------
    SearchStrategy of Layer
        Layers of the very classes. They print as a call of `drawn_layer` that makes them again.

    Raises
    ------
    SubjectError
        If the bounds leave nothing, or no layer of the kinds takes samples of the shape.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(layers(kinds=["Dense", "Conv1D"], shape=(2, 3)), lambda layer: True)
    drawn_layer({'kind': 'Conv1D', 'inputs': 2, 'outputs': 1, 'size': 1}, shape=(2, 3))
    """
    bounded("width", 1, max_width)
    bounded("samples", min_samples, max_samples)
    found = makers(kinds)
    axes = [len(shape)] if shape is not None else [1, 2, 3]
    probes = [shape] if shape is not None else [(max_width,) * n for n in axes]
    if not any(maker.fits(probe, max_samples) for maker in found for probe in probes):
        raise SubjectError(
            f"none of the layers takes samples of shape {shape or 'up to ' + str(probes[-1])} in batches of up to "
            f"{max_samples}: allow other shapes or more samples"
        )
    return _layers(found, shape, max_width, min_samples, max_samples)


@st.composite
def _layers(
    draw: st.DrawFn, found: tuple[Maker, ...], shape: Shape | None, most: int, min_samples: int, max_samples: int
) -> Layer:
    samples = draw(st.integers(min_samples, max_samples), label="samples")
    if shape is None:
        possible = [n for n in (1, 2, 3) if any(maker.fits((most,) * n, samples) for maker in found)]
        if not possible:
            reject()
        n = draw(st.sampled_from(possible), label="axes")
        shape = draw(shapes(min_axes=n, max_axes=n, max_size=most), label="shape")
    fitting = [maker for maker in found if maker.fits(shape, samples)]
    if not fitting:
        reject()
    recipe = one_of(draw, fitting).draw(draw, shape, most)
    if recipe is None:
        reject()
    return drawn_layer(recipe, shape=shape, samples=samples, seed=draw(SEEDS), digits=draw(DIGITS))
