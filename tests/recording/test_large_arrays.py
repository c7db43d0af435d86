"""Lines that read large arrays: edits are tried where they make no larger ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck


class Network:
    """Two layers with ReLU; the slope of the first one is a function of its input."""

    def __init__(self, samples: int, width: int) -> None:
        rng = np.random.default_rng(0)
        self.X, self.Y = rng.random((samples, 30)), rng.random((samples, 4))
        self.params = {"W": rng.normal(size=(30, width)) * 0.2, "V": rng.normal(size=(width, 4)) * 0.2}

    def forward(self) -> Any:
        self.z = self.X @ self.params["W"]
        self.h = np.maximum(self.z, 0.0)
        return self.h @ self.params["V"] - self.Y

    def loss(self) -> float:
        return float(0.5 * np.sum(self.forward() ** 2))

    def gradient(self) -> Any:
        residual = self.forward()
        dz = residual @ self.params["V"].T * self.z
        return {"W": self.X.T @ dz, "V": self.h.T @ residual}


@pytest.mark.parametrize(("samples", "width"), [(12, 7), (96, 130)], ids=["small", "large"])
def test_the_slope_of_a_large_layer_is_repaired(samples: int, width: int) -> None:
    report = gradcheck.check_gradients(Network(samples, width), rng=0)
    assert report.verdict.value == "fail"
    finding = report.findings[0]
    assert (finding.code, "self.z > 0" in finding.fix) == ("GC304", True)
    assert [line.text.split()[0] for line in report.lines if line.verdict.value == "fail"] == ["dz"]


def test_many_samples_are_not_multiplied_with_each_other() -> None:
    """`X @ r.T` in place of `X.T @ r` would have 2.5e9 entries."""
    rng = np.random.default_rng(0)
    X, y = rng.random((50_000, 3)), rng.random((50_000, 3))

    def loss(W: Any) -> float:
        return float(0.5 * np.mean((X @ W - y) ** 2))

    def gradient(W: Any) -> Any:
        residual = X @ W - y
        return X.T @ (residual * residual) / y.size

    report = gradcheck.check_gradients(loss, gradient, rng.random((3, 3)), rng=0)
    assert report.verdict.value == "fail"
