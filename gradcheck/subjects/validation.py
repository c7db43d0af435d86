"""Validates the parameters, losses and gradients of users; errors name the argument and say what to change."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.pytree import Structure, flatten
from gradcheck.subjects.subject import Block, Point


def validated_parameters(tree: Any, argument: str) -> tuple[tuple[Block, ...], Point, Structure]:
    """Check nested parameters; return their blocks, values and structure.

    Parameters
    ----------
    tree : nesting of dict, list, tuple of real floating-point arrays
    argument : str
        Its name in messages: ``x0``, ``model.params``.

    Raises
    ------
    SubjectTypeError
        If a leaf is not an array of real floating-point numbers.
    SubjectError
        If there are no parameters, or one is not finite.
    """
    leaves, structure = flatten(tree, "x")
    if not leaves:
        raise SubjectError(f"{argument} is empty: there is no parameter to differentiate with respect to")
    arrays = [
        _parameter(leaf, argument if structure.bare else f"{argument}[{name!r}]")
        for leaf, name in zip(leaves, structure.names, strict=True)
    ]
    blocks = tuple(
        Block(name, array.shape, str(array.dtype)) for name, array in zip(structure.names, arrays, strict=True)
    )
    if all(block.size == 0 for block in blocks):
        raise SubjectError(f"{argument} has no entries: every block has size zero")
    return blocks, tuple(arrays), structure


def _parameter(leaf: Any, called: str) -> NDArray[Any]:
    if leaf is None:
        raise SubjectTypeError(f"{called} is None: every parameter must be an array of floats")
    if not isinstance(leaf, (np.ndarray, np.generic, numbers.Number)):
        raise SubjectTypeError(
            f"{called} is a {type_name(leaf)}: "
            "parameters are NumPy arrays of floats (or any nesting of dict, list, tuple of them)"
        )
    array = np.asarray(leaf)
    if array.dtype.kind in "iub":
        raise SubjectTypeError(
            f"{called} has dtype {array.dtype}, and integers cannot be changed by a small step: pass floats, for "
            "example x0.astype(float)"
        )
    if array.dtype.kind == "c":
        raise SubjectTypeError(
            f"{called} is complex: pass its real and imaginary parts as two blocks of real parameters"
        )
    if array.dtype.kind != "f":
        raise SubjectTypeError(f"{called} has dtype {array.dtype}: parameters are arrays of floats")
    if not np.isfinite(array).all():
        bad = np.argwhere(~np.isfinite(array))[0]
        index = f"[{', '.join(map(str, bad))}]" if array.ndim else ""
        raise SubjectError(f"{called}{index} is {array[tuple(bad)]}: a check needs finite parameters")
    return array


def validated_loss(value: Any, source: str) -> float:
    """Check a loss; return it as a float.

    NaN and infinity are accepted: at some points they only mean that the step left the domain.

    Raises
    ------
    SubjectTypeError
        If it is complex, not a number, or more than one number.
    """
    if type(value) is float or type(value) is np.float64:
        return float(value)
    if value is None:
        raise SubjectTypeError(f"{source} returned None instead of the loss: is a `return` missing?")
    if isinstance(value, (tuple, list)):
        raise SubjectTypeError(
            f"{source} returned a {type(value).__name__} of {len(value)} instead of the loss: "
            "if it returns the loss and its gradient together, pass grad=True"
        )
    array = np.asarray(value)
    if array.dtype.kind == "c":
        raise SubjectTypeError(f"{source} returned a complex number, but a loss is real: return its .real or its abs()")
    if array.dtype.kind not in "fiub":
        raise SubjectTypeError(f"{source} returned a {type(value).__qualname__}, but a loss is one real number")
    if array.size != 1:
        raise SubjectTypeError(
            f"{source} returned an array of shape {array.shape}, but a loss is one real number: return its sum or "
            "its mean"
        )
    return float(array.reshape(()))


def validated_gradient(tree: Any, blocks: Sequence[Block], structure: Structure, source: str) -> Point:
    """Check a gradient; return it as one array for each block.

    Raises
    ------
    SubjectTypeError
        If it is None, or a block of it is not a real array.
    SubjectError
        If its structure or a shape differs from that of the parameters.
    """
    if tree is None:
        raise SubjectTypeError(f"{source} returned None instead of the gradient: is a `return` missing?")
    single = structure.bare
    leaves, found = ([tree], structure) if single else flatten(tree, "x", is_leaf=lambda node: node is None)
    if single and isinstance(tree, (list, tuple)):
        leaves = [_array(tree)]
    if not found.matches(structure):
        missing = [name for name in structure.names if name not in found.names]
        extra = [name for name in found.names if name not in structure.names]
        if missing or not single:
            raise SubjectError(_differing(source, missing, extra, len(leaves), len(blocks)))
    by_name = dict(zip(found.names, leaves, strict=True))
    return tuple(_gradient_block(by_name[block.name], block, source) for block in blocks)


def type_name(value: Any) -> str:
    """Full name of the type of a value, for messages; built-in types without their module."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _array(sequence: Any) -> Any:
    try:
        return np.asarray(sequence)
    except ValueError:  # entries of different lengths
        return sequence


def _differing(source: str, missing: list[str], extra: list[str], got: int, wanted: int) -> str:
    text = f"{source} returned {got} blocks for {wanted} blocks of parameters"
    if missing:
        text += f"; missing: {', '.join(missing)}"
    if extra:
        text += f"; unknown: {', '.join(extra)}"
    return f"{text}. The gradient must have the same nesting and the same keys as the parameters"


def _gradient_block(leaf: Any, block: Block, source: str) -> NDArray[Any]:
    called = f"the gradient of {block.name}"
    if leaf is None:
        raise SubjectTypeError(f"{source} returned None as {called}: return an array of shape {block.shape}")
    array = _array(leaf)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiubc":
        raise SubjectTypeError(
            f"{source} returned {called} as a {type(leaf).__qualname__}: return an array of shape {block.shape}"
        )
    if array.dtype.kind == "c":
        raise SubjectTypeError(
            f"{source} returned {called} as complex numbers, but the parameters are real: return its .real"
        )
    if array.shape != block.shape:
        text = f"{source} returned {called} with shape {array.shape}, but the parameter has shape {block.shape}"
        more = array.ndim - len(block.shape)
        if array.shape == block.shape[::-1]:
            text += ": transpose it? (GC201 transposed)"
        elif array.size == block.size:
            text += ": reshape it?"
        elif more > 0 and array.shape[more:] == block.shape:
            axes = ", ".join(map(str, range(more)))
            text += f": sum it over axis {axes}, along which the parameter was broadcast? (GC203 broadcast-not-summed)"
        raise SubjectError(text)
    return array if array.dtype.kind == "f" else array.astype(np.float64)
