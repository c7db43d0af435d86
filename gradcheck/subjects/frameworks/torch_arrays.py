"""Tensors of PyTorch. Its pull-back of a complex cotangent is the product with the conjugate transpose."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.frameworks.framework import Flat, Framework

Array = NDArray[Any]


class TorchArrays(Framework):
    """Tensors, and products from `torch.autograd.grad` and `torch.func.jvp`."""

    name = "PyTorch"
    convention: Literal["adjoint", "jax"] = "adjoint"
    vjp_name, jvp_name = "torch.autograd.grad", "torch.func.jvp"

    def owns(self, leaf: Any) -> bool:
        """Whether it is a tensor."""
        return isinstance(leaf, torch.Tensor)

    def to_numpy(self, leaf: Any) -> Array:
        """A copy without the graph."""
        plain = leaf.detach().cpu()
        plain = plain.to_dense() if plain.layout != torch.strided else plain
        try:
            return np.array(plain.resolve_conj().resolve_neg().numpy())
        except TypeError:
            raise SubjectTypeError(
                f"a tensor has the type {leaf.dtype}, which NumPy does not have: pass float16, float32 or float64"
            ) from None

    def from_numpy(self, array: Array, like: Any) -> Any:
        """A leaf of a new graph, on the device of another tensor."""
        return torch.tensor(array, device=like.device)

    def __init__(self) -> None:
        self._state = torch.get_rng_state()

    @contextmanager
    def session(self, *, wide: bool) -> Iterator[None]:
        """Each call draws the same random numbers, as for dropout; the user's generator is put back."""
        before = torch.get_rng_state()
        torch.set_rng_state(self._state)
        try:
            yield
        finally:
            torch.set_rng_state(before)

    def is_differentiable(self, leaf: Any) -> bool:
        """Whether it is a tensor of floats or complex numbers."""
        return isinstance(leaf, torch.Tensor) and (leaf.is_floating_point() or leaf.is_complex())

    def vjp(self, function: Flat, primals: Sequence[Any], cotangents: Callable[[], Sequence[Array]]) -> list[Any]:
        """`torch.autograd.grad`, which takes any `torch.autograd.Function`; an output without a graph adds nothing."""
        with torch.enable_grad():
            inputs = [x.detach().clone().requires_grad_() for x in primals]
            outputs = function(*(x.clone() for x in inputs))  # a function may write into them
        weights = [
            torch.tensor(u, device=y.device).to(y.dtype).reshape(y.shape)
            for u, y in zip(cotangents(), outputs, strict=True)
        ]
        attached = [(y, u) for y, u in zip(outputs, weights, strict=True) if y.requires_grad]
        if not attached:
            return [torch.zeros_like(x) for x in primals]
        ys, us = zip(*attached, strict=True)
        found = torch.autograd.grad(ys, inputs, us, allow_unused=True)
        return [torch.zeros_like(x) if g is None else g for x, g in zip(primals, found, strict=True)]

    def jvp(self, function: Flat, primals: Sequence[Any], tangents: Sequence[Array]) -> list[Any]:
        """`torch.func.jvp`."""
        vectors = tuple(
            torch.tensor(v, device=x.device).to(x.dtype).reshape(x.shape)
            for v, x in zip(tangents, primals, strict=True)
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`torch\.jit", DeprecationWarning)  # of what PyTorch itself calls
            found = torch.func.jvp(lambda *xs: tuple(function(*xs)), tuple(x.detach() for x in primals), vectors)[1]
        return list(found)
