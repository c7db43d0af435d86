"""Layers, losses and batches that are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings

import gradcheck
from gradcheck import nn
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS
from gradcheck.strategies import DrawnNetwork, Pair, batches, drawn_layer, layers, losses, mistakes, pairs, shapes
from gradcheck.subjects.layer import LayerSubject
from tests.strategies import library

few = settings(max_examples=30, deadline=None, derandomize=True, database=None)
afresh = settings(database=None, derandomize=True)
unshrunk = settings(afresh, phases=[Phase.generate])


@few
@given(layers())
def test_layers_take_their_batch_and_are_right(layer: nn.Layer) -> None:
    (x,) = layer.batch  # type: ignore[attr-defined]
    y = layer.forward(x)
    assert len(y) == len(x)
    assert gradcheck.check_gradients(LayerSubject(layer, x, "layer"), rng=0).verdict.value != "fail"


@few
@given(layers())
def test_a_printed_layer_is_the_same_again(layer: nn.Layer) -> None:
    again = eval(repr(layer), {"drawn_layer": drawn_layer})
    assert type(again).__name__ == type(layer).__name__
    np.testing.assert_array_equal(layer.forward(*layer.batch), again.forward(*again.batch))  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [*LAYERS, *ACTIVATIONS])
def test_each_kind_can_be_drawn(kind: str) -> None:
    layer = find(layers(kinds=[kind], min_samples=3), lambda layer: True, settings=unshrunk)
    assert isinstance(layer, getattr(nn, kind))


@few
@given(layers(kinds=[library.Gate, library.Tanh], shape=(3,)))
def test_layers_of_others_are_wrapped(layer: nn.Layer) -> None:
    assert isinstance(layer, nn.Layer)
    assert type(layer).__name__ in ("Gate", "Tanh")
    assert layer.batch[0].shape[1:] == (3,)  # type: ignore[attr-defined]


def test_a_shape_that_no_layer_takes_is_refused() -> None:
    with pytest.raises(SubjectError, match="none of the layers takes samples of shape"):
        layers(kinds=["Conv2D"], shape=(3,))
    with pytest.raises(SubjectError, match="batches of up to 2"):
        layers(kinds=["BatchNorm"], max_samples=2)


def test_losses_shrink_to_the_simplest_and_print_as_they_are_made() -> None:
    assert repr(find(losses(), lambda loss: True, settings=afresh)) == "MeanSquaredError(reduction='mean')"
    found = find(losses(kinds=["Triplet"], reductions=["sum"]), lambda loss: True, settings=afresh)
    assert repr(eval(repr(found), vars(nn) | {"Triplet": nn.Triplet})) == repr(found)
    with pytest.raises(SubjectError, match="there is no reduction 'none'"):
        losses(reductions=["none"])  # type: ignore[list-item]


@few
@given(pairs())
def test_pairs_go_together_and_are_right(pair: Pair) -> None:
    assert eval(repr(pair), {"Pair": Pair}) == pair
    assert gradcheck.check_gradients(pair.network, batch=pair.batch, rng=0)


def test_pairs_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(SubjectError, match="ReLU cannot be combined with CrossEntropy"):
        pairs(layers=["ReLU"], losses=["CrossEntropy"])


@few
@given(shapes(min_axes=2, max_axes=3, min_size=2, max_size=3))
def test_shapes_keep_to_their_bounds(shape: tuple[int, ...]) -> None:
    assert 2 <= len(shape) <= 3
    assert set(shape) <= {2, 3}


def test_shapes_shrink_to_the_smallest() -> None:
    assert find(shapes(), lambda shape: len(shape) > 1, settings=afresh) == (1, 1)
    assert find(shapes(), lambda shape: max(shape) > 2, settings=afresh) == (3,)
    with pytest.raises(SubjectError, match="min_size is 3 and max_size is 2"):
        shapes(min_size=3, max_size=2)


NETWORK = DrawnNetwork(
    [
        {"kind": "Embedding", "vocabulary": 5, "features": 2},
        {"kind": "Flatten"},
        {"kind": "Dense", "inputs": 6, "outputs": 3},
    ],
    {"kind": "CrossEntropyWithLogits"},
    shape=(3,),
)


@few
@given(batches(NETWORK, min_samples=2, weighted=True))
def test_batches_fit_their_network(batch: Any) -> None:
    X, y, weight = batch
    assert X.shape[1:] == (3,)
    assert 2 <= len(X) == len(y) == len(weight)
    assert X.dtype.kind == "i"
    assert X.max() < 5
    assert np.isfinite(NETWORK.loss(*batch)[0])


@few
@given(batches(shape=(2, 3)))
def test_a_printed_batch_is_the_same_again(batch: Any) -> None:
    (again,) = eval(repr(batch), {"array": np.array})
    np.testing.assert_array_equal(again, batch[0])


def test_a_batch_of_unknown_shape_is_refused() -> None:
    with pytest.raises(SubjectTypeError, match=r"pass the shape of one sample, batches\(..., shape=\(3,\)\)"):
        batches(nn.Network([nn.Dense(2, 1)], nn.Huber()))


def test_mistakes_are_those_that_can_be_committed() -> None:
    assert find(mistakes(), lambda mistake: True, settings=afresh).slug == "sign-flipped"
    assert find(mistakes(slugs=["GC201"]), lambda mistake: True, settings=afresh).slug == "transposed"
    with pytest.raises(SubjectError, match="there is no mistake 'transpose', did you mean 'transposed'"):
        mistakes(slugs=["transpose"])
    with pytest.raises(SubjectError, match="'nondeterministic' is a side effect of computing a gradient"):
        mistakes(slugs=["nondeterministic"])
