"""From a PyTorch function of blocks to a derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.strangers.derivative import Arrays, Derivative

#: A function of tensors by name; it returns a loss.
TorchLoss = Callable[[dict[str, Any]], Any]


def tensors(x: Arrays, *, grad: bool) -> dict[str, Any]:
    """The blocks as tensors."""
    import torch

    return {name: torch.tensor(value, dtype=torch.float64, requires_grad=grad) for name, value in x.items()}


def gradient_of(loss: TorchLoss) -> Callable[[Arrays], Arrays]:
    """The gradient by PyTorch's own automatic differentiation; a block that is not used has zeros."""
    import torch

    def grad(x: Arrays) -> Arrays:
        leaves = tensors(x, grad=True)
        value = loss(leaves)
        if not value.requires_grad:
            return {name: np.zeros_like(block) for name, block in x.items()}
        found = torch.autograd.grad(value, list(leaves.values()), allow_unused=True)
        return {name: np.zeros_like(x[name]) if g is None else g.numpy() for name, g in zip(leaves, found, strict=True)}

    return grad


def derivative_by_torch(loss: TorchLoss, x0: Arrays, detached: tuple[TorchLoss, ...] = ()) -> Derivative:
    """A loss with PyTorch's gradient; each of `detached` is the same loss with a place that does not propagate."""
    import torch

    def fun(x: Arrays) -> float:
        with torch.no_grad():
            return float(loss(tensors(x, grad=False)))

    def forward(x: Arrays, v: Arrays) -> float:
        result: Any = torch.func.jvp(loss, (tensors(x, grad=False),), (tensors(v, grad=False),))
        return float(result[1])

    return Derivative(fun, gradient_of(loss), x0, tuple(gradient_of(one) for one in detached), forward)
