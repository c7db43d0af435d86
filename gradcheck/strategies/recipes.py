"""How a layer is made: from a description, from a class and its arguments, or as it stands; always from a seed."""

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
from gradcheck.subjects.foreign_layer import as_layer
from gradcheck.testing.cases import Array, Spec

#: A description, a class that takes no arguments, `functools.partial` of one that does, or a layer.
Recipe = Any


def realised(recipe: Recipe, rng: np.random.Generator, x: Array) -> Layer:
    """Make a layer; an input that it will get tells where its parameters are.

    A class that takes `rng` or `seed` gets a number for it. What draws from NumPy's global generator draws from a seed,
    too, and leaves that generator as it was.
    """
    if isinstance(recipe, dict):
        made: Layer = make("layer", recipe, rng=rng, dtype=np.float64)
        return made
    seed = int(rng.integers(2**31))
    if isinstance(recipe, (type, partial)):
        with _global_seed(seed):
            layer = recipe(**_seeds(recipe, seed))
    else:
        layer = copy.deepcopy(recipe)
    with _told(recipe, x):
        return as_layer(layer, x=x)


def _seeds(recipe: Recipe, seed: int) -> Spec:
    """Arguments of a class that fix its random numbers."""
    try:
        parameters = inspect.signature(recipe).parameters
    except (TypeError, ValueError):  # a class that does not tell its arguments
        return {}
    fixed = recipe.keywords if isinstance(recipe, partial) else {}
    return {name: seed for name in ("rng", "seed") if name in parameters and name not in fixed}


@contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """NumPy's global generator at a seed for a while: many libraries draw their initial weights from it."""
    state = np.random.get_state()  # noqa: NPY002 (it is theirs, not ours)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


@contextmanager
def _told(recipe: Recipe, x: Array) -> Iterator[None]:
    """Say of an exception which layer raised it."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in {shown(recipe)}, on an input of shape {x.shape}")
        raise


def advanced(layer: Layer, recipe: Recipe, x: Array) -> Array:
    """Output of a layer. What it raises says which one it was."""
    with _told(recipe, x):
        y = layer.forward(x)
    if np.shape(y)[:1] != x.shape[:1]:
        raise SubjectTypeError(
            f"{shown(recipe)} returned the shape {np.shape(y)} for an input of shape {x.shape}: the first axis counts "
            "samples, and a layer keeps it"
        )
    return np.asarray(y)


def shown(recipe: Recipe) -> str:
    """A recipe as one would write it."""
    if isinstance(recipe, partial):
        arguments = [repr(a) for a in recipe.args] + [f"{k}={v!r}" for k, v in recipe.keywords.items()]
        return f"partial({', '.join([shown(recipe.func), *arguments])})"
    return str(recipe.__qualname__ if isinstance(recipe, type) else repr(recipe))
