"""Keeps a changed line from running without end, and from what ends the process.

A change may hand a function numbers that its author never thought of, for which a series needs a billion terms, or
spoil what a loop waits for. Neither can be left to a clock, which would make reports differ from run to run: the
numbers are compared with those of before, and turns are counted. Compiled code that does not look at its arguments is
called only with such as it had before.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable
from typing import Any, TypeVar, cast

from gradcheck.recording.calls import EVEN, Calls, largest_of
from gradcheck.recording.rewrite import OF_FRAMES, PLACEHOLDER
from gradcheck.recording.settings import RECORDING

Tree = TypeVar("Tree", ast.Module, ast.Expression)


class TooFar(ValueError):
    """A change makes a loop run on, or calls a function in a way that may not end, or end the process."""


class Trial:
    """What the code of a changed line calls in place of functions, and before each turn of a ``while`` loop.

    Parameters
    ----------
    calls : Calls
        What functions were called with before.

    Attributes
    ----------
    observer : callable, optional
        Gets what is given to `look`, and the frame of the code that is run on trial.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._turns = 0
        self.observer: Callable[[Any, types.FrameType], None] | None = None

    def begin(self) -> None:
        """Count anew."""
        self._turns = 0

    def call(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """``function(*args, **kwargs)`` on a changed line, unless the arguments are larger, or of another kind.

        Raises
        ------
        TooFar
        """
        module = getattr(function, "__module__", None) or ""
        if not module.startswith(EVEN) and not isinstance(function, type):
            known = max(1.0, self._calls.largest(function))
            if not largest_of((*args, *kwargs.values())) <= RECORDING.farther * known:
                raise TooFar(f"{getattr(function, '__name__', function)} is called with far larger numbers")
        return self.pass_on(function, *args, **kwargs)

    def pass_on(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """The same on any other line, where only the kinds of the arguments matter.

        Raises
        ------
        TooFar
        """
        if not self._calls.allow(function, args, kwargs):
            raise TooFar(f"{getattr(function, '__name__', function)} is called with arguments of another kind")
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
    """Makes loops count their turns, and calls go through a `Trial`.

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
        if own or name in OF_FRAMES:
            return node
        method = "call" if node.lineno in self._rows else "pass_on"
        guarded = ast.Attribute(ast.Constant(PLACEHOLDER), method, ast.Load())
        return ast.copy_location(ast.Call(guarded, [node.func, *node.args], node.keywords), node)


def observed(text: str) -> str:
    """The source of an expression that `Trial.look` gets to see."""
    return f"{PLACEHOLDER!r}.look({text}\n)"


def guarded(tree: Tree, rows: range) -> Tree:
    """A tree whose loops end, and whose calls are looked at first."""
    return ast.fix_missing_locations(cast(Tree, Guarding(rows).visit(tree)))
