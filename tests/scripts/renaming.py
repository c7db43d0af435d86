"""Renames every name of a program to a neutral one: `v1`, `v2`, … for its variables, functions, attributes and keys."""

from __future__ import annotations

import ast
import builtins
import string
from typing import Any

import numpy as np

#: Attributes of NumPy's and Python's own objects, which keep their names.
_FOREIGN = {name for kind in (np.ndarray, list, dict, set, str, np.random.Generator) for name in dir(kind)}

#: Methods whose first argument is a key.
_LOOKUPS = {"get", "pop", "setdefault"}

#: Functions whose second argument is the name of an attribute.
_BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}


def neutral(text: str) -> str:
    """The program with neutral names; what it computes is the same."""
    tree = ast.parse(text)
    names = _Names(tree)
    return ast.unparse(ast.fix_missing_locations(_Renamer(names).visit(tree))) + "\n"


class _Names:
    """The names that a program defines, with their neutral ones, in the order in which they appear."""

    def __init__(self, tree: ast.Module) -> None:
        self.new: dict[str, str] = {}
        self.keys: set[str] = set()
        self._imported: set[str] = set()
        self._reflects = any(getattr(n, "id", "") in _BY_NAME for n in ast.walk(tree))
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._imported |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        for node in ast.walk(tree):
            for name in _defined(node):
                self._add(name)
            self.keys |= set(_keys(node))

    def _add(self, name: str) -> None:
        foreign = name in self._imported or hasattr(builtins, name) or name.startswith("__")
        if not foreign and name not in self.new:
            self.new[name] = f"v{len(self.new) + 1}"

    def of_attribute(self, name: str) -> str:
        """The name of an attribute, which stays if objects of NumPy or Python have it as well."""
        return name if name in _FOREIGN else self.new.get(name, name)

    def of_key(self, key: str) -> str:
        """A key, letter by letter: keys that are put together from pieces stay equal to those that are not."""
        if self._reflects and key in self.new:
            return self.new[key]
        letters = string.ascii_letters
        return "".join(f"k{letters.index(c)}_" if c in letters else c for c in key)


def _defined(node: ast.AST) -> list[str]:
    """Names that a node defines."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return [node.attr]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "SimpleNamespace":
        return [keyword.arg for keyword in node.keywords if keyword.arg]
    return []


def _keys(node: ast.AST) -> list[str]:
    """Strings that a node uses as keys, or as pieces of keys."""
    places: list[ast.AST | None] = []
    if isinstance(node, ast.Subscript):
        places = [node.slice]
    elif isinstance(node, ast.Dict):
        places = list(node.keys)
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _LOOKUPS:
        places = list(node.args[:1])
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in _BY_NAME:
        places = list(node.args[1:2])
    elif isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.iter, (ast.Tuple, ast.List)):
        places = list(node.iter.elts)
    strings = (n.value for place in places if place is not None for n in ast.walk(place) if isinstance(n, ast.Constant))
    return [value for value in strings if isinstance(value, str)]


class _Renamer(ast.NodeTransformer):
    """Puts the neutral names into a tree."""

    def __init__(self, names: _Names) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> Any:
        """A variable."""
        node.id = self._names.new.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> Any:
        """A parameter of a function."""
        node.arg = self._names.new.get(node.arg, node.arg)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """An attribute."""
        self.generic_visit(node)
        node.attr = self._names.of_attribute(node.attr)
        return node

    def visit_keyword(self, node: ast.keyword) -> Any:
        """An argument by name: only the program's own functions have renamed parameters."""
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        """A call; arguments by name are renamed if the function is the program's own."""
        own = isinstance(node.func, ast.Name) and (node.func.id in self._names.new or node.func.id == "SimpleNamespace")
        own |= isinstance(node.func, ast.Attribute) and self._names.of_attribute(node.func.attr) != node.func.attr
        self.generic_visit(node)
        if own:
            for keyword in node.keywords:
                keyword.arg = self._names.new.get(keyword.arg or "", keyword.arg)
        return node

    def _definition(self, node: Any) -> Any:
        self.generic_visit(node)
        method = node.name in _FOREIGN
        node.name = node.name if method else self._names.new.get(node.name, node.name)
        return node

    visit_FunctionDef = visit_ClassDef = _definition

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> Any:
        """Names of an outer scope."""
        node.names = [self._names.new.get(name, name) for name in node.names]
        return node

    visit_Nonlocal = visit_Global

    def visit_Constant(self, node: ast.Constant) -> Any:
        """A key."""
        if isinstance(node.value, str) and node.value in self._names.keys:
            node.value = self._names.of_key(node.value)
        return node
