"""A signal handler that raises while the loss runs ends the check; what the loss raises itself does not."""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients, nn
from tests.cases import Array, TanhModel, bits, logcosh

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs signals")
X = np.array([0.5, -1.25, 2.0, 0.75])


class OutOfTime(Exception):
    pass


def plain(number: int, frame: Any) -> None:
    raise OutOfTime


def any_arguments(*_: Any) -> None:
    raise OutOfTime


def through_another(number: int, frame: Any, text: str = "late") -> None:
    def fail() -> None:
        raise OutOfTime(text)

    fail()


class Handler:
    def method(self, number: int, frame: Any) -> None:
        raise OutOfTime

    def __call__(self, number: int, frame: Any) -> None:
        raise OutOfTime


def named(name: str, number: int, frame: Any) -> None:
    raise OutOfTime(name)


HANDLERS: list[Callable[..., None]] = [
    plain,
    any_arguments,
    through_another,
    Handler().method,
    Handler(),
    functools.partial(named, "alarm"),
    lambda number, frame: plain(number, frame),
]


@pytest.fixture(autouse=True)
def _handler_restored() -> Iterator[None]:
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


def interrupted(kth: int) -> Callable[[Array], float]:
    """A loss during whose k-th evaluation a signal arrives."""
    calls = iter(range(1, 10_000))

    def loss(x: Array) -> float:
        if next(calls) == kth:
            signal.raise_signal(signal.SIGUSR1)
        return logcosh(x)

    return loss


@pytest.mark.parametrize("handler", HANDLERS, ids=range(len(HANDLERS)))
@pytest.mark.parametrize("kth", [1, 4, 12])
def test_what_a_signal_handler_raises_passes_through(handler: Callable[..., None], kth: int) -> None:
    signal.signal(signal.SIGUSR1, handler)
    with pytest.raises(OutOfTime):
        check_gradients(interrupted(kth), np.tanh, X, rng=0)


@pytest.mark.parametrize("kth", [3, 30, 60, 90])
def test_it_passes_through_while_a_wrong_gradient_is_located_and_diagnosed(kth: int) -> None:
    signal.signal(signal.SIGUSR1, plain)
    with pytest.raises(OutOfTime):
        check_gradients(interrupted(kth), lambda x: 2 * np.tanh(x), X, rng=0)


def test_it_passes_through_the_check_of_a_layer_and_restores_the_network() -> None:
    signal.signal(signal.SIGUSR1, plain)
    calls = iter(range(1, 10_000))

    class Slow(nn.Tanh):
        def forward(self, x: Array) -> Array:
            if next(calls) == 200:
                signal.raise_signal(signal.SIGUSR1)
            return super().forward(x)

        def backward(self, upstream: Array) -> Array:
            return 3 * super().backward(upstream)

    network = nn.Network([nn.Dense(3, 2, rng=0), Slow()], nn.MeanSquaredError())
    before = bits(dict(network.params))
    with pytest.raises(OutOfTime):
        check_gradients(network, batch=(np.ones((4, 3)), np.ones((4, 2))), rng=0)
    assert bits(dict(network.params)) == before


def test_the_model_is_restored() -> None:
    signal.signal(signal.SIGUSR1, plain)

    class Slow(TanhModel):
        calls = iter(range(1, 10_000))

        def loss(self, inputs: Array, targets: Array) -> Any:
            if next(self.calls) == 7:
                signal.raise_signal(signal.SIGUSR1)
            return super().loss(inputs, targets)

    model = Slow()
    before = bits(model.params)
    with pytest.raises(OutOfTime):
        check_gradients(model, batch=(np.ones((4, 3)), np.ones((4, 2))), rng=0)
    assert bits(model.params) == before


@pytest.mark.parametrize("kth", [4, 12])
def test_the_same_exception_raised_by_the_loss_means_that_the_step_left_its_domain(kth: int) -> None:
    signal.signal(signal.SIGUSR1, plain)
    calls = iter(range(1, 10_000))

    def loss(x: Array) -> float:
        if next(calls) == kth:
            any_arguments(signal.SIGUSR1, None)
        return logcosh(x)

    assert check_gradients(loss, np.tanh, X, rng=0)
    assert not check_gradients(loss, lambda x: 2 * np.tanh(x), X, rng=0)
