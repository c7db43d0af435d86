"""Optimisers side by side with PyTorch, over many steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.nn.optimisers.optimiser import Optimiser
from tests.nn.reference import AGREE, torch

STEPS = 50

SHAPES: dict[str, tuple[int, ...]] = {"W": (3, 2), "b": (2,), "kernel": (2, 1, 2, 2), "one": (1,), "scalar": ()}


def start() -> dict[str, NDArray[Any]]:
    """Parameters of several shapes."""
    rng = np.random.default_rng(0)
    return {name: np.asarray(rng.standard_normal(shape)) for name, shape in SHAPES.items()}


def hills(params: dict[str, Any]) -> Any:
    """A function of tensors with many minima, in which all parameters hang together."""
    total = sum(value.sum() for value in params.values())
    alone = sum((torch.sin(3 * value) + 0.3 * value**2).sum() for value in params.values())
    return alone + 0.5 * torch.cos(total) + 0.01 * total**2


def slopes(params: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Gradient of `hills`, by hand."""
    total = sum(value.sum() for value in params.values())
    shared = -0.5 * np.sin(total) + 0.02 * total
    return {name: np.asarray(3 * np.cos(3 * value) + 0.6 * value + shared) for name, value in params.items()}


def run(optimiser: Optimiser, steps: int = STEPS) -> list[dict[str, NDArray[Any]]]:
    """Parameters after each step."""
    params, path = start(), []
    for _ in range(steps):
        optimiser.step(params, slopes(params))
        path.append({name: value.copy() for name, value in params.items()})
    return path


def assert_same_path(optimiser: Optimiser, theirs: Callable[[list[Any]], Any]) -> None:
    """All parameters after each of 50 steps."""
    params = {name: torch.tensor(value, requires_grad=True) for name, value in start().items()}
    other = theirs(list(params.values()))
    for step, mine in enumerate(run(optimiser)):
        other.zero_grad()
        hills(params).backward()
        other.step()
        for name, value in params.items():
            np.testing.assert_allclose(
                mine[name], value.detach().numpy(), rtol=AGREE, atol=AGREE, err_msg=f"{name} after step {step}"
            )
