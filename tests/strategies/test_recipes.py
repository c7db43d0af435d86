"""Layers are built from a seed, in the same way each time, and errors name the layer."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectTypeError
from gradcheck.nn import Dense
from gradcheck.strategies.recipes import build, output_of, source
from tests.strategies import library

X = np.ones((2, 3))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    "recipe",
    [
        {"kind": "Dense", "inputs": 3, "outputs": 2},
        partial(library.Linear, 3, 2),  # draws from NumPy's global generator
        partial(library.Affine, 3, 2),  # takes seed=
        partial(library.Gate, 3, 2),  # takes rng=
    ],
    ids=source,
)
def test_the_same_seed_builds_the_same_layer(recipe: Any) -> None:
    first, again, other = (build(recipe, rng(seed), X) for seed in (0, 0, 1))
    for name, value in first.params.items():
        np.testing.assert_array_equal(value, again.params[name])
    assert any(not np.array_equal(value, other.params[name]) for name, value in first.params.items())


def test_a_layer_is_copied() -> None:
    layer = Dense(3, 2, rng=0)
    built = build(layer, rng(), X)
    built.params["W"] += 1.0
    assert not np.array_equal(built.params["W"], layer.params["W"])


def test_a_fixed_seed_is_kept() -> None:
    fixed = partial(library.Affine, 3, 2, seed=7)
    one, two = (build(fixed, rng(seed), X).params["w"] for seed in (0, 1))
    np.testing.assert_array_equal(one, two)


def test_an_output_without_the_axis_of_samples_is_refused() -> None:
    layer = build(library.Tanh, rng(), X)
    assert output_of(layer, library.Tanh, X).shape == (2, 3)
    layer.forward = lambda x: x.ravel()  # type: ignore[method-assign]
    with pytest.raises(SubjectTypeError, match=r"Tanh returned the shape \(6,\) for an input of shape \(2, 3\)"):
        output_of(layer, library.Tanh, X)


def test_recipes_print_as_source() -> None:
    assert source(library.Tanh) == "Tanh"
    assert source(partial(library.Affine, 3, outputs=2)) == "partial(Affine, 3, outputs=2)"
    assert source({"kind": "Tanh"}) == "{'kind': 'Tanh'}"
