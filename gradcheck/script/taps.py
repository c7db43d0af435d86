"""Rewrites a syntax tree so that whatever is assigned passes through the tape. Nothing is written to disk."""

from __future__ import annotations

import ast
import copy
import re
from typing import Any

from gradcheck.script.tape import Site

#: The name under which the rewritten source finds the tape.
TAPE = "_gradcheck_tape_"

#: Names of learning rates.
RATE = re.compile(
    r"(?i)^_?(lr|lr_?t|alpha|eta|rate|step|step_?size|learn(ing)?_?rate|mu|gamma|epsilon|eps|l_?rate)\d*$"
)

#: Functions whose results are worth seeing where they stand as an argument.
PRODUCTS = {"dot", "matmul", "einsum", "tensordot", "outer", "inner", "convolve", "concatenate", "hstack", "vstack"}

#: Functions whose results are seen wherever they stand.
STATISTICS = {"mean", "var", "std"}

#: Functions without effects, which may be called once more to find an index again.
PURE = {"str", "len", "int", "range", "slice", "min", "max", "abs", "repr", "arange"}

#: Functions that write into their first argument.
WRITERS = {"copyto", "put", "fill_diagonal", "put_along_axis", "place", "putmask"}


class Taps(ast.NodeTransformer):
    """Puts taps into one source.

    Parameters
    ----------
    file : str
    text : str
        The source.
    sites : list of Site
        Shared by all sources of a program; added to.
    loops : list
        Gets the loops that are met, each with the function that it stands in.
    """

    def __init__(self, file: str, text: str, sites: list[Site], loops: list[Any] | None = None) -> None:
        self.file, self.text, self.sites, self.loops = file, text, sites, loops
        self.functions: list[ast.AST] = []
        self.statement: ast.stmt | None = None
        self.in_class = False
        self.bare = False

    # -- sites -----------------------------------------------------------------------------------------------------

    def site(self, node: ast.AST, target: str, kind: str = "assign", sign: int = 1) -> ast.expr:
        """A new site; returns its index as an expression."""
        function = getattr(self.functions[-1], "name", "<lambda>") if self.functions else ""
        statement = ast.get_source_segment(self.text, self.statement) if self.statement else ""
        text = " ".join((statement or "").split("\n")[0].split())
        self.sites.append(
            Site(
                len(self.sites),
                self.file,
                getattr(node, "lineno", 0),
                getattr(node, "col_offset", 0),
                target,
                function,
                text,
                kind,
                sign,
            )
        )
        return ast.Constant(len(self.sites) - 1)

    def written(self, node: ast.AST) -> str:
        """A piece of the source as it is written, in one line."""
        return " ".join((ast.get_source_segment(self.text, node) or ast.unparse(node)).split())

    def call(self, method: str, *arguments: ast.expr) -> ast.Call:
        """A call of the tape."""
        return ast.Call(ast.Attribute(ast.Name(TAPE, ast.Load()), method, ast.Load()), list(arguments), [])

    # -- statements --------------------------------------------------------------------------------------------------

    def visit(self, node: ast.AST) -> Any:
        """Keep track of the statement that an expression belongs to."""
        if isinstance(node, ast.stmt):
            before, self.statement = self.statement, node
            try:
                return super().visit(node)
            finally:
                self.statement = before
        return super().visit(node)

    def _function(self, node: Any) -> Any:
        outside, self.in_class = self.in_class, False
        whole = copy.deepcopy(node)
        self.functions.append(node)
        number = self._kept(whole)
        node.body = [n for statement in node.body for n in _listed(self.visit(statement))]
        self.functions.pop()
        self.in_class = outside
        if number is not None:
            node.body.insert(_after_docstring(node), self._arrival(number, node))
        return node

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
        node.body = [n for statement in node.body for n in _listed(self.visit(statement))]
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
                node.value = self.call("name" if _load(node.value) else "value", self.site(single, target), value)
        for each in node.targets:
            for item in _items(each):
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
            owner = _loaded(target.value)
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
        """Calls that write into an array: ``np.add.at(a, …)``, ``a.fill(0)``, ``out=a``."""
        written = _written_into(node.value)
        original = copy.deepcopy(written) if written is not None else None
        node.value = self.visit(node.value)
        if original is None:
            return node
        if isinstance(original, ast.Subscript):
            before, tap = self._item(original, augmented=True)
            return [*before, node, tap]
        site = self.site(node, self.written(original))
        if isinstance(original, ast.Attribute):
            call = self.call("post_attribute", site, _loaded(original.value), ast.Constant(original.attr))
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

    # -- expressions -----------------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> Any:
        """Arguments that are computed on the spot; `next` is not drawn again by a replay."""
        if isinstance(node.func, ast.Name) and node.func.id == "next" and not node.keywords:
            return self.call("draw", *[self.visit(a) for a in node.args])
        if isinstance(node.func, ast.Attribute) and node.func.attr in STATISTICS and not self.bare:
            self.bare = True
            try:
                return self.call("value", self.site(node, self.written(node), "expression"), self.visit(node))
            finally:
                self.bare = False
        self.bare = False
        node.func = self.visit(node.func)
        shown = _shows(node.func)
        node.args = [self._argument(a, shown) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self._argument(keyword.value, shown)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        """Numbers that are only printed."""
        node.value = self._argument(node.value, shown=True)
        return node

    def visit_Dict(self, node: ast.Dict) -> Any:
        """``{"dW": value}``: a value is called as its key."""
        for i, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            name = key.value if isinstance(key, ast.Constant) else None
            node.values[i] = self._seen(value, name if isinstance(name, str) else self.written(value), "expression")
        return node

    def _elements(self, node: Any) -> Any:
        if isinstance(getattr(node, "ctx", None), ast.Store):
            return node
        node.elts = [self._seen(e, self.written(e), "expression") for e in node.elts]
        return node

    visit_List = visit_Tuple = _elements

    def _comprehension(self, node: Any) -> Any:
        written = self.written(node.elt)
        node.generators = [self.visit(g) for g in node.generators]
        node.elt = self._seen(node.elt, written, "expression")
        return node

    visit_ListComp = visit_GeneratorExp = _comprehension

    def visit_DictComp(self, node: ast.DictComp) -> Any:
        """``{k: value for …}``."""
        node.generators = [self.visit(g) for g in node.generators]
        node.value = self._seen(node.value, self.written(node.value), "expression")
        return node

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        """What is indexed; the index itself is left alone."""
        node.value = self.visit(node.value)
        return node

    def _argument(self, node: ast.expr, shown: bool) -> ast.expr:
        """An argument, seen if it is a computation: of what is printed or kept, any."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.BinOp):
            node.operand = self._argument(node.operand, shown)
            return node
        worth = isinstance(node, ast.BinOp) or (isinstance(node, ast.Call) and (shown or _called(node) in PRODUCTS))
        if worth or (shown and isinstance(node, ast.UnaryOp)):
            return self._seen(node, self.written(node), "expression")
        visited: ast.expr = self.visit(node)
        return visited

    def _seen(self, node: ast.expr, target: str, kind: str) -> ast.expr:
        """An expression with a tap around it, unless it only names something."""
        if isinstance(node, (ast.Constant, ast.Starred)):
            return node
        if _load(node):
            return self.call("name", self.site(node, target, kind), node)
        site = self.site(node, target, kind)
        return self.call("value", site, self._value(node, target, None))

    def _value(self, node: ast.expr, target: str, stored: ast.expr | None) -> ast.expr:
        """A value to be assigned; where it changes what was there by adding to it, what is added is seen."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            own = stored is not None and _contains(node.left, stored) and not _contains(node.right, stored)
            if own or (isinstance(node.op, ast.Sub) and rates(node.right)):
                sign = 1 if isinstance(node.op, ast.Add) else -1
                right = node.right
                node.left = self.visit(node.left)
                node.right = self._increment(right, right, target, sign)
                return node
        visited: ast.expr = self.visit(node)
        return visited

    def _increment(self, value: ast.expr, node: ast.AST, target: str, sign: int) -> ast.expr:
        site = self.site(node, target, "increment", sign)
        rate = _rate(copy.deepcopy(value))
        arguments = [site, self.visit(value)]
        return self.call("increment", *arguments, *([rate] if rate is not None else []))

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
                    method, written = "name" if _load(v) else "value", self.written(t)
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
        key: ast.expr = _loaded(target.slice)
        if any(isinstance(n, ast.Call) and _called(n) not in PURE for n in ast.walk(target.slice)):
            before = [ast.Assign([ast.Name(f"{TAPE}index", ast.Store())], key, lineno=target.lineno)]
            target.slice = ast.Name(f"{TAPE}index", ast.Load())
            key = ast.Name(f"{TAPE}index", ast.Load())
        site = self.site(target, self.written(target))
        call = self.call("post_item", site, _loaded(target.value), _as_key(key), ast.Constant(augmented))
        return before, ast.Expr(call)


def _after_docstring(node: Any) -> int:
    first = node.body[0]
    text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return 1 if text else 0


def _as_key(node: ast.expr) -> ast.expr:
    """An index as an expression outside brackets: slices become calls."""
    if isinstance(node, ast.Slice):
        ends = [end if end is not None else ast.Constant(None) for end in (node.lower, node.upper, node.step)]
        return ast.Call(ast.Name("slice", ast.Load()), ends, [])
    if isinstance(node, ast.Tuple):
        return ast.Tuple([_as_key(e) for e in node.elts], ast.Load())
    return node


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _loaded(node: ast.expr) -> ast.expr:
    """A copy of a target, to be read."""
    fresh = copy.deepcopy(node)
    for n in ast.walk(fresh):
        if hasattr(n, "ctx"):
            n.ctx = ast.Load()
    return fresh


def _items(target: ast.expr) -> list[ast.Subscript]:
    if isinstance(target, ast.Subscript):
        return [target]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [item for e in target.elts for item in _items(e)]
    return []


def _load(node: ast.expr) -> bool:
    """Whether an expression only names something that is there."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, (ast.Name, ast.Constant))


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _shows(function: ast.expr) -> bool:
    return getattr(function, "attr", getattr(function, "id", "")) in {"print", "append", "write", "set_description"}


def _written_into(node: ast.expr) -> ast.expr | None:
    """The array that a call writes into, if it is one of those that do."""
    if not isinstance(node, ast.Call):
        return None
    for keyword in node.keywords:
        if keyword.arg == "out":
            return keyword.value
    function = node.func
    if isinstance(function, ast.Attribute):
        if node.args and (function.attr in WRITERS or function.attr == "at"):
            return node.args[0] if _load(node.args[0]) else None
        if function.attr in {"fill", "sort"} and _load(function.value):
            return function.value
    return None


def _contains(node: ast.AST, target: ast.AST) -> bool:
    wanted = ast.unparse(target)
    return any(isinstance(n, type(target)) and ast.unparse(n) == wanted for n in ast.walk(node))


def _factors(node: ast.expr, power: int = 1) -> list[tuple[ast.expr, int]]:
    """Factors of a product, with the exponents 1 and -1."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        below = power if isinstance(node.op, ast.Mult) else -power
        return _factors(node.left, power) + _factors(node.right, below)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _factors(node.operand, power)
    return [(node, power)]


def rates(node: ast.expr) -> list[tuple[ast.expr, int]]:
    """The factors that are learning rates by their names."""
    found = []
    for factor, power in _factors(node):
        last: Any = factor
        if isinstance(last, ast.Subscript) and isinstance(last.slice, ast.Constant):
            last = last.slice
        name = getattr(last, "attr", getattr(last, "id", getattr(last, "value", "")))
        if isinstance(name, str) and RATE.match(name):
            found.append((factor, power))
    return found


def _rate(node: ast.expr) -> ast.expr | None:
    """The learning rate in a product; without a name for it, a constant before something that only names a gradient."""
    found = rates(node)
    factors = _factors(node)
    if not found and all(isinstance(f, ast.Constant) or _load(f) for f, _ in factors) and len(factors) > 1:
        found = [(f, p) for f, p in factors if isinstance(f, ast.Constant)]
    product: ast.expr | None = None
    for factor, power in found:
        one = factor if power > 0 else ast.BinOp(ast.Constant(1.0), ast.Div(), factor)
        product = one if product is None else ast.BinOp(product, ast.Mult(), one)
    return product
