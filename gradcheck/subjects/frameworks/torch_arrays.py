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
from gradcheck.subjects.frameworks.framework import Flat, Framework, held

Array = NDArray[Any]


class TorchArrays(Framework):
    """Tensors, and products from `torch.autograd.grad` and `torch.func.jvp`."""

    name = "PyTorch"
    convention: Literal["adjoint", "jax"] = "adjoint"
    vjp_name, jvp_name, gradient_name = "torch.autograd.grad", "torch.func.jvp", "torch.autograd.grad"

    def owns(self, leaf: Any) -> bool:
        """Whether it is a tensor."""
        return isinstance(leaf, torch.Tensor)

    def to_numpy(self, leaf: Any) -> Array:
        """A copy without the graph."""
        plain = leaf.detach().cpu()
        plain = plain.to_dense() if plain.layout != torch.strided else plain
        if plain.dtype == torch.bfloat16:
            return held(np.array(plain.float().numpy()))
        try:
            return np.array(plain.resolve_conj().resolve_neg().numpy())
        except TypeError:
            raise SubjectTypeError(
                f"a tensor has the type {leaf.dtype}, which NumPy does not have: pass bfloat16, float16, float32 or "
                "float64"
            ) from None

    def from_numpy(self, array: Array, like: Any) -> Any:
        """A leaf of a new graph, on the device of another tensor, with its strides."""
        return self._copied(torch.tensor(array, device=like.device), like)

    def tracked(self, leaf: Any, like: Any) -> Any:
        """The tensor, which requires a gradient if the other one does."""
        return leaf.requires_grad_(like.requires_grad and self.is_differentiable(leaf))

    def is_bfloat16(self, leaf: Any) -> bool:
        """Whether it is a tensor of that type."""
        return isinstance(leaf, torch.Tensor) and leaf.dtype == torch.bfloat16

    def as_bfloat16(self, array: Array, like: Any) -> Any:
        """The same as `from_numpy`, rounded to that type."""
        return self._copied(torch.tensor(array, device=like.device).to(torch.bfloat16), like)

    def _copied(self, found: torch.Tensor, like: Any) -> torch.Tensor:
        if found.shape == like.shape and not like.is_contiguous() and like.layout == torch.strided:
            found = torch.empty_like(like, dtype=found.dtype, requires_grad=False).copy_(found)
        return found

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

    def gradient(self, function: Flat, primals: Sequence[Any]) -> list[Any]:
        """`torch.autograd.grad` with a graph of its own."""
        with torch.enable_grad():
            inputs = [x if x.requires_grad else x.detach().clone().requires_grad_() for x in primals]
            (value,) = function(*inputs)
            if not value.requires_grad:
                return [torch.zeros_like(x) for x in inputs]
            found = torch.autograd.grad(value.reshape(()), inputs, create_graph=True, allow_unused=True)
        return [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]

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


def memory(leaf: torch.Tensor) -> Array | None:
    """The memory of a dense tensor as an array that shares it; None on another device."""
    if leaf.layout != torch.strided or leaf.device.type != "cpu":
        return None
    plain = leaf.detach()
    plain = plain.conj() if plain.is_conj() else plain
    plain = plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain
    try:
        found: Array = plain.numpy()
    except (TypeError, RuntimeError):
        return None
    return found
