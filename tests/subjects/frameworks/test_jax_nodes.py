"""Containers that are registered with JAX are nestings: names of the leaves, and the same containers again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.subjects.pytree import flatten

jax = pytest.importorskip("jax")
jnp = jax.numpy


@jax.tree_util.register_dataclass
@dataclass
class Layer:
    """A registered dataclass."""

    weight: Any
    bias: Any


@jax.tree_util.register_pytree_node_class
class Stack:
    """A class with a list of layers, and a number that is no leaf."""

    def __init__(self, layers: Any, power: int) -> None:
        self.layers, self.power = layers, power

    def tree_flatten(self) -> tuple[Any, int]:
        return (self.layers,), self.power

    @classmethod
    def tree_unflatten(cls, power: int, children: Any) -> Stack:
        return cls(children[0], power)


@dataclass
class Unknown:
    """A dataclass that is not registered."""

    weight: Any


def stack() -> Stack:
    draw = np.random.default_rng(0).standard_normal
    return Stack([Layer(jnp.array(draw((3, 3))), jnp.array(draw(3))) for _ in range(2)], 2)


def loss(given: Stack) -> Any:
    x = jnp.array([0.5, -1.0, 2.0])
    for layer in given.layers:
        x = jnp.tanh(layer.weight @ x + layer.bias)
    return jnp.sum(x**given.power)


def test_leaves_have_the_names_of_jax() -> None:
    leaves, structure = flatten({"a": stack(), "b": Unknown(1.0)}, "x")
    names = ["a.0.0.weight", "a.0.0.bias", "a.0.1.weight", "a.0.1.bias", "b"]
    assert list(structure.names) == names
    back = structure.unflatten([np.asarray(leaf) for leaf in leaves[:-1]] + [3.0])
    assert isinstance(back["a"], Stack)
    assert isinstance(back["a"].layers[1], Layer)
    assert back["a"].power == 2
    assert back["b"] == 3.0
    assert flatten(back["a"], "x")[1].names == flatten(stack(), "x")[1].names


def test_what_the_library_computes_and_what_is_written_by_hand() -> None:
    report = gradcheck.check_gradients(loss, None, stack(), rng=0)
    assert report.verdict.value == "pass"
    assert set(report.blocks) == {"0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias"}
    assert gradcheck.check_gradients(loss, jax.grad(loss), stack(), rng=0)

    def wrong(given: Stack) -> Any:
        found = jax.grad(loss)(given)
        found.layers[1].bias = 2 * found.layers[1].bias
        return found

    report = gradcheck.check_gradients(loss, wrong, stack(), rng=0)
    failed = [name for name, block in report.blocks.items() if block.verdict.value == "fail"]
    assert failed == ["0.1.bias"]
    assert [finding.slug for finding in report.findings] == ["constant-factor"]


def test_products_of_containers() -> None:
    assert gradcheck.check_vjp(lambda given: jnp.tanh(given.layers[0].weight), None, stack(), rng=0)
