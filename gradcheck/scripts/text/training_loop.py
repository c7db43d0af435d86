"""Which loop trains: by what stands in it, and in the functions that it calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.scripts.text.syntax import rates

#: Names of derivatives and errors, as people write them.
ADJOINT = re.compile(
    r"(?i)^(d[A-Z0-9_]\w*|d[a-z]{1,4}\d*|d_\w+|grads?\w*|\w+_grads?|g_\w+|delta\w*|\w*_delta|nabla\w*|"
    r"\w*error|backward\w*|backprop\w*)$"
)


@dataclass(frozen=True)
class Loop:
    """A loop of the program.

    Attributes
    ----------
    number : int
        As `arrive` is told.
    node : ast.For or ast.While
    functions : tuple of ast nodes
        Around it, the innermost last.
    file, text : str
        The source that it stands in.
    """

    number: int
    node: Any
    functions: tuple[Any, ...]
    file: str
    text: str

    @property
    def trains(self) -> bool:
        """Whether its own body updates something with a learning rate."""
        return bool(_contents(self.node.body, {}, set())[1])

    @property
    def line(self) -> int:
        """Where it begins."""
        return int(self.node.lineno)


def candidates(loops: Sequence[Loop], trees: Sequence[ast.Module]) -> list[Loop]:
    """Loops that may train, the likeliest first.

    One pass of the loop that is looked for updates parameters and computes derivatives, in its own body or in what that
    calls; of the loops around each other that do, it is the innermost.
    """
    functions = _functions(trees)
    found = []
    for loop in loops:
        if not isinstance(loop.node, (ast.For, ast.While)):
            continue
        if any(isinstance(n, (ast.Yield, ast.YieldFrom, ast.Await)) for s in loop.node.body for n in ast.walk(s)):
            continue
        updates, rated, adjoints = _contents(loop.node.body, functions, set())
        if updates:
            found.append((loop, rated, adjoints))
    most = max((len(rated) for _, rated, _ in found), default=0), max((len(a) for *_, a in found), default=0)

    def rank(entry: tuple[Loop, set[int], set[str]]) -> tuple[Any, ...]:
        loop, rated, adjoints = entry
        return (most[0] - len(rated), most[1] - len(adjoints), _depth(loop, functions))

    return [entry[0] for entry in sorted(found, key=rank)]


def _depth(loop: Loop, functions: dict[str, list[Any]]) -> int:
    """How many loops there are inside this one, and in what it calls: the innermost comes first."""
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
    """Functions and methods by their names."""
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
    """Names of what is called inside."""
    found = set()
    for n in ast.walk(node):
        if isinstance(n, ast.Call):
            found.add(getattr(n.func, "attr", getattr(n.func, "id", "")))
    return found


def _contents(
    body: Sequence[Any], functions: dict[str, list[Any]], seen: set[int]
) -> tuple[set[int], set[int], set[str]]:
    """Sums and differences, those with a learning rate in them, and names of derivatives that are assigned."""
    updates: set[int] = set()
    rated: set[int] = set()
    adjoints: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Sub, ast.Add)):
                updates |= {id(node)} if not isinstance(node.value, ast.Constant) else set()
                rated |= {id(node)} if rates(node.value) or _by_number(node) else set()
            if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Add)):
                updates.add(id(node))
                rated |= {id(node)} if rates(node.right) else set()
            for name in _assigned(node):
                if ADJOINT.match(name):
                    adjoints.add(name)
        for name in _calls(statement):
            for function in functions.get(name, []):
                if id(function) not in seen:
                    seen.add(id(function))
                    more = _contents(function.body, functions, seen)
                    updates |= more[0]
                    rated |= more[1]
                    adjoints |= more[2]
    return updates, rated, adjoints


def _by_number(node: ast.AugAssign) -> bool:
    """Whether a number times something that has a name is subtracted."""
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
