"""Ranks the loops of a program by how much they look like a training loop."""

from __future__ import annotations

import ast
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradcheck.scripts.text.statement import adds_to
from gradcheck.scripts.text.syntax import called_name, is_product, is_reference

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

#: A loop in which fewer than this part of the assignments stand that updates are computed from only updates.
_COMPLETE = 0.5


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
        """Whether its own body adds a product to something, as an update does."""
        return bool(_contents(self.node.body, {}).rated)

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
        Those that may be a variable plus a product, as an update is.
    reads, unrated_reads : set of str
        What those read, and what the other updates read.
    assignments : list of (list of str, set of str)
        What statements assign, and what they read.
    """

    updates: set[int] = field(default_factory=set)
    rated: set[int] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    unrated_reads: set[str] = field(default_factory=set)
    assignments: list[tuple[list[str], set[str]]] = field(default_factory=list)

    def add(self, other: _Contents) -> None:
        """Add what another body contains."""
        self.updates.update(other.updates)
        self.rated.update(other.rated)
        self.reads.update(other.reads)
        self.unrated_reads.update(other.unrated_reads)
        self.assignments.extend(other.assignments)

    @property
    def behind_updates(self) -> int:
        """The number of assignments that the updates are computed from: those with a product, if there are any."""
        known, used, left = set(self.reads or self.unrated_reads), 0, list(self.assignments)
        while True:
            hit = [entry for entry in left if not known.isdisjoint(entry[0])]
            if not hit:
                return used
            used += len(hit)
            left = [entry for entry in left if known.isdisjoint(entry[0])]
            for _, read in hit:
                known |= read


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

    One iteration of the training loop updates parameters and computes what it updates them with, in its body or in
    functions that the body calls. Of nested loops that do, the innermost comes first.
    """
    return _ranked([loop for loop in loops if loop.is_loop], trees)


def complete_loops(loops: Sequence[Loop], trees: Sequence[ast.Module]) -> set[int]:
    """The numbers of loops that update something, and contain most of what updates are computed from anywhere."""
    functions = _functions(trees)
    contents = {loop.number: _contents(loop.node.body, functions) for loop in loops if loop.is_loop}
    behind = {number: found.behind_updates for number, found in contents.items() if found.updates}
    most = max(behind.values(), default=0)
    return {number for number, count in behind.items() if count >= _COMPLETE * most}


def adds_products(loops: Sequence[Loop], trees: Sequence[ast.Module]) -> list[Loop]:
    """The loops that add a product to something, in their body or in functions that it calls, in the same order."""
    functions = _functions(trees)
    return [loop for loop in loops if _contents(loop.node.body, functions).rated]


def rank_functions(loops: Sequence[Loop], trees: Sequence[ast.Module]) -> list[Loop]:
    """Functions that may be training steps, the likeliest first: of those that call each other, the innermost."""
    return _ranked([loop for loop in loops if isinstance(loop.node, (ast.FunctionDef, ast.AsyncFunctionDef))], trees)


def _ranked(loops: Sequence[Loop], trees: Sequence[ast.Module]) -> list[Loop]:
    functions = _functions(trees)
    found = []
    for loop in loops:
        contents = _contents(loop.node.body, functions, set() if loop.is_loop else {id(loop.node)})
        if contents.updates:
            found.append((loop, contents, contents.behind_updates))

    most = max((behind for _, _, behind in found), default=0)

    def rank(entry: tuple[Loop, _Contents, int]) -> tuple[int, bool, int, int, int]:
        loop, contents, behind = entry
        of_function = 0 if loop.is_loop else len(contents.updates)
        inner = _inner_loops(loop, functions)
        return -len(contents.rated), behind < _COMPLETE * most, inner, of_function, -behind

    return [entry[0] for entry in sorted(found, key=rank)]


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
    """Outermost loops of the same file that add products to something, outside the given loop."""
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
        for name, node in _defined(tree):
            found.setdefault(name, []).append(node)
    return found


