"""Rewrites the expressions inside functions so that each hands its operands to the recorder.

`x @ w - y` becomes ``recorder.binary(7, "Sub", recorder.binary(6, "MatMult", x, w), y)``: the arrays stay plain arrays.
Code outside of functions, decorators, defaults and annotations stay as they are. The recorder is a constant of the
compiled code, so that no namespace of the user gets a name more.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, cast

from gradcheck.recording.sites import Site, Unit, rows_of, span_of

#: Stands for the recorder in the compiled code, until the constant is exchanged.
PLACEHOLDER = "\0gradcheck recorder\0"

#: Calls that look at the frame they are made from.
OF_FRAMES = {"super", "locals", "globals", "vars", "dir", "eval", "exec", "breakpoint", "input", "__import__"}

#: Attributes of an array that are arrays of the same memory.
_VIEWS = {"T", "real", "imag"}

_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult, ast.Mod, ast.FloorDiv)


class Rewriter(ast.NodeTransformer):
    """Rewrites the tree of one file.

    Parameters
    ----------
    file : str
    source : str
    sites, units : list
        What is found is appended.
    aside : str, optional
        A name whose methods are called as they are. They may tell objects apart, so a name alone stays the same object.
    """

    def __init__(self, file: str, source: str, sites: list[Site], units: list[Unit], aside: str = "") -> None:
        self._file, self._source, self._lines = file, source, rows_of(source)
        self._sites, self._units, self._aside = sites, units, aside
        self._scopes: list[str] = []
        self._depth = 0  # of functions, 0 where nothing is rewritten
        self._unit = -1
        self._temporary = 0

    # -- places --------------------------------------------------------------------------------------------------------

    def _text(self, node: ast.AST) -> str:
        """Source of a node in one line."""
        line, column, end_line, end_column = span_of(node)
        rows = [row.encode() for row in self._lines[line - 1 : end_line]]
        if not rows:
            return ""
        rows[-1] = rows[-1][:end_column]
        rows[0] = rows[0][column:]
        return " ".join(b" ".join(rows).decode(errors="replace").split())

    def _enter(self, shown: ast.AST, value: ast.AST, target: str, is_result: bool = False) -> None:
        """Begin a unit."""
        self._unit = len(self._units)
        function = ".".join(self._scopes)
        line = getattr(shown, "lineno", 0)
        self._units.append(Unit(self._file, line, span_of(value), self._text(shown), target, function, is_result))

    def _site(self, node: ast.AST) -> ast.Constant:
        self._sites.append(Site(self._unit, span_of(node), self._text(node)))
        return ast.Constant(len(self._sites) - 1)

    def _call(self, method: str, node: ast.AST, *args: ast.expr, keywords: Sequence[ast.keyword] = ()) -> ast.Call:
        function = ast.Attribute(ast.Constant(PLACEHOLDER), method, ast.Load())
        return ast.copy_location(ast.Call(function, list(args), list(keywords)), node)

    # -- scopes --------------------------------------------------------------------------------------------------------

    def _function(self, node: Any) -> Any:
        outer, self._unit = self._unit, -1
        self._scopes.append(node.name)
        self._depth += 1
        node.body = self._statements(node.body)
        self._depth -= 1
        self._scopes.pop()
        self._unit = outer
        return node

    visit_FunctionDef = _function
    visit_AsyncFunctionDef = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Only the methods; the body itself runs once, when the class is made."""
        outer, self._depth = self._depth, 0
        self._scopes.append(node.name)
        node.body = self._statements(node.body)
        self._scopes.pop()
        self._depth = outer
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """What it returns is a unit of its own."""
        outer = self._unit
        self._depth += 1
        self._enter(node.body, node.body, "lambda")
        value = self._value(node.body)
        node.body = self._call("returned", node.body, ast.Constant(self._unit), value)
        self._depth -= 1
        self._unit = outer
        return node

    def _statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            new = self.visit(statement)
            found += new if isinstance(new, list) else [new]
        return found

    def body(self, statements: Sequence[ast.stmt], scopes: Sequence[str]) -> list[ast.stmt]:
        """Statements that are the body of a function inside some scopes, rewritten."""
        self._scopes, self._depth, self._unit = list(scopes), 1, -1
        return self._statements(list(statements))

    # -- statements ----------------------------------------------------------------------------------------------------

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """A call for its effect."""
        if self._depth:
            self._enter(node, node.value, "")
        node.value = self.visit(node.value)
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        """What a function returns."""
        if not self._depth or node.value is None:
            return node
        self._enter(node, node.value, self._scopes[-1] if self._scopes else "", True)
        unit = self._unit
        node.value = self._call("returned", node, ast.Constant(unit), self._value(node.value))
        return node

    def visit_Assign(self, node: ast.Assign) -> Any:
        """A value with its names; writes into arrays become calls."""
        if not self._depth:
            return self.generic_visit(node)
        first = node.targets[0]
        self._enter(node, node.value, self._text(first))
        unit = self._unit
        value = self._value(node.value, first)
        if len(node.targets) == 1 and isinstance(first, ast.Subscript):
            return ast.copy_location(ast.Expr(self._store(node, value, first)), node)
        if any(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets):
            names: Any = ast.Constant(cast("Any", tuple(self._names(first))))
            value = self._call("unpacked", node, self._site(node.value), names, value)
        else:
            value = self._call("assigned", node, ast.Constant(unit), value)
        after: list[ast.stmt] = []
        node.targets = [self._target(target, after) for target in node.targets]
        node.value = value
        return [node, *after]

    def _names(self, target: ast.expr) -> list[str]:
        if isinstance(target, (ast.Tuple, ast.List)):
            return [self._text(each) for each in target.elts]
        return [self._text(target)]

    def _target(self, target: ast.expr, after: list[ast.stmt]) -> ast.expr:
        """A target in which items are temporary variables, which are stored afterwards."""
        if isinstance(target, (ast.Tuple, ast.List)):
            target.elts = [self._target(each, after) for each in target.elts]
        elif isinstance(target, ast.Starred):
            target.value = self._target(target.value, after)
        elif isinstance(target, ast.Subscript):
            name = f"_gradcheck_{self._temporary}"
            self._temporary += 1
            stored = self._store(target, ast.copy_location(ast.Name(name, ast.Load()), target), target)
            after.append(ast.copy_location(ast.Expr(stored), target))
            return ast.copy_location(ast.Name(name, ast.Store()), target)
        else:
            self.generic_visit(target)
        return target

    def _store(self, node: ast.AST, value: ast.expr, target: ast.Subscript) -> ast.Call:
        site = self._site(target)
        return self._call("store", node, site, value, self.visit(target.value), self._index(target))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """As an assignment, but for the annotation."""
        if not self._depth:
            return self.generic_visit(node)  # lambdas
        if node.value is not None and not isinstance(node.target, ast.Subscript):
            self._enter(node, node.value, self._text(node.target))
            unit = self._unit
            node.value = self._call("assigned", node, ast.Constant(unit), self._value(node.value))
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """``x += e`` becomes an assignment of what the recorder adds in place."""
        if not self._depth:
            return self.generic_visit(node)
        self._enter(node, node.value, self._text(node.target))
        unit, site, kind = self._unit, self._site(node), ast.Constant(type(node.op).__name__)
        target = node.target
        if isinstance(target, ast.Subscript):
            base, index, place = self.visit(target.value), self._index(target), self._site(target)
            stored = self._call("store_in_place", node, site, place, kind, base, index, self.visit(node.value))
            return ast.copy_location(ast.Expr(stored), node)
        before: list[ast.stmt] = []
        if isinstance(target, ast.Attribute):
            owner: ast.expr = self.visit(target.value)
            if not isinstance(target.value, ast.Name):
                name = f"_gradcheck_{self._temporary}"
                self._temporary += 1
                kept = ast.Assign([ast.Name(name, ast.Store())], owner)
                before.append(ast.copy_location(kept, node))
                owner = ast.Name(name, ast.Load())
            load: ast.expr = ast.copy_location(ast.Attribute(owner, target.attr, ast.Load()), target)
            target = ast.copy_location(ast.Attribute(owner, target.attr, ast.Store()), target)
        else:
            load = ast.copy_location(ast.Name(target.id, ast.Load()), target)
        value = self._call("in_place", node, site, kind, load, self.visit(node.value))
        named = self._call("assigned", node, ast.Constant(unit), value)
        return [*before, ast.copy_location(ast.Assign([target], named), node)]

    def visit_For(self, node: ast.For) -> ast.AST:
        """The rows of an array are values too."""
        if self._depth:
            self._enter(node.iter, node.iter, self._text(node.target))
            node.iter = self._call("iterate", node.iter, self._site(node.iter), self.visit(node.iter))
        node.body = self._statements(node.body)
        node.orelse = self._statements(node.orelse)
        return node

    def _test(self, node: Any) -> Any:
        if self._depth:
            self._enter(node.test, node.test, "")
            node.test = self.visit(node.test)
        node.body = self._statements(node.body)
        node.orelse = self._statements(node.orelse)
        return node

    visit_If = _test
    visit_While = _test

    # -- expressions ---------------------------------------------------------------------------------------------------

    def _value(self, node: ast.expr, target: ast.expr | None = None) -> ast.expr:
        """The expression of a unit: a name alone is a value of its own, and each entry of a display is a unit."""
        whole = self._unit
        if isinstance(node, (ast.Tuple, ast.List)) and not any(isinstance(each, ast.Starred) for each in node.elts):
            targets = getattr(target, "elts", [])
            fits = len(targets) == len(node.elts)
            for i, entry in enumerate(node.elts):
                name = self._text(targets[i]) if fits else f"{self._units[whole].target}[{i}]"
                node.elts[i] = self._entry(entry, name)
        elif isinstance(node, ast.Dict):
            for i, entry in enumerate(node.values):
                key = node.keys[i]
                if key is not None:
                    node.values[i] = self._entry(entry, self._text(key))
                    node.keys[i] = self.visit(key)
        elif not self._aside and (
            isinstance(node, (ast.Name, ast.Attribute))
            or (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant))
        ):
            site = self._site(node)
            return self._call("alias", node, site, self.visit(node))
        else:
            return self.visit(node)  # type: ignore[no-any-return]
        self._unit = whole
        return node

    def _entry(self, node: ast.expr, name: str) -> ast.expr:
        whole = self._unit
        self._enter(node, node, name, True)
        unit = self._unit
        value = self._call("assigned", node, ast.Constant(unit), self._value(node))
        self._unit = whole
        return value

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        """``(name := value)``."""
        node.value = self.visit(node.value)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """An operator; one of two constants is none."""
        constant = isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)
        if not self._depth or constant or not isinstance(node.op, _OPERATORS):
            return self.generic_visit(node)
        site = self._site(node)
        left, right = self.visit(node.left), self.visit(node.right)
        return self._call("binary", node, site, ast.Constant(type(node.op).__name__), left, right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """A minus sign."""
        if not self._depth or not isinstance(node.op, ast.USub) or isinstance(node.operand, ast.Constant):
            return self.generic_visit(node)
        return self._call("negative", node, self._site(node), self.visit(node.operand))

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """One comparison; chains stay as they are."""
        if not self._depth or len(node.ops) != 1 or not isinstance(node.ops[0], _COMPARISONS):
            return self.generic_visit(node)
        site, kind = self._site(node), ast.Constant(type(node.ops[0]).__name__)
        return self._call("compare", node, site, kind, self.visit(node.left), self.visit(node.comparators[0]))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A call, but for one that looks at its frame."""
        if not self._depth or (isinstance(node.func, ast.Name) and node.func.id in OF_FRAMES):
            return self.generic_visit(node)
        if self._aside and _is_method_of(self._aside, node.func):
            return self.generic_visit(node)
        site = self._site(node)
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
            function: ast.expr = node.func
        else:
            function = self.visit(node.func)
        args: list[ast.expr] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                inner = self._call("iterate", argument, self._site(argument.value), self.visit(argument.value))
                args.append(ast.copy_location(ast.Starred(inner, ast.Load()), argument))
            else:
                args.append(self.visit(argument))
        keywords = [ast.keyword(keyword.arg, self.visit(keyword.value)) for keyword in node.keywords]
        return self._call("call", node, site, function, *args, keywords=keywords)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """An item that is read."""
        constant = isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
        if not self._depth or not isinstance(node.ctx, ast.Load) or constant:
            return self.generic_visit(node)
        site = self._site(node)
        return self._call("item", node, site, self.visit(node.value), self._index(node))

    def _index(self, node: ast.Subscript) -> ast.expr:
        """What stands in the brackets, as a value: ``recorder.index[1:, :]`` is the tuple of both."""
        getter = ast.Attribute(ast.Constant(PLACEHOLDER), "index", ast.Load())
        return ast.copy_location(ast.Subscript(getter, self.visit(node.slice), ast.Load()), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """A transposition and other views."""
        if not self._depth or node.attr not in _VIEWS or not isinstance(node.ctx, ast.Load):
            return self.generic_visit(node)
        return self._call("attribute", node, self._site(node), self.visit(node.value), ast.Constant(node.attr))

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        """As the head of a loop."""
        if self._depth and not node.is_async:
            node.iter = self._call("iterate", node.iter, self._site(node.iter), self.visit(node.iter))
            node.ifs = [self.visit(test) for test in node.ifs]
            return node
        return self.generic_visit(node)

    def _as_it_is(self, node: ast.AST) -> ast.AST:
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """What a text shows may be computed there; the text itself stays."""
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                part.value = self.visit(part.value)
        return node

    visit_MatchValue = _as_it_is
    visit_MatchClass = _as_it_is
    visit_MatchMapping = _as_it_is


def _is_method_of(name: str, function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == name
