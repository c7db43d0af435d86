"""Rewrites a syntax tree so that whatever is assigned passes through the tape. Nothing is written to disk."""

from __future__ import annotations

import ast
import copy
import types
from dataclasses import dataclass
from typing import Any

from gradcheck.scripts.instrument.expressions import TAPE, Expressions
from gradcheck.scripts.text.syntax import (
    PURE,
    after_docstring,
    appended_to,
    as_key,
    called,
    items,
    listed,
    loaded,
    only_names,
    written_into,
)

#: Parameters of methods that are no values of the step.
OWN = {"self", "cls"}


@dataclass(frozen=True)
class Unit:
    """What a source, or the body of a loop, was compiled to, and the numbers of the sites in it."""

    code: types.CodeType
    sites: range


class Taps(Expressions):
    """Puts taps around whatever is assigned in a source; the parameters are those of `Expressions`."""

    # -- statements --------------------------------------------------------------------------------------------------

    def visit(self, node: ast.AST) -> Any:
        """Keep track of the statement that an expression belongs to; what is added to it stands where it stood."""
        if not isinstance(node, ast.stmt):
            return super().visit(node)
        before, self.statement = self.statement, node
        try:
            found = super().visit(node)
        finally:
            self.statement = before
        for statement in listed(found):
            if statement is not node:
                ast.copy_location(statement, node)
        return found

    def _function(self, node: Any) -> Any:
        outside, self.in_class = self.in_class, False
        whole = copy.deepcopy(node)
        self.functions.append(node)
        number = self._kept(whole)
        first = after_docstring(node)
        node.body = [n for statement in node.body for n in listed(self.visit(statement))]
        taken = [a for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if a.arg not in OWN]
        node.body[first:first] = [ast.copy_location(self._parameter(a), node) for a in taken]
        self.functions.pop()
        self.in_class = outside
        if number is not None:
            node.body.insert(first, self._arrival(number, node))
        return node

    def _parameter(self, argument: ast.arg) -> ast.stmt:
        """A further name for what a function is given."""
        load = ast.Name(argument.arg, ast.Load())
        return ast.Expr(self.call("name", self.site(argument, argument.arg, "parameter"), load))

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        """What a lambda returns is seen where it goes."""
        self.functions.append(node)
        node.body = self.visit(node.body)
        self.functions.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """Methods, but not what the class itself assigns."""
        outside, self.in_class = self.in_class, True
        node.body = [n for statement in node.body for n in listed(self.visit(statement))]
        self.in_class = outside
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:
        """``a = b = value``."""
        if self.in_class:
            return node
        after: list[ast.stmt] = []
        before: list[ast.stmt] = []
        single = node.targets[0]
        value = node.value
        if len(node.targets) == 1 and isinstance(single, (ast.Tuple, ast.List)):
            node.value = self._unpacked(single, value)
        else:
            target = self.written(single)
            value = self._value(value, target, single)
            if all(isinstance(t, ast.Subscript) for t in node.targets):
                node.value = value
            else:
                node.value = self.call("name" if only_names(node.value) else "value", self.site(single, target), value)
        for each in node.targets:
            for item in items(each):
                more, tap = self._item(item, augmented=False)
                before += more
                after.append(tap)
        return [*before, node, *after]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """``a: type = value``."""
        if node.value is None or self.in_class or isinstance(node.target, ast.Subscript):
            return node
        target = self.written(node.target)
        node.value = self.call("value", self.site(node.target, target), self._value(node.value, target, node.target))
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Any:
        """``(a := value)``."""
        node.value = self.call("value", self.site(node, node.target.id), self.visit(node.value))
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """``a += value``: what is added, and what is there afterwards."""
        if self.in_class:
            return node
        target = copy.deepcopy(node.target)
        written = self.written(target)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            node.value = self._increment(node.value, node, written, 1 if isinstance(node.op, ast.Add) else -1)
        else:
            node.value = self.visit(node.value)
        before: list[ast.stmt] = []
        tap: ast.stmt
        if isinstance(target, ast.Name):
            load = ast.Name(target.id, ast.Load())
            tap = ast.Assign(
                [ast.Name(target.id, ast.Store())],
                self.call("post", self.site(node, written), load),
                lineno=node.lineno,
            )
        elif isinstance(target, ast.Subscript):
            before, tap = self._item(target, augmented=True)
            if before:
                assert isinstance(node.target, ast.Subscript)
                node.target.slice = ast.Name(f"{TAPE}index", ast.Load())
        else:
            owner = loaded(target.value)
            tap = ast.Expr(self.call("post_attribute", self.site(node, written), owner, ast.Constant(target.attr)))
        return [*before, node, tap]

    def visit_Return(self, node: ast.Return) -> Any:
        """What a function computes in its return statement."""
        if node.value is None:
            return node
        function = getattr(self.functions[-1], "name", "") if self.functions else ""
        if isinstance(node.value, ast.Tuple):
            node.value.elts = [self._seen(e, self.written(e), "return") for e in node.value.elts]
        else:
            node.value = self._seen(node.value, f"{function}()" if function else self.written(node.value), "return")
        return node

    def visit_Expr(self, node: ast.Expr) -> Any:
        """Calls that write into an array, ``np.add.at(a, …)``, ``a.fill(0)``, ``out=a``; and ``a.append(value)``."""
        written, longer = written_into(node.value), appended_to(node.value)
        original = copy.deepcopy(written) if written is not None else None
        if longer is not None:
            call = self.call("appended", self.site(node, self.written(longer)), loaded(longer))
            node.value = self.visit(node.value)
            return [node, ast.Expr(call)]
        node.value = self.visit(node.value)
        if original is None:
            return node
        if isinstance(original, ast.Subscript):
            before, tap = self._item(original, augmented=True)
            return [*before, node, tap]
        site = self.site(node, self.written(original))
        if isinstance(original, ast.Attribute):
            call = self.call("post_attribute", site, loaded(original.value), ast.Constant(original.attr))
        else:
            call = self.call("post", site, original)
        return [node, ast.Expr(call)]

    def _kept(self, node: Any) -> int | None:
        """Keep a loop, or a function, as it is written; its number."""
        if self.loops is None:
            return None
        self.loops.append((node, tuple(self.functions), self.file, self.text))
        return len(self.loops) - 1

    def _arrival(self, number: int, node: Any) -> ast.stmt:
        """The statement that tells that a loop, or a function, begins."""
        scope, variables = (ast.Call(ast.Name(f, ast.Load()), [], []) for f in ("globals", "locals"))
        return ast.copy_location(ast.Expr(self.call("arrive", ast.Constant(number), scope, variables)), node)

    def _loop(self, node: Any) -> Any:
        number = self._kept(copy.deepcopy(node))
        self.generic_visit(node)
        if number is not None:
            node.body.insert(0, self._arrival(number, node))
        return node

    visit_For = visit_While = _loop

    def _unpacked(self, target: ast.Tuple | ast.List, value: ast.expr) -> ast.expr:
        """``a, b = value``."""
        if any(isinstance(e, ast.Starred) for e in target.elts):
            visited: ast.expr = self.visit(value)
            return visited
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            taps = []
            for t, v in zip(target.elts, value.elts, strict=True):
                if isinstance(t, (ast.Tuple, ast.List)):
                    taps.append(self._unpacked(t, v))
                elif isinstance(t, ast.Subscript):
                    taps.append(self.visit(v))
                else:
                    method, written = "name" if only_names(v) else "value", self.written(t)
                    taps.append(self.call(method, self.site(t, written), self._value(v, written, t)))
            value.elts = taps
            return value
        return self.call("unpack", self._sites(target), self.visit(value))

    def _sites(self, target: ast.expr) -> ast.expr:
        if isinstance(target, (ast.Tuple, ast.List)):
            return ast.Tuple([self._sites(e) for e in target.elts], ast.Load())
        if isinstance(target, ast.Subscript):
            return ast.Constant(None)
        return self.site(target, self.written(target))

    def _item(self, target: ast.Subscript, *, augmented: bool) -> tuple[list[ast.stmt], ast.stmt]:
        """The tap after an assignment to an item; an index that is not sure to come out again is kept before it."""
        before: list[ast.stmt] = []
        key: ast.expr = loaded(target.slice)
        if any(isinstance(n, ast.Call) and called(n) not in PURE for n in ast.walk(target.slice)):
            before = [ast.Assign([ast.Name(f"{TAPE}index", ast.Store())], key, lineno=target.lineno)]
            target.slice = ast.Name(f"{TAPE}index", ast.Load())
            key = ast.Name(f"{TAPE}index", ast.Load())
        site = self.site(target, self.written(target))
        call = self.call("post_item", site, loaded(target.value), as_key(key), ast.Constant(augmented))
        return before, ast.Expr(call)
