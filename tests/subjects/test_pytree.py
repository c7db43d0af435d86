"""Nested parameters: names of the leaves, and the same nesting again."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import Any, NamedTuple

import numpy as np
import pytest

from gradcheck.subjects.pytree import flatten


class Pair(NamedTuple):
    weight: Any
    bias: Any


TREES: list[tuple[Any, tuple[str, ...]]] = [
    (1.0, ("x",)),
    ({"b": 1.0, "a": 2.0}, ("b", "a")),
    (OrderedDict([("b", 1.0), ("a", 2.0)]), ("b", "a")),
    (defaultdict(float, {"b": 1.0, "a": 2.0}), ("b", "a")),
    ({"a": [1.0, (2.0, {"c": 3.0})]}, ("a.0", "a.1.0", "a.1.1.c")),
    ({"a": None, "b": 1.0}, ("a", "b")),
    (Pair(1.0, {"c": 2.0}), ("weight", "bias.c")),
    ({0: 1.0, 1: 2.0}, ("0", "1")),
    ({"a": [], "b": 1.0}, ("b",)),
]


@pytest.mark.parametrize(("tree", "names"), TREES)
def test_leaves_are_named_and_nested_again(tree: Any, names: tuple[str, ...]) -> None:
    leaves, structure = flatten(tree, "x")
    assert structure.names == names
    assert structure.unflatten(leaves) == tree
    assert type(structure.unflatten(leaves)) is type(tree)


def test_arrays_are_leaves() -> None:
    array = np.ones((2, 2))
    leaves, _ = flatten({"a": array}, "x")
    assert leaves[0] is array


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"b": 0.0, "a": [0.0]}, True),
        ({"a": (0.0,), "b": 0.0}, True),
        ({"a": [0.0]}, False),
        ({"a": 0.0, "b": 0.0}, False),
    ],
)
def test_structures_match_if_their_keys_do(other: Any, same: bool) -> None:
    assert flatten({"a": [1.0], "b": 2.0}, "x")[1].matches(flatten(other, "x")[1]) is same
