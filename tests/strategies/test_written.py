"""Recipes as source: what is printed makes the same again, wherever the layer came from."""

from __future__ import annotations

import linecache
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import find, settings
from hypothesis import strategies as st

import gradcheck.nn as nn
from gradcheck.nn.layer import Array
from gradcheck.strategies import DrawnNetwork, layer_from, networks
from gradcheck.strategies.recipes import source
from gradcheck.strategies.written import NotWritable, lambda_source, written

afresh = settings(database=None, derandomize=True, deadline=None)


class Scale:
    """y = s x, with the parameter also in a list, and an inner object."""

    def __init__(self, features: int) -> None:
        self.s = np.linspace(1, 2, features)
        self.params, self.inner, self.ds = [self.s], {"option": (np.tanh, 0.5, None)}, np.zeros(features)

    def forward(self, x: Array) -> Any:
        self.x = x
        return x * self.s

    def backward(self, upstream: Array) -> Any:
        self.ds = (upstream * self.x).sum(axis=0)
        self.grads = [self.ds]
        return upstream * self.s


class Drawn(Scale):
    """Its numbers come from NumPy's global generator, as in many libraries."""

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.s = np.random.randn(features)  # noqa: NPY002
        self.params = [self.s]


def make(shape: tuple[int, ...]) -> Any:
    return Drawn(shape[0])


SPACE = {"np": np, "partial": partial, "layer_from": layer_from, "Scale": Scale, "Drawn": Drawn, "make": make}


@pytest.mark.parametrize(
    "value",
    [
        None,
        -2.5,
        float("-inf"),
        {"a": [1, (2,), {3}, set()], "b": b"x"},
        np.array([[1.5, 2.0]]),
        np.array([1.1, 2.0], np.float32),
        np.zeros((0, 3)),
        np.float32(0.1),
        partial(max, 1, key=abs),
        np.tanh,
    ],
    ids=repr,
)
def test_values_are_the_same_again(value: Any) -> None:
    again = eval(written(value), {"np": np, "partial": partial})
    if isinstance(value, partial):
        assert (again.func, again.args, again.keywords) == (value.func, value.args, value.keywords)
        return
    assert type(again) is type(value)
    np.testing.assert_equal(again, value)
    assert getattr(again, "dtype", None) == getattr(value, "dtype", None)


def test_an_object_is_the_same_again_with_what_it_shares() -> None:
    scale = Scale(2)
    again = eval(written(scale), SPACE)
    assert type(again) is Scale
    assert again.params[0] is again.s, "one array in two places stays one"
    assert again.inner == scale.inner
    np.testing.assert_array_equal(again.s, scale.s)


def test_what_cannot_be_written_is_refused_and_never_an_address() -> None:
    circle, views = Scale(2), Scale(4)
    circle.inner["self"] = circle  # type: ignore[assignment]
    views.params = [views.s[:2]]
    refused: list[Any] = [circle, views, np.random.default_rng(0), sys, iter([]), np.array([object()])]
    for value in refused:
        with pytest.raises(NotWritable):
            written(value)
        assert source(value) == f"<{type(value).__qualname__}>"


def test_a_lambda_is_read_from_its_file() -> None:
    one, two = (lambda shape: Scale(shape[0])), lambda shape, n=2: Scale(n)  # on one line
    assert lambda_source(one) == "lambda shape: Scale(shape[0])"
    assert lambda_source(two) == "lambda shape, n=2: Scale(n)"
    assert source(partial(one, (2,))) == "partial(lambda shape: Scale(shape[0]), (2,))"
    with pytest.raises(NotWritable):
        lambda_source(eval("lambda shape: None"))


class Local:
    """A class inside a class, and one inside a function, print as they are called there."""

    class Inner(Scale):
        pass


def test_names_are_those_of_the_place_where_a_class_is_defined() -> None:
    class Here(Scale):
        pass

    assert source(Here) == "Here"
    assert source(partial(Local.Inner, 2)) == "partial(Local.Inner, 2)"
    assert source(Here(1)).startswith("layer_from(Here, {'s': ")


def doubled() -> Any:
    class Doubled(Scale):
        pass

    return Doubled


Twice = doubled()


def test_a_class_that_a_function_makes_is_called_as_the_module_calls_it() -> None:
    assert source(partial(Twice, 2)) == "partial(Twice, 2)"
    assert eval(source(Twice(2)), {**SPACE, "Twice": Twice}).__class__ is Twice
    assert source(doubled()) == "Doubled", "one that has no name there keeps its own"


ENTRIES: dict[str, Any] = {
    "named function": make,
    "lambda": lambda shape: Drawn(shape[0]),
    "instance": Scale(3),
    "strategy": st.builds(Scale, st.just(3)),
    "function that returns a strategy": lambda shape: st.just(Scale(shape[0])),
    "layer of ours": nn.Dense(3, 2, rng=0),
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_networks_of_any_entry_print_as_what_makes_them_again(entry: Any) -> None:
    strategy = networks(layers=[entry], shapes=st.just((3,)), max_layers=3)
    found = find(strategy, lambda network: len(network.layers) > 1, settings=afresh)
    assert found.writable
    assert " at 0x" not in repr(found)
    linecache.cache["<pasted>"] = (len(repr(found)), None, [repr(found)], "<pasted>")  # lambdas are read from there
    again = eval(compile(repr(found), "<pasted>", "eval"), {"DrawnNetwork": DrawnNetwork, **SPACE})
    assert repr(again) == repr(found)
    assert again.loss(*again.batch)[0] == found.loss(*found.batch)[0]
    for name, value in found.params.items():
        np.testing.assert_array_equal(value, again.params[name])


SUITE = """
import gradcheck
import numpy as np
from functools import partial
from gradcheck.strategies import DrawnNetwork, layer_from, networks
from hypothesis import Phase, example, given, settings, strategies as st

class Off:
    def __init__(self, features):
        self.s = np.linspace(1, 2, features)

    def forward(self, x):
        self.x = x
        return x * self.s

    def backward(self, upstream):
        self.ds = (upstream * self.x).sum(axis=0)
        return upstream * self.s * 1.2

@settings(deadline=None, max_examples=5, phases=[Phase.generate, Phase.shrink])
@given(networks(layers=[{entry}], shapes=st.just((2,)), max_layers=2))
def test_layers(network):
    gradcheck.assert_gradients(network, batch=network.batch)
"""


def test_what_is_printed_repeats_the_failure(tmp_path: Path) -> None:
    suite = SUITE.replace("{entry}", "st.builds(Off, st.just(2)), lambda shape: Off(shape[0])")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]

    def run(text: str, *options: str) -> str:
        (tmp_path / "test_it.py").write_text(text)
        return subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False).stdout

    def loss(output: str) -> str:
        return next(line for line in output.splitlines() if "   loss " in line)

    first = run(suite, "--hypothesis-seed=5", "--gradcheck-seed=3")
    assert "To reproduce: paste the line @example(…)" in first
    line = next(each.strip("E ") for each in first.splitlines() if each.strip("E ").startswith("@example("))
    pasted = suite.replace(
        "@settings(deadline=None, max_examples=5, phases=[Phase.generate, Phase.shrink])",
        f"@settings(phases=[Phase.explicit])\n{line}",
    )
    assert loss(run(pasted, "--gradcheck-seed=3")) == loss(first)
