"""Ranks the loops of a program by how much they look like a training loop."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.scripts.text.syntax import called_name, learning_rates

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

#: Usual names of derivatives and errors.
DERIVATIVE = re.compile(
    r"(?i)^(d[A-Z0-9_]\w*|d[a-z]{1,4}\d*|d_\w+|grads?\w*|\w+_grads?|g_\w+|delta\w*|\w*_delta|nabla\w*|"
    r"\w*error|backward\w*|backprop\w*)$"
)


@dataclass(frozen=True)
class Loop:
    """A loop of the program, or a function that is checked in place of one.

    Attributes
    ----------
    number : int
        The number that the instrumented program passes to `Tracer.arrive`.
    node : ast.For or ast.While or ast.FunctionDef
    functions : tuple of ast nodes
        The functions around it, the innermost last.
    file, text : str
        The source that contains it.
    class_name : str
        The innermost class around it; empty if there is none.
    """

    number: int
    node: Any
    functions: tuple[Any, ...]
    file: str
    text: str
    class_name: str = ""

    @property
    def is_loop(self) -> bool:
        """Whether it is a loop or a comprehension, not a function."""
        return isinstance(self.node, (ast.For, ast.While, ast.AsyncFor))

    @property
    def trains(self) -> bool:
        """Whether its own body updates something with a learning rate."""
        return bool(_contents(self.node.body, {}, set()).rated)

    @property
    def line(self) -> int:
        """Its first line."""
        return int(self.node.lineno)

    @property
    def place(self) -> tuple[str, type, int, int]:
        """Where it is, in whatever run of the program."""
        return self.file, type(self.node), self.line, int(self.node.col_offset)

    def contains(self, other: Loop) -> bool:
        """Whether another loop is inside this one. A loop in another function counts as inside."""
        return self.line < other.line <= (self.node.end_lineno or self.line) or self.functions != other.functions


@dataclass(frozen=True)
class _Contents:
    """What a body of statements contains, called functions included.

    Attributes
    ----------
    updates : set of int
        Sums and differences, by the id of their node.
    rated : set of int
        Those with a learning rate.
    derivatives : set of str
        Names of derivatives that are assigned.
    """

    updates: set[int]
    rated: set[int]
    derivatives: set[str]


def as_loop(node: Any) -> ast.For:
    """A comprehension as a loop whose body computes one element."""
    values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    body: list[ast.stmt] = [ast.copy_location(ast.Expr(value), value) for value in values]
    last = node.generators[-1]
    return ast.copy_location(ast.For(last.target, last.iter, body, []), node)


def find_loop(tree: ast.Module, loop: ast.AST) -> Any:
    """A loop, a function or a comprehension in another tree of the same source."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            if isinstance(loop, ast.For) and _position(node) == _position(loop):
                return as_loop(node)
        elif type(node) is type(loop) and _position(node) == _position(loop):
            return node
    raise LookupError(f"the loop on line {getattr(loop, 'lineno', 0)} is not in this source")


def _position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def rank_loops(loops: Sequence[Loop], trees: Sequence[ast.Module]) -> list[Loop]:
    """Loops that may train, the likeliest first.

    One iteration of the training loop updates parameters and computes derivatives, in its body or in functions that
    the body calls. Of nested loops that do, the innermost comes first.
    """
    return _ranked([loop for loop in loops if loop.is_loop], trees)


def rank_functions(loops: Sequence[Loop], trees: Sequence[ast.Module]) -> list[Loop]:
    """Functions that may be training steps, the likeliest first: of those that call each other, the innermost."""
    return _ranked([loop for loop in loops if isinstance(loop.node, (ast.FunctionDef, ast.AsyncFunctionDef))], trees)


def _ranked(loops: Sequence[Loop], trees: Sequence[ast.Module]) -> list[Loop]:
    functions = _functions(trees)
    found = []
    for loop in loops:
        contents = _contents(loop.node.body, functions, set() if loop.is_loop else {id(loop.node)})
        if contents.updates:
            found.append((loop, contents))
    most_rated = max((len(contents.rated) for _, contents in found), default=0)
    most_derivatives = max((len(contents.derivatives) for _, contents in found), default=0)

    def rank(entry: tuple[Loop, _Contents]) -> tuple[int, int, int, int]:
        loop, contents = entry
        return (
            most_rated - len(contents.rated),
            most_derivatives - len(contents.derivatives),
            _inner_loops(loop, functions),
            0 if loop.is_loop else len(contents.updates),
        )

    return [loop for loop, _ in sorted(found, key=rank)]


