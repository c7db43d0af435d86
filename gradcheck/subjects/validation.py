"""Validates the parameters, losses and gradients of users; errors name the argument and say what to change."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.masked import is_masked
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.selection import Parameters, Wrt, chosen_names
from gradcheck.subjects.subject import Block, Point


def validated_parameters(tree: Any, argument: str, wrt: Wrt = None) -> Parameters:
    """Check nested parameters; return those that are checked, and those that are left alone.

    Parameters
    ----------
    tree : nesting of dict, list, tuple of real floating-point arrays
        Leaves that are not floats, beside others that are, are left alone.
    argument : str
        Its name in messages: ``x0``, ``model.params``.
    wrt : str or iterable of str, optional
        Names of the leaves to check, or the beginnings of names; the others are left alone.

    Raises
    ------
    SubjectTypeError
        If there is no array of real floating-point numbers, or `wrt` names a leaf that is not one.
    SubjectError
        If there are no parameters, `wrt` names one that is not known, or one is not finite.
    """
    leaves, structure = flatten(tree, "x")
    if not leaves:
        raise SubjectError(f"{argument} is empty: there is no parameter to differentiate with respect to")
    chosen = chosen_names(structure.names, wrt)
    named = {wrt} if isinstance(wrt, str) else set(wrt or ())
    positions = {name: position for position, name in enumerate(structure.names)}
    fixed = [name for name in chosen if name not in named and _left_alone(leaves[positions[name]])]
    if len(fixed) == len(chosen):
        fixed = []  # an error says why there is nothing to check
    checked = [name for name in chosen if name not in fixed]
    arrays = [
        _parameter(leaves[positions[name]], argument if structure.bare else f"{argument}[{name!r}]") for name in checked
    ]
    blocks = tuple(Block(name, array.shape, str(array.dtype)) for name, array in zip(checked, arrays, strict=True))
    if all(block.size == 0 for block in blocks):
        raise SubjectError(f"{argument} has no entries: every block has size zero")
    return Parameters(
        blocks,
        tuple(arrays),
        structure,
        tuple(leaves),
        tuple(positions[name] for name in checked),
        tuple(name for name in structure.names if name not in chosen),
        tuple(f"{name} ({_kind(leaves[positions[name]])})" for name in fixed),
    )


def _left_alone(leaf: Any) -> bool:
    """Whether a leaf can be no parameter. Complex numbers and arrays of objects are refused: they may be parameters."""
    if isinstance(leaf, (np.ndarray, np.generic)):
        return leaf.dtype.kind not in "fcO"
    return not isinstance(leaf, numbers.Number) or isinstance(leaf, numbers.Integral)


def _masked(array: Any) -> int:
    return int(np.ma.getmaskarray(array).sum())


def _kind(leaf: Any) -> str:
    if leaf is None:
        return "None"
    return str(leaf.dtype) if isinstance(leaf, (np.ndarray, np.generic)) else type_name(leaf)


def _parameter(leaf: Any, called: str) -> NDArray[Any]:
    if leaf is None:
        raise SubjectTypeError(f"{called} is None: every parameter must be an array of floats")
    if not isinstance(leaf, (np.ndarray, np.generic, numbers.Number)):
        raise SubjectTypeError(
            f"{called} is a {type_name(leaf)}: "
            "parameters are NumPy arrays of floats (or any nesting of dict, list, tuple of them)"
        )
    if is_masked(leaf):
        raise SubjectError(
            f"{called} has {_masked(leaf)} masked entries, and a check changes every entry: pass those that "
            "are not masked, .compressed(), or a value for the others, .filled(value)"
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

    NaN and infinity are accepted: at some points they only mean that the step left the domain. A masked value, such as
    the sum of an array of which every entry is masked, counts as NaN.

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
    if is_masked(value) and np.size(value) == 1:
        return math.nan
    array = np.asarray(value)
    if array.dtype.kind == "c":
        raise SubjectTypeError(f"{source} returned a complex number, but a loss is real: return its .real or its abs()")
    if array.dtype.kind not in "fiub":
        raise SubjectTypeError(f"{source} returned a {type(value).__qualname__}, but a loss is one real number")
    if array.size != 1:
        raise SubjectTypeError(
            f"{source} returned an array of shape {array.shape}, but a loss is one real number: check a function with "
            "several outputs as check_jacobian(fun, jac, x0) or check_vjp(fun, vjp, x0)"
        )
    return float(array.reshape(()))


def validated_gradient(tree: Any, parameters: Parameters, source: str, notes: dict[str, None]) -> Point:
    """Check a gradient; return it as one array for each block.

    None as the gradient of a block is a claim of zero, as in PyTorch. A shape may differ from that of the block by axes
    of length one. The masked entries of a masked array become NaN.

    Parameters
    ----------
    tree : nesting of arrays
        With the names of the parameters; those that are left alone may be missing. Where one block is checked, the
        array alone will do.
    parameters : Parameters
    source : str
        What holds or returned it, for messages: ``loss() returned``.
    notes : dict
        What a report should say of it is added as keys.

    Raises
    ------
    SubjectTypeError
        If it is None, or a block of it is not a real array.
    SubjectError
        If its structure or a shape differs from that of the parameters.
    """
    if tree is None:
        raise SubjectTypeError(f"{source} None instead of the gradient: is a `return` missing?")
    structure, blocks = parameters.structure, parameters.blocks
    if structure.bare or (len(blocks) == 1 and parameters.excluded and isinstance(tree, (np.ndarray, np.generic))):
        return (_gradient_block(tree, blocks[0], source, notes),)
    leaves, found = flatten(tree, "x", is_leaf=lambda node: node is None)
    by_name = dict(zip(found.names, leaves, strict=True))
    for name in [name for name, leaf in by_name.items() if leaf is None and name not in structure.names]:
        inside = [known for known in structure.names if known.startswith((f"{name}.", f"{name}["))]
        if inside:
            del by_name[name]
            by_name |= dict.fromkeys(inside)
    missing = [block.name for block in blocks if block.name not in by_name]
    extra = [name for name in by_name if name not in structure.names]
    if missing or extra:
        raise SubjectError(_differing(source, missing, extra, blocks, by_name))
    return tuple(_gradient_block(by_name[block.name], block, source, notes) for block in blocks)


def type_name(value: Any) -> str:
    """Full name of the type of a value, for messages; built-in types without their module."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _array(sequence: Any) -> Any:
    if isinstance(sequence, np.ndarray):
        return np.asarray(sequence)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a list may hold entries that are masked, which become NaN
            return np.asarray(sequence)
    except ValueError:  # entries of different lengths
        return sequence


