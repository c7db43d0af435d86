"""Finds out by behaviour whether a layer adds up gradients, and which of its methods makes it forget them.

Layers that keep their inputs in a list, or add gradients up, have a method that begins anew: `zero_grad`,
`flush_gradients`, `reset`, … . Its name is not looked at. It takes no arguments, and after it a forward and a backward
pass of a copy of the layer give the same as those of an unused copy.

Only methods that work on the layer and on NumPy arrays alone are tried, as their byte code shows: one that opens a file
or prints is never called.
"""

from __future__ import annotations

import builtins
import copy
import dis
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.tracebacks import pass_on_signal

Array = NDArray[Any]

#: What a forward and a backward pass give: the output and all gradients; None if they raise.
Results = list[Array] | None

#: Parameters of a layer by name, such that a change of an array changes the layer.
ParametersOf = Callable[[Any], Mapping[str, Array]]

#: Parameters are multiplied by this, to see whether a reset sets them to their initial values; exact in binary.
MOVED = 1.125

#: Runs a forward and a backward pass of a layer.
Passes = Callable[[Any], list[Array]]

#: Built-in functions that a method may call: types, functions of sequences, and those that look into objects.
HARMLESS = (
    frozenset({"bool", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple", "type"})
    | {"enumerate", "iter", "len", "map", "max", "min", "next", "range", "reversed", "sorted", "sum", "zip"}
    | {"abs", "getattr", "hasattr", "isinstance", "setattr", "super"}
)

#: Functions and methods of NumPy that touch files.
TOUCHING_FILES = frozenset({"save", "savez", "savez_compressed", "savetxt", "tofile", "dump", "memmap", "open_memmap"})

#: Functions that are not called to see what they do: generators and coroutines.
NOT_PLAIN = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

#: Instructions that change something outside of the layer.
FORBIDDEN = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL"})


def find_reset(layer: Any, passes: Passes, parameters: ParametersOf, others: Passes | None = None) -> str | None:
    """The method that resets a layer before a forward pass; None if passes do not add up, or there is no such method.

    After a reset, passes give the same whatever was done before, and the parameters are what they were.

    Parameters
    ----------
    layer : object
        Not changed: copies of it are used.
    passes : callable
        Runs both passes of a copy.
    parameters : callable
        Parameters of a copy by name.
    others : callable, optional
        As `passes`, for another input: a layer that keeps its inputs in a list may give the same for the same input.
    """
    try:
        used = copy.deepcopy(layer)
    except Exception as error:
        pass_on_signal(error)
        return None
    first, second = _run(used, passes), _run(used, passes)
    if first is None:
        return None
    if _equal(first, second):
        used = copy.deepcopy(layer)
        if others is None or _run(used, others) is None or _equal(first, _run(used, passes)):
            return None
    for name in _candidates(layer):
        found = [_after_reset(layer, passes, parameters, name, before) for before in _histories(passes, others)]
        if all(_equal(found[0], other) for other in found):
            return name
    return None


def _histories(passes: Passes, others: Passes | None) -> list[list[Passes]]:
    """What may have been done before a reset."""
    return [[], [passes], [passes, passes], *([] if others is None else [[others, passes]])]


def _after_reset(layer: Any, passes: Passes, parameters: ParametersOf, name: str, history: Iterable[Passes]) -> Results:
    """What passes after a reset give, at other parameters, after some passes; None if the reset changes parameters."""
    double = copy.deepcopy(layer)
    for value in parameters(double).values():
        if value.flags.writeable:
            value *= MOVED
    before = [value.copy() for value in parameters(double).values()]
    try:
        for earlier in history:
            earlier(double)
        getattr(double, name)()
        found = _run(double, passes)
    except Exception as error:
        pass_on_signal(error)
        return None
    return found if _equal(before, list(parameters(double).values())) else None


def _run(layer: Any, passes: Passes) -> Results:
    try:
        return [np.array(array) for array in passes(layer)]
    except Exception as error:
        pass_on_signal(error)
        return None


def _equal(one: Results, other: Results) -> bool:
    if one is None or other is None or len(one) != len(other):
        return False
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc") for a, b in zip(one, other, strict=True))


def _candidates(layer: Any) -> Iterator[str]:
    """Methods without arguments that touch nothing but the layer, as it was made: their class defines them."""
    kind, kinds = type(layer), _kinds(layer)
    for name in dict.fromkeys(name for each in kind.__mro__ if each is not object for name in vars(each)):
        function = inspect.getattr_static(kind, name)
        if name.startswith("__") or name in ("forward", "backward") or not isinstance(function, FunctionType):
            continue
        parameters = list(inspect.signature(function).parameters.values())
        free = all(p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters[1:])
        if parameters and free and _touches_only_itself(function, kinds, set()):
            yield name


def _kinds(layer: Any) -> frozenset[type]:
    """Types of a layer and of the objects that it holds, also in dicts and lists: their methods may be called."""
    found, left = {type(layer)}, list(getattr(layer, "__dict__", {}).values())
    known: set[int] = set()
    while left:
        value = left.pop()
        if id(value) in known:
            continue
        known.add(id(value))
        if isinstance(value, (dict, list, tuple)):
            left += value.values() if isinstance(value, dict) else value
        elif not isinstance(value, (np.ndarray, np.generic, int, float, str)):
            found.add(type(value))
            left += getattr(value, "__dict__", {}).values()
    return frozenset(found)


def _touches_only_itself(function: FunctionType, kinds: frozenset[type], seen: set[CodeType]) -> bool:
    code = function.__code__
    if code in seen:
        return True
    seen.add(code)
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    if code.co_flags & NOT_PLAIN or set(code.co_freevars) - {"__class__"} or any(map(callable, defaults)):
        return False
    for instruction in _instructions(code):
        name, operation = instruction.argval, instruction.opname
        if operation in FORBIDDEN or operation.startswith("IMPORT"):
            return False
        if operation in ("LOAD_GLOBAL", "LOAD_NAME") and not _harmless(name, function, kinds, seen):
            return False
        if operation in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"):
            methods = [inspect.getattr_static(kind, name, None) for each in kinds for kind in each.__mro__]
            if name in TOUCHING_FILES or not all(_is_harmless(method, kinds, seen) for method in methods):
                return False
    return True


def _harmless(name: str, function: FunctionType, kinds: frozenset[type], seen: set[CodeType]) -> bool:
    """Whether a global name of a function stands for NumPy, a harmless built-in, or something that is harmless."""
    if name not in function.__globals__:
        return name in HARMLESS or isinstance(vars(builtins).get(name), type)
    value = function.__globals__[name]
    module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "") or ""
    if module.split(".")[0] == "numpy":
        return getattr(value, "__name__", "") not in TOUCHING_FILES
    if isinstance(value, type):
        made = [inspect.getattr_static(value, method, None) for method in ("__new__", "__init__", "__call__")]
        return all(_is_harmless(method, kinds, seen) for method in made)
    if isinstance(value, FunctionType):
        return _is_harmless(value, kinds, seen)
    return isinstance(value, (bool, int, float, complex, str, np.ndarray, np.generic))


def _is_harmless(method: Any, kinds: frozenset[type], seen: set[CodeType]) -> bool:
    """Whether a method, or what a property calls, touches nothing but the layer; anything but a function does not."""
    if isinstance(method, property):
        method = method.fget
    if isinstance(method, (staticmethod, classmethod)):
        method = method.__func__
    return not isinstance(method, FunctionType) or _touches_only_itself(method, kinds, seen)


def _instructions(code: CodeType) -> Iterator[dis.Instruction]:
    """Instructions of a function and of the functions and comprehensions inside it."""
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)