def _defined(tree: ast.Module) -> list[tuple[str, Any]]:
    """The functions of one tree, each with the name by which it is called."""
    known = _DEFINED.get(tree)
    if known is None:
        known = []
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                known.append((node.name, node))
            elif isinstance(node, ast.ClassDef):
                known += [
                    (node.name, item)
                    for item in node.body
                    if isinstance(item, ast.FunctionDef) and item.name in ("__init__", "__call__")
                ]
        _DEFINED[tree] = known
    return known


def _calls(node: ast.AST) -> set[str]:
    """Names of the functions that are called inside."""
    return _own(node).called


def _contents(
    body: Sequence[Any], functions: dict[str, list[Any]], seen: set[int] | None = None, found: _Contents | None = None
) -> _Contents:
    """The updates and assignments in a body; `seen` are the functions that were visited already."""
    found, seen = found or _Contents(), set() if seen is None else seen
    for statement in body:
        own = _own(statement)
        found.add(own.contents)
        for name, read in own.calls:
            for function in functions.get(name, []):
                found.assignments.append(([each.arg for each in function.args.args], read))
        for name in own.called:
            for function in functions.get(name, []):
                if id(function) not in seen:
                    seen.add(id(function))
                    found.assignments.extend(([f"{name}()"], read) for read in _own(function).returned)
                    _contents(function.body, functions, seen, found)
    return found


@dataclass(frozen=True)
class _Own:
    """What one statement contains itself.

    Attributes
    ----------
    contents : _Contents
    calls : list of (str, set of str)
        The names of functions that are called, each with what the arguments read.
    called : set of str
    returned : list of set of str
        What its `return` statements read.
    """

    contents: _Contents
    calls: list[tuple[str, set[str]]]
    called: set[str]
    returned: list[set[str]]


#: What is known of the nodes of trees: programs import many modules, and loops are ranked again after each of them.
_DEFINED: weakref.WeakKeyDictionary[ast.Module, list[tuple[str, Any]]] = weakref.WeakKeyDictionary()
_KNOWN: weakref.WeakKeyDictionary[ast.AST, _Own] = weakref.WeakKeyDictionary()


def _own(statement: ast.AST) -> _Own:
    known = _KNOWN.get(statement)
    if known is None:
        contents, calls, returned = _Contents(), [], []
        for node in ast.walk(statement):
            _add_update(node, contents)
            targets, value = _assigned(node), getattr(node, "value", None)
            if targets and value is not None:
                contents.assignments.append((targets, _read(value)))
            elif isinstance(node, (ast.For, ast.comprehension)):
                contents.assignments.append((_names_in(node.target), _read(node.iter)))
            elif isinstance(node, ast.Call):
                calls.append((called_name(node), set[str]().union(*map(_read, node.args))))
            elif isinstance(node, ast.Return) and node.value is not None:
                returned.append(_read(node.value))
        called = {called_name(node) for node in ast.walk(statement) if isinstance(node, ast.Call)}
        _KNOWN[statement] = known = _Own(contents, calls, called, returned)
    return known


def _add_update(node: Any, found: _Contents) -> None:
    """Note a node that may be an update, and what it reads."""
    value, rated = None, False
    if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Sub, ast.Add)):
        value, rated = node.value, is_product(node.value)
        if isinstance(value, ast.Constant):
            return
    elif isinstance(node, ast.Assign) and adds_to(node.value, node.targets[0]):
        value, rated = node.value, is_product(node.value.right)  # type: ignore[attr-defined]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Add)):
        value = node
        rated = isinstance(node.op, ast.Sub) and is_reference(node.left) and is_product(node.right)
    if value is not None:
        found.updates.add(id(value))
        if rated:
            found.rated.add(id(value))
        (found.reads if rated else found.unrated_reads).update(_read(value))


def _read(node: ast.AST) -> set[str]:
    """Names, attributes and keys that an expression reads, and the functions that it calls."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            found.add(inner.id)
        elif isinstance(inner, ast.Attribute):
            found.add(inner.attr)
        elif isinstance(inner, ast.Call):
            found.add(f"{called_name(inner)}()")
        elif isinstance(inner, ast.Subscript) and isinstance(inner.slice, ast.Constant):
            found.add(str(inner.slice.value))
    return found


def _names_in(target: ast.AST) -> list[str]:
    """The names that a loop assigns."""
    return [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]


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