def _differing(
    source: str, missing: list[str], extra: list[str], blocks: Sequence[Block], found: Mapping[str, Any]
) -> str:
    text = f"{source} gradients of {len(found)} blocks for {len(blocks)} blocks of parameters"
    if missing:
        text += f"; missing: {', '.join(missing)}"
    if extra:
        text += f"; unknown: {', '.join(extra)}"
    text += ". The gradient must have the same nesting and the same keys as the parameters"
    present = [block.name for block in blocks if block.name in found]
    if missing and present:
        names = ", ".join(map(repr, present))
        text += f"; to check these alone, pass wrt=[{names}]; None as the gradient of a parameter claims that it is 0"
    return text


def _gradient_block(leaf: Any, block: Block, source: str, notes: dict[str, None]) -> NDArray[Any]:
    called = f"the gradient of {block.name}"
    if leaf is None:
        notes[f"{block.name}: the gradient is None, which claims that it is zero"] = None
        return np.zeros(block.shape)
    if is_masked(leaf):
        notes[f"{block.name}: {_masked(leaf)} entries of the gradient are masked, which counts as NaN"] = None
        leaf = np.ma.filled(leaf.astype(np.result_type(leaf, np.float16)), np.nan)
    array = _array(leaf)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiubc":
        raise SubjectTypeError(
            f"{source} {called} as a {type(leaf).__qualname__}: return an array of shape {block.shape}"
        )
    if array.dtype.kind == "c":
        raise SubjectTypeError(f"{source} {called} as complex numbers, but the parameters are real: return its .real")
    if array.shape != block.shape:
        if not same_entries(array.shape, block.shape):
            raise SubjectError(
                f"{source} {called} with shape {array.shape}, but the parameter has shape {block.shape}"
                f"{shape_advice(array.shape, block.shape)}"
            )
        if not subtractable(array.shape, block.shape):
            notes[
                f"{block.name}: the gradient has shape {array.shape}, the parameter {block.shape}. The entries were "
                "compared in their order; NumPy's update of the parameter would broadcast or fail, so reshape the "
                "gradient"
            ] = None
        array = array.reshape(block.shape)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def same_entries(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two shapes are the same apart from axes of length one.

    Examples
    --------
    >>> same_entries((1, 3), (3,)), same_entries((3, 1), (3,)), same_entries((2, 3), (3, 2))
    (True, True, False)
    """
    return [n for n in one if n != 1] == [n for n in other if n != 1]


def subtractable(gradient: tuple[int, ...], parameter: tuple[int, ...]) -> bool:
    """Whether NumPy can subtract a gradient from a parameter in place, entry by entry."""
    try:
        return np.broadcast_shapes(gradient, parameter) == parameter
    except ValueError:
        return False


def shape_advice(found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """What may make a gradient of another shape fit, to be added to a message; empty if nothing is likely.

    Examples
    --------
    >>> shape_advice((2, 3), (3, 2)), shape_advice((4, 3), (2,))
    (': transpose it? (GC201 transposed)', '')
    """
    more = len(found) - len(wanted)
    if found == wanted[::-1]:
        return ": transpose it? (GC201 transposed)"
    if np.prod(found) == np.prod(wanted):
        return ": reshape it?"
    if more > 0 and found[more:] == wanted:
        axes = ", ".join(map(str, range(more)))
        return f": sum it over axis {axes}, along which the parameter was broadcast? (GC203 broadcast-not-summed)"
    summed = [axis for axis, (n, m) in enumerate(zip(found, wanted, strict=True)) if n != m] if more == 0 else []
    if summed and all(wanted[axis] == 1 for axis in summed):
        axes = ", ".join(map(str, summed))
        return (
            f": sum it over axis {axes} with keepdims=True, along which the parameter was broadcast? "
            "(GC203 broadcast-not-summed)"
        )
    return ""
