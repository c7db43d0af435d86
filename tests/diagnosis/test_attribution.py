"""Faults are located in layers by their own check, else in blocks of the whole; nothing hides a verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck
import gradcheck.nn as nn
from benchmarks.corpus import problems
from benchmarks.corpus.cases import cases
from benchmarks.corpus.conditions import CONDITIONS
from benchmarks.corpus.mistakes import MISTAKES
from gradcheck import check_gradients
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


FLOORS: dict[str, Callable[[Array], Array]] = {
    "clip": lambda m: np.asarray(np.clip(m, 2e-16, np.inf)),
    "maximum": lambda m: np.asarray(np.maximum(m, 2e-16)),
    "where": lambda m: np.where(m > 2e-16, m, 2e-16),
}


@pytest.mark.parametrize(("factor", "slug"), [(-1.0, "sign-flipped"), (0.5, "constant-factor"), (1.0, None)])
@pytest.mark.parametrize("floor", FLOORS)
@pytest.mark.parametrize("seed", [1, 3, 5])
def test_a_mistake_is_named_though_a_floor_is_met_elsewhere(
    seed: int, floor: str, factor: float, slug: str | None
) -> None:
    """The variance of negative binomial counts, `m + m**2 / 2`, with the usual floor that keeps the mean positive."""

    def loss(m: Array) -> float:
        mean = FLOORS[floor](m)
        return float((mean + 0.5 * mean**2).sum())

    def gradient(m: Array) -> Array:
        return np.asarray(factor * (1.0 + FLOORS[floor](m)))

    report = gradcheck.check_gradients(loss, gradient, np.array([0.4, 1.1, 0.7, 2.3, 1.6, 0.9]), rng=seed)
    assert [finding.slug for finding in report.findings] == ([] if slug is None else [slug])
    assert report.verdict.value == ("pass" if slug is None else "fail")


@pytest.mark.parametrize(("factor", "slug"), [(-1.0, "sign-flipped"), (0.5, "constant-factor"), (1.0, None)])
@pytest.mark.parametrize("seed", range(3))
def test_a_mistake_is_named_though_an_interval_is_left_elsewhere(seed: int, factor: float, slug: str | None) -> None:
    """The logit of probabilities that are clipped to the interval from ε to 1 − ε on both sides."""
    tiny = float(np.finfo(float).eps)

    def clipped(p: Array) -> Array:
        return np.asarray(np.clip(p, tiny, 1 - tiny))

    def loss(p: Array) -> float:
        return float(np.log(clipped(p) / (1 - clipped(p))).sum())

    def gradient(p: Array) -> Array:
        return np.asarray(factor / (clipped(p) * (1 - clipped(p))))

    report = gradcheck.check_gradients(loss, gradient, np.array([0.15, 0.4, 0.62, 0.87, 0.5]), rng=seed)
    assert [finding.slug for finding in report.findings] == ([] if slug is None else [slug])
    assert report.verdict.value == ("pass" if slug is None else "fail")


def test_few_wrong_entries_are_not_named_after_a_mistake_of_the_block_at_a_nearer_point() -> None:
    """One entry of a noisy loss is off by a ten-thousandth: near the point a constant factor fits nearly as well."""
    (problem,) = (p for p in problems() if p.name == "ill-conditioned-12")
    (noisy,) = (c for c in CONDITIONS if c.name == "solver-noise")
    mistakes = [m for m in MISTAKES if m.name in ("entry-1e-4", "entry-1%", "entry-zero")]
    found = [
        [
            finding.slug
            for finding in check_gradients(case.problem.fun, case.problem.grad, case.problem.x0, rng=5).findings
        ]
        for case in cases(5, [problem], [noisy], mistakes)
        if case.mistake is not None
    ]
    assert found == [["isolated-entries"]] * len(mistakes)


# -- layers of the user among those of gradcheck ----------------------------------------------------------------------


class Clipped:
    """y = 3 x, whose backward clips what it passes down at `limit`."""

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def forward(self, x: Array) -> Array:
        return 3 * x

    def backward(self, upstream: Array) -> Array:
        return np.asarray(np.clip(3 * upstream, -self.limit, self.limit))


class Cut(Clipped):
    """Drops what is small, as a mask against underflow may."""

    def backward(self, upstream: Array) -> Array:
        return np.asarray(np.where(np.abs(upstream) < self.limit, 0, 3 * upstream))


class Power(nn.Tanh):
    """A layer of ours, changed by the user: not linear where the upstream gradient is large."""

    def backward(self, upstream: Array) -> Array:
        right = super().backward(upstream)
        return np.asarray(right * (1 + (np.abs(upstream).max() > 50)))


@pytest.mark.parametrize(
    ("layer", "scale"),
    [(Clipped(30.0), 1000.0), (Cut(1e-3), 1e-5), (Power(), 1000.0)],
    ids=["clip", "cut", "power"],
)
def test_a_layer_that_is_wrong_for_the_upstream_gradient_of_the_network_is_named(layer: Any, scale: float) -> None:
    # Σ U·y with U of order one sees none of them.
    network = generic(nn.Dense(3, 2, rng=0), gradcheck.as_layer(layer), nn.Dense(2, 2, rng=1))
    report = check_gradients(network, batch=(X, Y), rng=0)
    kind = type(layer).__name__
    assert report or report.findings[0].where.startswith(f"layers.1 ({kind})")
    network.layers[-1].params["W"][...] *= scale
    report = check_gradients(network, batch=(X, Y), rng=0)
    assert report.verdict.value == "fail"
    assert {finding.where.partition(",")[0] for finding in report.findings} == {f"layers.1 ({kind})"}
    assert f"layers.1 ({kind}), with respect to its input" in report.line
    network = generic(nn.Dense(3, 2, rng=0), gradcheck.as_layer(Clipped(np.inf)), nn.Dense(2, 2, rng=1))
    network.layers[-1].params["W"][...] *= scale
    assert check_gradients(network, batch=(X, Y), rng=0)


class WritesInput:
    """y = 3 x, right on its own."""

    def forward(self, x: Array) -> Array:
        x *= 3
        return x

    def backward(self, upstream: Array) -> Array:
        return 3 * upstream


def test_a_container_is_not_blamed_for_what_it_contains() -> None:
    network = generic(nn.Dense(3, 2, rng=0), nn.Residual(gradcheck.as_layer(WritesInput())))
    (finding,) = check_gradients(network, batch=(X, Y), rng=0).findings
    assert finding.where.startswith("layers.1.layers.0 (WritesInput), which writes into what it is given, inside ")
    assert finding.blocks == ("layers.0.W", "layers.0.b")
    network = generic(nn.Dense(3, 2, rng=0), nn.Residual(gradcheck.as_layer(Clipped(np.inf))))
    assert check_gradients(network, batch=(X, Y), rng=0)


class Elsewhere:
    """Right on its own; a second instance, anywhere in a network, makes all of them wrong."""

    shared: ClassVar[list[Any]] = []

    def forward(self, x: Array) -> Array:
        self.shared[:] = [x.shape]
        return 3 * x

    def backward(self, upstream: Array) -> Array:
        last = self.shared[0] == upstream.shape
        return (3.0 if last else 2.0) * upstream


def test_a_layer_of_ours_is_not_blamed_for_what_reaches_it() -> None:
    layers = [gradcheck.as_layer(Elsewhere()), nn.Dense(4, 2, rng=1), gradcheck.as_layer(Elsewhere())]
    (finding,) = check_gradients(generic(nn.Dense(3, 4, rng=0), *layers), batch=(X, Y), rng=0).findings
    assert finding.where.startswith("layers.1 (Elsewhere) or layers.3 (Elsewhere), by what reaches layers.0.W")
    assert finding.blocks == ("layers.0.W", "layers.0.b")
