"""Faults are located in layers by their own check, else in blocks of the whole; nothing hides a verdict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck
import gradcheck.nn as nn
from gradcheck.nn.layer import Array
from tests.cases import logcosh

X: NDArray[Any] = np.random.default_rng(0).standard_normal((5, 3))
Y: NDArray[Any] = np.random.default_rng(1).standard_normal((5, 2))


class NoDerivative(nn.Tanh):
    def backward(self, upstream: Array) -> Array:
        self._kept(upstream)
        return upstream


class NegativeBias(nn.Dense):
    def backward(self, upstream: Array) -> Array:
        downstream = super().backward(upstream)
        self.grads["b"] = -np.asarray(upstream).sum(axis=0)
        return downstream

    def parameter_gradients(self, upstream: Array) -> None:
        super().parameter_gradients(upstream)
        self.grads["b"] = -np.asarray(upstream).sum(axis=0)


def generic(*layers: nn.Layer, loss: nn.losses.loss.Loss | None = None) -> nn.Network:
    network = nn.Network(layers, loss or nn.MeanSquaredError())
    rng = np.random.default_rng(7)
    for value in network.params.values():
        value += 0.3 * rng.standard_normal(value.shape)
    return network


def said(network: Any) -> list[tuple[str, str]]:
    report = gradcheck.check_gradients(network, batch=(X, Y), rng=0)
    assert report.verdict.value == "fail"
    return [(finding.where, finding.slug) for finding in report.findings]


def test_a_layer_is_blamed_once_for_all_that_it_spoils() -> None:
    network = generic(nn.Dense(3, 4, rng=0), NoDerivative(), nn.Dense(4, 2, rng=1))
    report = gradcheck.check_gradients(network, batch=(X, Y), rng=0)
    (finding,) = report.findings
    assert finding.where == "layers.1 (NoDerivative), with respect to its input"
    assert finding.slug == "missing-activation-derivative"
    assert "wrong because of it: layers.0.W, layers.0.b" in finding.evidence
    assert report.blocks["layers.2.W"].verdict.value == "pass"


def test_two_layers_with_a_mistake_each_are_both_named() -> None:
    network = generic(NegativeBias(3, 4, rng=0), NoDerivative(), nn.Dense(4, 2, rng=1))
    assert sorted(said(network)) == [
        ("layers.0.b", "sign-flipped"),
        ("layers.1 (NoDerivative), with respect to its input", "missing-activation-derivative"),
    ]


def test_the_innermost_layer_is_blamed() -> None:
    network = generic(nn.Dense(3, 4, rng=0), nn.Residual(nn.Dense(4, 4, rng=2), NoDerivative()), nn.Dense(4, 2, rng=1))
    (finding,) = said(network)
    assert finding == ("layers.1.layers.1 (NoDerivative), with respect to its input", "missing-activation-derivative")


def test_a_mistake_outside_of_all_layers_is_looked_for_in_the_whole() -> None:
    class Forgetful(nn.Network):
        def loss(self, X: Any, y: Any, weight: Any = None) -> tuple[float, dict[str, Array]]:
            value, grads = super().loss(X, y, weight)
            return value + 0.05 * float((self.params["layers.0.W"] ** 2).sum()), grads

    layers = [nn.Dense(3, 4, rng=0), nn.Tanh(), nn.Dense(4, 2, rng=1)]
    network = Forgetful(layers, nn.MeanSquaredError())
    report = gradcheck.check_gradients(network, batch=(X, Y), rng=0)
    (finding,) = report.findings
    assert (finding.where, finding.slug) == ("layers.0.W", "regulariser-missing")
    assert "λ = 0.1" in finding.message


def test_a_wrong_loss_is_a_place_of_its_own() -> None:
    class Half(nn.MeanSquaredError):
        def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
            return -super()._slopes(prediction, target, factor)

    (finding,) = said(generic(nn.Dense(3, 2, rng=0), loss=Half()))
    assert finding == ("loss (Half), with respect to its prediction", "sign-flipped")


def test_code_that_fails_while_a_mistake_is_looked_for_hides_no_verdict() -> None:
    calls = []

    def gradient(x: Array) -> Array:
        calls.append(1)
        if len(calls) > 4:
            raise KeyError("enough")
        return np.arange(6) * np.tanh(x)

    report = gradcheck.check_gradients(logcosh, gradient, np.linspace(0.5, 2, 6), rng=0)
    assert report.verdict.value == "fail"
    assert "ended with KeyError" in report.findings[0].evidence


@pytest.mark.parametrize("seed", range(3))
def test_the_parameters_are_as_they_were(seed: int) -> None:
    network = generic(nn.Dense(3, 4, rng=0), NoDerivative(), nn.Dropout(0.3, seed=seed), nn.Dense(4, 2, rng=1))
    before = {name: value.copy() for name, value in network.params.items()}
    said(network)
    for name, value in network.params.items():
        np.testing.assert_array_equal(value, before[name])


def blocks_of(factor: float, count: int = 60) -> gradcheck.Report:
    """Check many blocks that all have a factor too many."""
    rng = np.random.default_rng(2)
    start = {f"W{i}": rng.normal(size=(4, 3)) for i in range(count)}

    def loss(p: dict[str, Array]) -> float:
        return sum((i + 1) * logcosh(value) for i, value in enumerate(p.values()))

    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        return {name: factor * (i + 1) * np.tanh(value) for i, (name, value) in enumerate(p.items())}

    return gradcheck.check_gradients(loss, gradient, start, rng=0)


@pytest.mark.parametrize(("factor", "slug"), [(-1.0, "sign-flipped"), (2.5, "constant-factor"), (12.0, "mean-sum")])
def test_a_factor_in_many_blocks_is_found_within_the_budget(factor: float, slug: str) -> None:
    report = blocks_of(factor)
    assert report.verdict.value == "fail"
    assert [finding.slug for finding in report.findings] == [slug]
    assert report.evaluations <= 2000


def redrawn(fresh: bool) -> Any:
    """Least squares under dropout, right for one mask: the gradient draws its mask anew, or keeps that of the loss."""
    draws = np.random.default_rng(0)
    inputs, targets, mask = draws.normal(size=(10, 6)), draws.normal(size=10), draws.random((10, 6)) > 0.4

    def loss(w: Array) -> float:
        return float(np.sum(((inputs * mask / 0.6) @ w - targets) ** 2))

    def gradient(w: Array) -> Array:
        own = draws.random((10, 6)) > 0.4 if fresh else mask
        return np.asarray(2 * (inputs * own / 0.6).T @ ((inputs * mask / 0.6) @ w - targets))

    return loss, gradient, draws.normal(size=6)


@pytest.mark.parametrize("seed", range(3))
def test_a_gradient_that_differs_from_call_to_call_is_named(seed: int) -> None:
    report = gradcheck.check_gradients(*redrawn(fresh=True), rng=seed)
    (finding,) = report.findings
    assert (report.verdict.value, finding.code, finding.blocks) == ("fail", "GC503", ("x",))
    assert finding.evidence.count(", then ") == 2
    assert gradcheck.check_gradients(*redrawn(fresh=False), rng=seed)


def test_a_wrong_gradient_that_is_the_same_at_each_call_is_not_called_random() -> None:
    loss, gradient, x0 = redrawn(fresh=False)
    factors = np.array([1.3, 0.7, 1.9, 0.2, 1.1, 2.4])
    report = gradcheck.check_gradients(loss, lambda w: factors * gradient(w), x0, rng=0)
    assert [finding.code for finding in report.findings] == ["GC000"]