def loops_run_by(file: str, trees: Mapping[str, ast.Module], loops: Sequence[Loop]) -> list[Loop]:
    """The loops that run when one file, or one cell, runs: its own, and those of functions that it calls by name."""
    functions: dict[str, list[tuple[str, Any]]] = {}
    for name, tree in trees.items():
        for called, nodes in _functions([tree]).items():
            functions.setdefault(called, []).extend((name, node) for node in nodes)
    stack = [(file, node) for node in trees[file].body if not isinstance(node, _DEFINITIONS)]
    places: set[tuple[str, int, int]] = set()
    seen: set[int] = set()
    while stack:
        where, statement = stack.pop()
        places |= {(where, *_position(node)) for node in ast.walk(statement)}
        for name in _calls(statement):
            for other, function in functions.get(name, []):
                if id(function) not in seen:
                    seen.add(id(function))
                    stack += [(other, node) for node in function.body]
    return [loop for loop in loops if (loop.file, *_position(loop.node)) in places]


def other_training_loops(loop: Loop, loops: Sequence[Loop], trees: Sequence[ast.Module]) -> list[Loop]:
    """Outermost loops of the same file that update something with a learning rate, outside the given loop."""
    inside = range(loop.line, (loop.node.end_lineno or loop.line) + 1)
    others = [
        other
        for other in rank_loops(loops, trees)
        if other.file == loop.file and other.line not in inside and not other.contains(loop)
    ]
    return [o for o in others if o.trains and not any(p.contains(o) for p in others if p is not o)]


def _inner_loops(loop: Loop, functions: dict[str, list[Any]]) -> int:
    """The number of loops inside this one and in the functions that it calls."""
    seen: set[int] = set()
    stack, count = list(loop.node.body), 0
    while stack:
        node = stack.pop()
        for inner in ast.walk(node):
            count += isinstance(inner, (ast.For, ast.While))
        for name in _calls(node):
            for function in functions.get(name, []):
                if id(function) not in seen:
                    seen.add(id(function))
                    stack += function.body
    return count


def _functions(trees: Sequence[ast.Module]) -> dict[str, list[Any]]:
    """Functions and methods by name; a class's name leads to its `__init__` and `__call__`."""
    found: dict[str, list[Any]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.ClassDef):
                for item in node.body:
                    if isinstance(item, ast.FunctionDef) and item.name in ("__init__", "__call__"):
                        found.setdefault(node.name, []).append(item)
    return found


def _calls(node: ast.AST) -> set[str]:
    """Names of the functions that are called inside."""
    return {called_name(n) for n in ast.walk(node) if isinstance(n, ast.Call)}


def _contents(body: Sequence[Any], functions: dict[str, list[Any]], seen: set[int]) -> _Contents:
    """The updates and derivatives in a body; `seen` are the functions that were visited already."""
    updates: set[int] = set()
    rated: set[int] = set()
    derivatives: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Sub, ast.Add)):
                updates |= {id(node)} if not isinstance(node.value, ast.Constant) else set()
                rated |= {id(node)} if learning_rates(node.value) or _subtracts_scaled(node) else set()
            if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Add)):
                updates.add(id(node))
                rated |= {id(node)} if learning_rates(node.right) else set()
            derivatives |= {name for name in _assigned(node) if DERIVATIVE.match(name)}
        for name in _calls(statement):
            for function in functions.get(name, []):
                if id(function) not in seen:
                    seen.add(id(function))
                    called = _contents(function.body, functions, seen)
                    updates |= called.updates
                    rated |= called.rated
                    derivatives |= called.derivatives
    return _Contents(updates, rated, derivatives)


def _subtracts_scaled(node: ast.AugAssign) -> bool:
    """Whether a float times something is subtracted: ``w -= 0.1 * g``."""
    product = node.value
    return (
        isinstance(node.op, ast.Sub)
        and isinstance(product, ast.BinOp)
        and isinstance(product.left, ast.Constant)
        and isinstance(product.left.value, float)
    )


def _assigned(node: ast.AST) -> list[str]:
    """Names, attributes and keys that a statement assigns."""
    targets: list[Any] = []
    if isinstance(node, ast.Assign):
        targets = list(node.targets)
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        targets = [node.target]
    found = []
    while targets:
        target = targets.pop()
        if isinstance(target, (ast.Tuple, ast.List)):
            targets += target.elts
        elif isinstance(target, ast.Subscript):
            if isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str):
                found.append(target.slice.value)
            targets.append(target.value)
        elif isinstance(target, ast.Attribute):
            found.append(target.attr)
        elif isinstance(target, ast.Name):
            found.append(target.id)
    return found
