"""Wrong gradients of a layer, of the input and of parameters, and batches of one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from gradcheck import as_layer
from gradcheck.errors import SubjectError, SubjectTypeError, UnreadableLayerError
from gradcheck.nn.layer import Array
from gradcheck.testing import LayerContract
from gradcheck.testing.contract.example import Example
from gradcheck.testing.contract.fixture import LayerFixture
from tests.testing.contract.layers import Scale, WrongInput, assert_kept, broken, contract
from tests.testing.contract.test_shape_sweep import OfSums, RightSum


class WrongParameter(Scale):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        self.ds = 1.01 * self.ds
        return dx


def test_a_wrong_input_gradient_is_distinguished_from_a_wrong_parameter_gradient() -> None:
    message = broken(contract(WrongInput), "test_gradient_by_the_input")
    assert "the gradient that backward returns is wrong: x" in message
    contract(WrongInput).test_gradient_by_the_parameters()
    message = broken(contract(WrongParameter), "test_gradient_by_the_parameters")
    assert "the gradient of a parameter is wrong: s" in message
    contract(WrongParameter).test_gradient_by_the_input()


class SqueezesOne(Scale):
    def forward(self, x: Array) -> Any:
        return super().forward(x).squeeze(0) if len(x) == 1 else super().forward(x)

    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream.reshape(self.x.shape))


class IndexesSecond(Scale):
    def forward(self, x: Array) -> Any:
        return super().forward(x) + 0 * x[1]


def test_a_batch_of_one_that_loses_its_axis_is_found() -> None:
    message = broken(contract(SqueezesOne), "test_batch_of_one")
    assert "the output of a batch of one has the shape (4,)" in message
    assert "Keep the axis of samples" in message
    assert_kept(contract(SqueezesOne, min_samples=2))


def test_a_batch_of_one_that_raises_is_found() -> None:
    assert "a batch of one raises IndexError" in broken(contract(IndexesSecond), "test_batch_of_one")
    contract(IndexesSecond, min_samples=2).test_batch_of_one()


class WrongShape(Scale):
    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream)[:, :2]


def test_a_gradient_of_the_wrong_shape_is_found() -> None:
    message = broken(contract(WrongShape), "test_gradient_by_the_input")
    assert "returned the gradient of x with shape (3, 2)" in message
    assert "The wrong shapes are those where axis 1 is 3" in broken(contract(WrongShape), "test_every_small_shape")


class Parity(RightSum):
    def backward(self, upstream: Array) -> Any:
        dx = super().backward(upstream)
        return dx if self.shape[1] % 2 else 0.9 * dx


class OfParity(OfSums):
    max_size = 4

    def layer(self, shape: tuple[int, ...]) -> Any:
        return Parity()


class OfRight(OfSums):
    max_size = 4

    def layer(self, shape: tuple[int, ...]) -> Any:
        return RightSum()


def test_a_layer_that_is_wrong_for_even_sizes_is_described_so() -> None:
    with pytest.raises(AssertionError, match="The wrong shapes are those where axis 1 is even"):
        OfParity().test_every_small_shape()
    OfRight().test_every_small_shape()


class Affine:
    """A right layer, but for how it returns its gradients."""

    def __init__(self, features: int) -> None:
        rng = np.random.default_rng(0)
        self.W, self.b = rng.normal(size=(features, 3)), rng.normal(size=3)

    def forward(self, x: Array) -> Any:
        self.x = x
        return x @ self.W + self.b

    def gradients(self, upstream: Array) -> dict[str, Array]:
        return {"dW": self.x.T @ upstream, "db": upstream.sum(axis=0), "input": upstream @ self.W.T}


class InMapping(Affine):
    def backward(self, upstream: Array) -> Any:
        return self.gradients(upstream)


class OutputInMapping(InMapping):
    def forward(self, x: Array) -> Any:
        return {"y": super().forward(x)}


class SaysDone(Affine):
    def backward(self, upstream: Array) -> Any:
        self.found = self.gradients(upstream)
        return "done"


class InListOfItsOwn(Affine):
    def backward(self, upstream: Array) -> Any:
        self.dx, self.kept = upstream @ self.W.T, [self.x.T @ upstream, upstream.sum(axis=0)]
        return self.dx


class NotForOneFeature(InMapping):
    def backward(self, upstream: Array) -> Any:
        found = super().backward(upstream)
        return found if len(self.W) == 1 else (found["input"], found["dW"], found["db"])


READING = ("test_every_small_shape", "test_batch_of_one", "test_gradient_by_the_input", "test_is_deterministic")


@pytest.mark.parametrize("promise", READING)
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (InMapping, "(lambda found: (found['input'], found))(layer.backward(upstream))"),
        (OutputInMapping, "as_layer(layer, forward=lambda layer, x: layer.forward(x)['y'])"),
        (SaysDone, "backward returned 'done': return the gradient with respect to the input"),
        (InListOfItsOwn, "store their gradients as dW, db, or return them"),
    ],
)
def test_a_layer_that_cannot_be_read_is_not_called_wrong(promise: str, kind: type[Affine], said: str) -> None:
    class Contract(LayerContract):
        max_size = 2

        def layer(self, shape: tuple[int, ...]) -> Any:
            return kind(*shape)

    with pytest.raises(UnreadableLayerError) as refused:
        getattr(Contract(), promise)()
    assert said in str(refused.value)
    assert "wrong" not in str(refused.value)
    assert "x=X" not in str(refused.value)  # there was a trial run already
    assert isinstance(refused.value, SubjectError)
    assert isinstance(refused.value, SubjectTypeError)


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_what_the_message_says_to_write_reads_the_layer(factor: float) -> None:
    class Contract(LayerContract):
        max_size = 2

        def layer(self, shape: tuple[int, ...]) -> Any:
            return as_layer(
                OutputInMapping(*shape),
                forward=lambda layer, x: layer.forward(x)["y"],
                backward=lambda layer, u: (lambda g: (factor * g["input"], g))(layer.backward(u)),
                params=("W", "b"),
            )

    if factor == 1.0:
        Contract().test_every_small_shape()
        Contract().test_gradient_by_the_parameters()
    else:
        with pytest.raises(AssertionError, match="4 of 4 small shapes are wrong"):
            Contract().test_every_small_shape()


def test_a_layer_that_can_be_read_for_some_shapes_only_is_wrong_for_the_others() -> None:
    class Contract(LayerContract):
        max_size = 2
        parameters = ("W", "b")

        def layer(self, shape: tuple[int, ...]) -> Any:
            return NotForOneFeature(*shape)

    with pytest.raises(AssertionError, match=r"2 of 4 small shapes are wrong: \(1, 1\), \(2, 1\)\n.*returned a dict"):
        Contract().test_every_small_shape()


def test_of_many_wrong_shapes_one_is_diagnosed_and_right_ones_are_checked_in_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full: list[tuple[int, ...]] = []
    report = LayerFixture.report

    def counted(fixture: LayerFixture, example: Example, *, diagnose: bool = True) -> Any:
        full.extend([example.shape] if diagnose else [])
        return report(fixture, example, diagnose=diagnose)

    monkeypatch.setattr(LayerFixture, "report", counted)
    with pytest.raises(AssertionError, match="constant-factor") as failed:
        OfParity().test_every_small_shape()
    assert "\n(1, 2, 1): " in str(failed.value)
    assert [shape for shape in full if shape[1] % 2 == 0] == [(1, 2, 1)]
    assert {shape for shape in full if shape[1] % 2} == set(itertools.product(range(1, 5), (1, 3), range(1, 5)))
