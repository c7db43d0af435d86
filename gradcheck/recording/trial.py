"""Keeps a changed line from running without end: by the numbers that functions are called with, and by counting turns.

A change may hand a function numbers that its author never thought of, for which a series needs a billion terms, or
spoil what a loop waits for. Neither can be left to a clock, which would make reports differ from run to run.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import numpy as np

from gradcheck.recording.rewrite import PLACEHOLDER
from gradcheck.recording.settings import RECORDING

#: Modules whose functions take as long for large numbers as for small ones.
EVEN = ("numpy", "builtins", "math", "operator", "_operator")

Tree = TypeVar("Tree", ast.Module, ast.Expression)


class TooFar(ValueError):
    """A changed line calls a function with numbers far larger than before, or makes a loop run on."""


def key_of(function: Any) -> Any:
    """What stays the same where a function is defined again at each call; None if it cannot be told apart."""
    code = getattr(function, "__code__", function)
    try:
        hash(code)
    except TypeError:
        return None
    return code


def largest_of(arguments: tuple[Any, ...]) -> float:
    """The largest size of a number among some arguments; 0 without numbers."""
    sizes = [
        float(np.max(np.abs(each)))
        for each in arguments
        if isinstance(each, (np.ndarray, float, int)) and np.size(each) and np.asarray(each).dtype.kind in "fiu"
    ]
    return max(sizes, default=0.0)


class Trial:
    """What the code of a changed line calls in place of functions, and before each turn of a ``while`` loop.

    Parameters
    ----------
    largest : mapping
        The largest number that each function was called with before.

    Attributes
    ----------
    observer : callable, optional
        Gets what is given to `look`, and the frame of the code that is run on trial.
    """

    def __init__(self, largest: Mapping[Any, float]) -> None:
        self._largest = largest
        self._turns = 0
        self.observer: Callable[[Any, types.FrameType], None] | None = None

    def begin(self) -> None:
        """Count anew."""
        self._turns = 0

    def call(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """``function(*args, **kwargs)``, unless it is called with numbers that are far too large.

        Raises
        ------
        TooFar
        """
        module = getattr(function, "__module__", None) or ""
        if not module.startswith(EVEN) and not isinstance(function, type):
            known = max(1.0, self._largest.get(key_of(function), 0.0))
            if not largest_of((*args, *kwargs.values())) <= RECORDING.farther * known:
                raise TooFar(f"{getattr(function, '__name__', function)} is called with far larger numbers")
        return function(*args, **kwargs)

    def look(self, value: Any) -> Any:
        """A value, which the observer sees."""
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename == __file__:
            frame = frame.f_back
        if self.observer is not None:
            self.observer(value, frame)
        return value

    def turn(self) -> bool:
        """Count a turn of a loop.

        Raises
        ------
        TooFar
        """
        self._turns += 1
        if self._turns > RECORDING.most_turns:
            raise TooFar("a loop runs on")
        return True


class Guarding(ast.NodeTransformer):
    """Makes loops count their turns, and calls on some lines go through a `Trial`.

    Parameters
    ----------
    rows : range
        The lines of the changed expression.
    """

    def __init__(self, rows: range) -> None:
        self._rows = rows

    def visit_While(self, node: ast.While) -> ast.While:
        """``while condition`` counts."""
        self.generic_visit(node)
        turn = ast.Call(ast.Attribute(ast.Constant(PLACEHOLDER), "turn", ast.Load()), [], [])
        node.test = ast.BoolOp(ast.And(), [turn, node.test])
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Calls, but of what looks at the frame that it is called from."""
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        own = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "value", None) == PLACEHOLDER
        if (
            node.lineno not in self._rows
            or own
            or name in ("super", "locals", "globals", "vars", "dir", "eval", "exec")
        ):
            return node
        guarded = ast.Attribute(ast.Constant(PLACEHOLDER), "call", ast.Load())
        return ast.copy_location(ast.Call(guarded, [node.func, *node.args], node.keywords), node)


def observed(text: str) -> str:
    """The source of an expression that `Trial.look` gets to see."""
    return f"{PLACEHOLDER!r}.look({text}\n)"


def guarded(tree: Tree, rows: range) -> Tree:
    """A tree whose loops end, and whose calls on some lines are looked at first."""
    return ast.fix_missing_locations(cast(Tree, Guarding(rows).visit(tree)))
