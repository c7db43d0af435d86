"""Functions of the author's that may be called at will: they compute a number from what they are given, and no more.

A search for a term calls functions that the program itself may never have called, as its `main` or one that writes a
file. So only those are called whose source shows that they change nothing: no argument, no variable outside, no file.
"""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Iterator

from gradcheck.recording.program import parsed, source_of

#: Built-in functions that change nothing.
_BUILTINS = {
    *("abs", "all", "any", "bool", "complex", "divmod", "enumerate", "float", "int", "isinstance", "len", "list"),
    *("max", "min", "pow", "range", "reversed", "round", "sorted", "sum", "tuple", "zip"),
}

#: Methods of arrays that change nothing.
_METHODS = {
    *("all", "any", "argmax", "argmin", "astype", "clip", "conj", "copy", "cumprod", "cumsum", "diagonal", "dot"),
    *("flatten", "item", "max", "mean", "min", "prod", "ravel", "repeat", "reshape", "round", "squeeze", "std", "sum"),
    *("swapaxes", "tolist", "trace", "transpose", "var"),
}

#: Functions of libraries that change something, or read it from outside.
_CHANGING = {
    *("at", "copyto", "fill_diagonal", "fromfile", "genfromtxt", "load", "loadtxt", "place", "put", "putmask", "save"),
    *("put_along_axis", "savetxt", "savez", "savez_compressed", "seterr", "shuffle", "tofile"),
}

#: Functions that make a new array, which may then be written to.
_FRESH = {
    *("array", "copy", "empty", "empty_like", "eye", "full", "full_like", "ones", "ones_like", "zeros", "zeros_like"),
}

#: Statements and expressions that may change something outside of a function, or wait.
_REACHING = (
    *(ast.Global, ast.Nonlocal, ast.Delete, ast.Import, ast.ImportFrom, ast.With, ast.AsyncWith, ast.ClassDef),
    *(ast.Yield, ast.YieldFrom, ast.Await, ast.While, ast.NamedExpr),
)


def is_harmless(function: types.FunctionType) -> bool:
    """Whether the source of a function shows that calling it changes nothing; not if there is none."""
    return _is_harmless(function, frozenset())


def _is_harmless(function: types.FunctionType, callers: frozenset[types.CodeType]) -> bool:
    node = _definition(function.__code__)
    if node is None or function.__code__ in callers:
        return False
    callers |= {function.__code__}
    fresh = _fresh_names(node)
    for each in ast.walk(node):
        if isinstance(each, _REACHING) or (each is not node and isinstance(each, (ast.FunctionDef, ast.Lambda))):
            return False
        if isinstance(each, ast.Attribute) and not isinstance(each.ctx, ast.Load):
            return False
        if isinstance(each, ast.Subscript) and not isinstance(each.ctx, ast.Load) and _root(each) not in fresh:
            return False
        if isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Name) and each.target.id not in fresh:
            return False
        if isinstance(each, ast.Call) and not _may_be_called(each, function, callers):
            return False
    return True


def _root(item: ast.Subscript) -> str:
    """The variable that an item is read from directly."""
    return item.value.id if isinstance(item.value, ast.Name) else ""


def _definition(code: types.CodeType) -> ast.FunctionDef | ast.Lambda | None:
    """The node that a code was compiled from, if it is the only one on its line and is not decorated."""
    try:
        tree = parsed(source_of(code.co_filename))
    except (SyntaxError, ValueError):
        return None
    there = [
        each
        for each in ast.walk(tree)
        if isinstance(each, (ast.FunctionDef, ast.Lambda)) and each.lineno == code.co_firstlineno
    ]
    if len(there) != 1 or getattr(there[0], "name", "<lambda>") != code.co_name:
        return None
    return None if getattr(there[0], "decorator_list", ()) else there[0]


def _fresh_names(node: ast.FunctionDef | ast.Lambda) -> set[str]:
    """The variables that never stand for what the function was given: numbers, and arrays that it has made."""
    made: dict[str, bool] = {each.arg: False for each in ast.walk(node) if isinstance(each, ast.arg)}
    for each in ast.walk(node):
        if isinstance(each, ast.Assign):
            for target in each.targets:
                for name in _names_in(target):
                    made[name] = made.get(name, True) and isinstance(target, ast.Name) and _is_fresh(each.value)
        elif isinstance(each, (ast.For, ast.comprehension, ast.AnnAssign)):
            made.update(dict.fromkeys(_names_in(each.target), False))
    return {name for name, fresh in made.items() if fresh}


def _names_in(target: ast.expr) -> Iterator[str]:
    return (each.id for each in ast.walk(target) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))


def _is_fresh(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Attribute) and value.func.attr in _FRESH
    return isinstance(value, (ast.Constant, ast.BinOp, ast.UnaryOp, ast.ListComp))


def _may_be_called(call: ast.Call, function: types.FunctionType, callers: frozenset[types.CodeType]) -> bool:
    """Whether a call is one of a function that changes nothing."""
    if any(keyword.arg in ("out", None) for keyword in call.keywords):
        return False
    known, called, code = function.__globals__, call.func, function.__code__
    variables = (*code.co_varnames, *code.co_freevars, *code.co_cellvars)
    if isinstance(called, ast.Name):
        if called.id in variables:
            return False
        if called.id not in known:
            own = getattr(builtins, called.id, None)
            return called.id in _BUILTINS or (isinstance(own, type) and issubclass(own, Exception))
        own = known[called.id]
        if isinstance(own, types.FunctionType) and not is_of_library(own):
            return _is_harmless(own, callers)
        return is_of_library(own) and called.id not in _CHANGING
    if not isinstance(called, ast.Attribute):
        return False
    root: ast.expr = called
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(root, ast.Name) and root.id not in variables and isinstance(known.get(root.id), types.ModuleType):
        return is_of_library(known[root.id]) and not {"random", *_CHANGING} & set(ast.unparse(called).split("."))
    return called.attr in _METHODS


def is_of_library(thing: object) -> bool:
    """Whether a module, or a function of one, is of NumPy, SciPy or `math`."""
    name = thing.__name__ if isinstance(thing, types.ModuleType) else getattr(thing, "__module__", None)
    if name is None:  # functions of NumPy that are compiled
        name = type(thing).__module__
    return isinstance(name, str) and name.partition(".")[0] in ("numpy", "scipy", "math")
