"""Gradients of models in narrow types: a claim is judged from the numerical side as well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck


class Narrow:
    """Σ u sin w, moved in place in a narrow type; its gradient is u cos w, here times a factor."""

    def __init__(self, dtype: type[Any], factor: float) -> None:
        rng = np.random.default_rng(0)
        self.w: NDArray[Any] = rng.uniform(-1, 1, (5, 5)).astype(dtype)
        self.u, self.factor = rng.standard_normal((5, 5)), factor

    @property
    def params(self) -> dict[str, NDArray[Any]]:
        return {"w": self.w}

    def loss(self) -> float:
        return float(np.sum(self.u * np.sin(self.w)))

    def gradient(self) -> dict[str, NDArray[Any]]:
        return {"w": (self.factor * self.u * np.cos(self.w)).astype(self.w.dtype)}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.0, "pass"), (2.0, "fail"), (2.3, "fail"), (0.25, "fail"), (-1.0, "fail"), (0.0, "fail")]
)
def test_factors_in_narrow_types(dtype: type[Any], factor: float, verdict: str, seed: int) -> None:
    assert gradcheck.check_gradients(Narrow(dtype, factor), rng=seed).verdict.value == verdict
