"""Which library the arrays of the user belong to; one that is not loaded is not imported."""

from __future__ import annotations

import sys
from typing import Any

from numpy.typing import NDArray

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.frameworks.framework import Framework
from gradcheck.subjects.pytree import flatten


def framework_of(tree: Any) -> Framework | None:
    """The library whose arrays a nesting holds; None for NumPy's.

    Raises
    ------
    SubjectTypeError
        If it holds arrays of two libraries.
    """
    leaves, _ = flatten(tree, "x")
    found = [each for each in _known() if any(map(each.owns, leaves))]
    if len(found) > 1:
        raise SubjectTypeError(f"x0 holds arrays of {found[0].name} and of {found[1].name}: pass those of one library")
    return found[0] if found else None


def _known() -> list[Framework]:
    """The libraries that are loaded: arrays of another one cannot be there."""
    found: list[Framework] = []
    if hasattr(sys.modules.get("torch"), "Tensor"):
        from gradcheck.subjects.frameworks.torch_arrays import TorchArrays

        found.append(TorchArrays())
    if hasattr(sys.modules.get("jax"), "Array"):
        from gradcheck.subjects.frameworks.jax_arrays import JaxArrays

        found.append(JaxArrays())
    return found


def is_module(target: Any) -> bool:
    """Whether it is a `torch.nn.Module`; a library that was never loaded has none."""
    return isinstance(target, getattr(sys.modules.get("torch.nn"), "Module", ()))


def memory_of(leaf: Any) -> NDArray[Any] | None:
    """The memory of another library's array that can be written to, as a NumPy array that shares it."""
    torch: Any = sys.modules.get("torch")
    if not isinstance(leaf, getattr(torch, "Tensor", ())):
        return None  # those of JAX cannot be written to
    from gradcheck.subjects.frameworks.torch_arrays import memory

    tensor: Any = leaf
    return memory(tensor)
