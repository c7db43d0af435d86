"""Build a layer from a recipe: a description, a class with its arguments, or a layer; always from a seed."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from gradcheck.errors import SubjectTypeError
from gradcheck.nn.kinds import make
from gradcheck.nn.layer import Layer
from gradcheck.strategies.written import NotWritable, written
from gradcheck.subjects.foreign_layer import as_layer
from gradcheck.testing.cases import Array, Spec
from gradcheck.testing.seeding import global_seed

#: A description (dict), a class that takes no arguments, `functools.partial` of one that does or of a function that
#: makes a layer, or a layer.
Recipe = Any

#: Arguments of a class under which it takes a seed.
SEED_ARGUMENTS = ("rng", "seed")


def build(recipe: Recipe, rng: np.random.Generator, x: Array) -> Layer:
    """Build a layer.

    A class that takes `rng` or `seed` gets a number for it. NumPy's global generator is set to a seed meanwhile, and
    is restored.

    Parameters
    ----------
    recipe : dict, type, functools.partial or layer
    rng : Generator
    x : ndarray
        An input that the layer takes; `as_layer` runs the layer on it to see where its parameters are.
    """
    if isinstance(recipe, dict):
        made: Layer = make("layer", recipe, rng=rng, dtype=np.float64)
        return made
    seed = int(rng.integers(2**31))
    with global_seed(seed):  # also while it is read: some layers make their parameters in the first pass
        made_here = isinstance(recipe, (type, partial))
        layer = recipe(**_seed_arguments(recipe, seed)) if made_here else copy.deepcopy(recipe)
        with _naming(recipe, x):
            return as_layer(layer, x=x)


def _seed_arguments(recipe: Recipe, seed: int) -> Spec:
    """Arguments of a class that fix its random numbers."""
    try:
        parameters = inspect.signature(recipe).parameters
    except (TypeError, ValueError):  # a class without a signature
        return {}
    fixed = recipe.keywords if isinstance(recipe, partial) else {}
    return {name: seed for name in SEED_ARGUMENTS if name in parameters and name not in fixed}


@contextmanager
def _naming(recipe: Recipe, x: Array) -> Iterator[None]:
    """Add a note to an exception that names the layer which raised it."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in {source(recipe)}, on an input of shape {x.shape}")
        raise


def output_of(layer: Layer, recipe: Recipe, x: Array) -> Array:
    """Run a layer forward.

    Raises
    ------
    SubjectTypeError
        If the output does not keep the axis of samples.
    """
    with _naming(recipe, x):
        y = layer.forward(x)
    if np.shape(y)[:1] != x.shape[:1]:
        raise SubjectTypeError(
            f"{source(recipe)} returned the shape {np.shape(y)} for an input of shape {x.shape}: the first axis counts "
            "samples, and a layer keeps it"
        )
    return np.asarray(y)


def source(recipe: Recipe) -> str:
    """Format a recipe as Python source; one that has none as its type in angle brackets, never with an address."""
    try:
        return written(recipe)
    except NotWritable:
        return f"<{type(recipe).__qualname__.rpartition('<locals>.')[2]}>"


def is_writable(recipe: Recipe) -> bool:
    """Whether a recipe can be pasted as source."""
    try:
        written(recipe)
    except NotWritable:
        return False
    return True
