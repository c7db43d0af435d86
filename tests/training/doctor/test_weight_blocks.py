"""Weights are distinguished from biases, and their orientation is inferred from the shapes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gradcheck.subjects.subject import Block
from gradcheck.training.doctor.weight_blocks import named_like_bias, weight_blocks


def blocks(shapes: Mapping[str, tuple[int, ...]]) -> list[Block]:
    return [Block(name, shape, "float64") for name, shape in shapes.items()]


@pytest.mark.parametrize(
    ("shapes", "fans"),
    [
        ({"W1": (5, 2), "b1": (5, 1), "W2": (1, 5), "b2": (1, 1)}, [(2, 5), (5, 1)]),
        ({"w1": (2, 5), "b1": (5,), "w2": (5, 1), "b2": (1,)}, [(2, 5), (5, 1)]),
        ({"W1": (4, 4), "b1": (1, 4), "W2": (4, 3)}, [(4, 4), (4, 3)]),
        ({"w1": (5, 2), "w2": (1, 5), "b1": (5, 1), "b2": (1, 1)}, [(2, 5), (5, 1)]),
        ({"K": (8, 3, 5, 5), "b": (8,)}, [(75, 200)]),
    ],
)
def test_fans_follow_from_the_shapes(shapes: dict[str, tuple[int, ...]], fans: list[tuple[int, int]]) -> None:
    assert [(w.inputs, w.outputs) for w in weight_blocks(blocks(shapes))] == fans


def test_the_number_of_features_decides_between_orientations() -> None:
    (rows,) = weight_blocks(blocks({"W": (3, 2)}), width=3)
    (columns,) = weight_blocks(blocks({"W": (3, 2)}), width=2)
    assert (rows.inputs, columns.inputs) == (3, 2)


def test_a_column_is_a_bias_only_by_its_name() -> None:
    shapes = {"W1": (5, 2), "v": (5, 1)}
    assert [w.block for w in weight_blocks(blocks(shapes))] == [0, 1]
    assert [w.block for w in weight_blocks(blocks({"W1": (5, 2), "b": (5, 1)}))] == [0]


@pytest.mark.parametrize("name", ["b", "b1", "layers.0.b", "params['bias']", "Bias", "out_bias"])
def test_names_of_biases(name: str) -> None:
    assert named_like_bias(name)


@pytest.mark.parametrize("name", ["W", "w2", "layers.0.W", "theta", "kernel", ""])
def test_names_of_other_blocks(name: str) -> None:
    assert not named_like_bias(name)
