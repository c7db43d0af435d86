"""Larger edits of an expression, found by the value that it has to have.

Every part of the expression is a hole into which terms over the variables at hand are put, alone or combined with what
stands there, the smallest first: bottom-up enumeration, as in program synthesis (Gulwani, Polozov and Singh, Program
synthesis, Found. Trends Program. Lang. 4, 2017, section 4). A term is told from its value alone: tens of thousands are
tried in the time of one evaluation of an expression each, and the user's functions run for those only that fit.
"""

from __future__ import annotations

import ast
import operator
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeGuard

import numpy as np

from gradcheck.recording.budget import Budget
from gradcheck.recording.expression import ExpressionText, nodes_of
from gradcheck.recording.harmless import is_harmless, is_of_library
from gradcheck.recording.program import bound_to
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.trial import Trial, guarded
from gradcheck.tracebacks import pass_on_signal

#: How an operation on two operands is written, and what it does.
Operation = tuple[str, Callable[[Any, Any], Any]]

#: What may be made of one variable, or of a part of the expression.
_FORMS = ("-{0}", "1 - {0}", "{0}**2", "2 * {0}", "1 - {0}**2", "{0} * (1 - {0})", "({0} > 0)", "{0}**3", "{0}.T")

#: The same with functions of NumPy.
_NUMPY_FORMS = (
    *(f"{{numpy}}.{name}({{0}})" for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "sinh", "cosh", "abs")),
    *(f"{{numpy}}.{name}({{0}})" for name in ("sign", "sum", "linalg.norm")),
    *("{0} * {numpy}.abs({0})", "1 / (1 + {numpy}.exp(-{0}))", "{numpy}.log(1 - {0})", "1 - {numpy}.tanh({0})**2"),
)

#: What may be made of the length of a variable.
_COUNTS = ("len({0})",)
_NUMPY_COUNTS = ("{numpy}.sqrt(len({0}))",)

#: What may be made of two variables.
_PAIRS: tuple[Operation, ...] = (
    ("{0} - {1}", operator.sub),
    ("{0} * {1}", operator.mul),
    ("{0} / {1}", operator.truediv),
    ("{0} @ {1}", operator.matmul),
    ("{0} + {1}", operator.add),
)

#: Functions of NumPy, of a part of the expression and a term.
_NUMPY_FUNCTIONS: list[Operation] = [
    ("{numpy}.clip({0}, -{1}, {1})", lambda x, a: np.clip(x, -a, a)),
    ("{numpy}.linalg.solve({1}, {0})", lambda x, a: np.linalg.solve(a, x)),
]

#: How a term is combined with a part of the expression.
_COMBINED: tuple[Operation, ...] = (
    ("{0} * {1}", operator.mul),
    ("{0} / {1}", operator.truediv),
    ("{0} - {1}", operator.sub),
    ("{0} + {1}", operator.add),
    ("{0} @ {1}", operator.matmul),
    ("{1} @ {0}", lambda x, a: a @ x),
)

#: The same with functions of NumPy: branches where a term is positive and where it is not.
_NUMPY_COMBINED: tuple[Operation, ...] = (("{numpy}.where({1} > 0, 1, {0})", lambda x, a: np.where(a > 0, 1, x)),)

#: Operations that broadcast.
_ENTRYWISE = (operator.mul, operator.truediv, operator.sub, operator.add)

#: Functions that are taken for one another: of entries, and of whole arrays.
_OF_ENTRIES = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "log1p", "expm1", "sqrt", "abs", "sign")
_OF_ARRAYS = ("sum", "mean", "trace", "diag", "max", "min", "prod")

#: Methods and functions that change what they are given.
_CHANGING = {
    *("append", "extend", "insert", "pop", "popitem", "remove", "clear", "update", "sort", "reverse", "add", "discard"),
    *(
        "fill",
        "put",
        "at",
        "itemset",
        "resize",
        "partition",
        "setdefault",
        "shuffle",
        "next",
        "send",
        "copyto",
        "write",
    ),
}


@dataclass(frozen=True)
class Term:
    """A term over the variables at hand.

    Attributes
    ----------
    text : str
    value : ndarray or float
    """

    text: str
    value: Any


class Terms:
    """The edits of one expression, at one time that it was evaluated.

    Parameters
    ----------
    text : str
        Source of the expression.
    names : sequence of str
        Variables, attributes and items that it may read, the nearest first.
    environment : mapping
        The names at that time, and what they stood for.
    file : str
        The functions of this file are the author's own.
    trial : Trial
        Functions are called through it, so that none gets far larger numbers than before.
    is_wanted : callable
        Whether a value is what the expression has to be.
    budget : Budget
        What is done is spent of it.
    others : sequence of str
        Other texts of the expression, which are tried first.

    Attributes
    ----------
    is_complete : bool
        Whether all terms were compared in the end: not if there are too many, or if evaluating them changes something.
    """

    def __init__(
        self,
        text: str,
        names: Sequence[str],
        environment: Mapping[str, Any],
        file: str,
        trial: Trial,
        is_wanted: Callable[[Any], bool],
        budget: Budget,
        others: Sequence[str] = (),
    ) -> None:
        self._source, self._is_wanted, self._others = ExpressionText(text, names), is_wanted, others
        self._space, self._file, self._trial, self._budget = dict(environment), file, trial, budget
        self._codes: dict[str, types.CodeType] = {}
        self._harmless: dict[types.CodeType, bool] = {}
        self._sizes = {id(n) for call in self._all_calls() for part in call.args for n in ast.walk(part)}
        self._hole = next(name for name in ("hole", *(f"hole{i}" for i in range(1000))) if name not in self._space)
        self._left, self._largest = RECORDING.most_terms, 1
        self.is_complete = False
        self._names = names
        self._numpy = next((name for name, each in self._space.items() if each is np), "")

    def found(self) -> list[str]:
        """Texts of the expression with which it is what it has to be, the simplest first."""
        if self._changes_something():
            return []
        calls = self._calls()
        work = RECORDING.work_of_term + RECORDING.work_of_call * calls
        most = min(self._left // max(1, calls // RECORDING.calls_of_term), int(max(self._budget.left, 0.0) / work))
        if most < RECORDING.fewest_terms:
            return []
        self._left = most
        found: dict[str, str] = {}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for text in self._texts():
                found.setdefault(ast.unparse(_parsed(text)), text)
                if self._left <= 0:
                    break
        self._budget.spend(work * (most - self._left))
        self.is_complete = self._left > 0
        return sorted(found.values(), key=lambda text: sum(1 for _ in ast.walk(_parsed(text))))

    def _texts(self) -> Iterator[str]:
        for text in self._others:
            if self._left <= 0:
                return
            self._left -= 1
            value = self._value(text)
            if value is not None and self._is_wanted(value):
                yield text
        nodes = [n for n in nodes_of(self._source) if id(n) in self._source.amounts]
        for node, *texts in self._rearranged(nodes):
            if self._left <= 0:
                return
            self._left -= 1
            if self._is_size(node, self._value(self._source.of(node))):
                continue
            value = self._value(self._source.with_(node, f"({texts[-1]})"))
            if value is not None and self._is_wanted(value):
                yield self._written([node], *texts)
        holes = [hole for group in self._groups(nodes) if (hole := self._opened(group)) is not None]
        self._largest = max((np.size(hole.value) for hole in holes), default=1)
        parts = [hole for hole in holes if not hole.is_constant]
        for hole in holes:
            own = self._numbers(hole) if hole.is_constant else self._of_one(Term(hole.text, hole.value), counts=False)
            yield from self._filled(hole, own)
        atoms = self._distinct(self._atoms())
        derived = self._distinct((e for atom in self._variables() for e in self._of_one(atom, counts=True)), atoms)
        for terms in (atoms, derived):
            for hole in holes:
                yield from self._filled(hole, terms)
            for hole in parts:
                yield from self._combined(hole, terms, self._operations)
        pairs: dict[tuple[int, ...], list[Term]] = {}
        for term in _of_bounded_size(self._pairs(atoms)):
            pairs.setdefault(np.shape(term.value), []).append(term)
        for hole in holes:
            yield from self._filled(hole, pairs.get(np.shape(hole.value), ()))
        for hole in parts:
            alike = pairs.get(np.shape(hole.value), [])
            chosen = [each for each in alike if " - " in each.text or " @ " in each.text]
            yield from self._combined(hole, chosen, self._operations)
        columns = self._distinct(self._columns(), [*atoms, *derived])
        for hole in holes:
            yield from self._filled(hole, columns)
        for hole in parts:
            yield from self._combined(hole, columns, self._operations)
            yield from self._combined(hole, atoms, self._functions_of_two)

    # -- values --------------------------------------------------------------------------------------------------------

    def _value(self, text: str) -> Any:
        """The value of a text; None if it has none."""
        try:
            return eval(self._code_of(text), self._space)
        except Exception as error:
            pass_on_signal(error)
            return None

    def _code_of(self, text: str) -> types.CodeType:
        if text not in self._codes:
            tree = guarded(ast.parse(f"({text}\n)", mode="eval"), range(len(text) + 2))
            self._codes[text] = bound_to(compile(tree, "<term>", "eval", dont_inherit=True), self._trial)
        return self._codes[text]

    def _all_calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self._source.tree) if isinstance(node, ast.Call)]

    def _is_size(self, node: ast.expr, value: Any) -> bool:
        """Whether a number is given to a function: it may be how large an array is, or how often something is done."""
        return id(node) in self._sizes and np.ndim(value) == 0

    def _calls(self) -> int:
        """How many functions are called while the expression is evaluated: a solver takes thousands."""
        count = 0

        def counted(_frame: types.FrameType, event: str, _argument: Any) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(counted)
        try:
            self._value(self._source.text)
        finally:
            sys.setprofile(before)
        return count

    def _changes_something(self) -> bool:
        """Whether evaluating the expression again may change what it reads."""
        for node in ast.walk(self._source.tree):
            if isinstance(node, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
                return True
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in _CHANGING or any(keyword.arg == "out" for keyword in node.keywords):
                    return True
        return False

    # -- terms ---------------------------------------------------------------------------------------------------------

    def _variables(self) -> list[Term]:
        found = [Term(name, self._value(name)) for name in self._names]
        quote = "'" if any("['" in name for name in self._names) else '"'
        for each in [term for term in found if type(term.value) is dict]:
            keys = [key for key in each.value if type(key) is str and key.isidentifier()][: RECORDING.most_variables]
            found += [Term(f"{each.text}[{quote}{key}{quote}]", each.value[key]) for key in keys]
        return [each for each in found if _is_number(each.value) or isinstance(each.value, (list, tuple))]

    def _atoms(self) -> Iterator[Term]:
        for each in self._variables():
            if _is_number(each.value):
                yield each
                if np.ndim(each.value) == 2:
                    yield Term(f"{each.text}.T", each.value.T)

    def _columns(self) -> Iterator[Term]:
        """Variables with an axis more, of length one."""
        for each in self._variables():
            if _is_number(each.value) and np.ndim(each.value) > 0:
                index = "[:, None]" if np.ndim(each.value) == 1 else "[..., None]"
                yield Term(f"{each.text}{index}", np.asarray(each.value)[..., None])

    def _of_one(self, term: Term, *, counts: bool) -> Iterator[Term]:
        """What forms and functions of one argument make of a term."""
        inner, numpy = _operand(term.text), bool(self._numpy)
        forms: list[str] = []
        if counts and getattr(term.value, "ndim", 1) > 0 and hasattr(term.value, "__len__"):
            forms += [*_COUNTS, *(_NUMPY_COUNTS if numpy else ())]
        if _is_number(term.value):
            forms += [*_FORMS, *self._functions, *(_NUMPY_FORMS if numpy else ())]
        for form in forms:
            text = form.format(term.text if form.endswith("({0})") else inner, numpy=self._numpy)
            if form == "-{0}" and term.text.startswith("-"):
                continue
            value = self._value(text)
            if _is_number(value):
                yield Term(text, value)

    @property
    def _functions(self) -> list[str]:
        """The author's own functions of one argument, and those that the expression calls so, with their siblings."""
        found = [
            f"{name}({{0}})"
            for name, each in self._space.items()
            if self._is_own(each) and each.__code__.co_argcount == 1
        ]
        for node in ast.walk(self._source.tree):
            if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
                found += [f"{name}({{0}})" for name in (self._source.of(node.func), *self._siblings(node.func))]
        return list(dict.fromkeys(found))

    @cached_property
    def _functions_of_two(self) -> list[Operation]:
        """The author's own functions of two arguments, and those of NumPy, as a part and a term are given to them."""
        found: list[Operation] = []
        for name, each in self._space.items():
            if self._is_own(each) and each.__code__.co_argcount == 2:
                function = partial(self._trial.call, each)
                found += [(f"{name}({{0}}, {{1}})", function), (f"{name}({{1}}, {{0}})", _exchanged(function))]
        if self._numpy:
            found += _NUMPY_FUNCTIONS
        return found

    def _is_own(self, function: Any) -> TypeGuard[types.FunctionType]:
        """Whether it is a function of the author's that may be called at will."""
        function = getattr(function, "__func__", function)
        if not isinstance(function, types.FunctionType) or function.__code__.co_filename != self._file:
            return False
        if function.__code__ not in self._harmless:
            self._harmless[function.__code__] = is_harmless(function)
        return self._harmless[function.__code__]

    def _is_called_at_will(self, function: Any) -> bool:
        return self._is_own(function) or (callable(function) and is_of_library(function))

    def _siblings(self, function: ast.expr) -> list[str]:
        """Functions that may be meant in place of one: of the same module, class or file, with as many arguments."""
        text = self._source.of(function)
        head, dot, name = text.rpartition(".")
        owner = self._value(head) if dot else None
        if isinstance(owner, types.ModuleType):
            alike = next((names for names in (_OF_ENTRIES, _OF_ARRAYS) if name in names), ())
            return [f"{head}.{each}" for each in alike if each != name and hasattr(owner, each)]
        if dot:
            kind = owner if isinstance(owner, type) else type(owner)
            if owner is None or kind.__module__.partition(".")[0] in ("builtins", "numpy"):
                return []
            names = [each for each in dir(owner) if not each.startswith("_") and each != name]
            methods = {each: getattr(owner, each, None) for each in names}
            return [f"{head}.{name}" for name, each in methods.items() if self._is_called_at_will(each)]
        own = self._value(text)
        if not isinstance(own, types.FunctionType) or own.__code__.co_filename != self._file:
            return []
        count = own.__code__.co_argcount
        others = ((each, other) for each, other in self._space.items() if each != name)
        return [each for each, other in others if self._is_own(other) and other.__code__.co_argcount == count]

    @staticmethod
    def _numbers(hole: _Hole) -> Iterator[Term]:
        """Other constants in place of one."""
        for number in (1, 2 * hole.value, hole.value / 2, hole.value + 1, -hole.value):
            if number != hole.value:
                yield Term(f"{number:g}", number)

    def _pairs(self, atoms: Sequence[Term]) -> Iterator[Term]:
        for one in atoms:
            for other in atoms:
                if one is other:
                    continue
                for form, function in (*_PAIRS, *self._functions_of_two):
                    value = _applied(function, one.value, other.value)
                    if value is not None and _is_number(value):
                        texts = (
                            (one.text, other.text) if form.endswith(")") else (_operand(one.text), _operand(other.text))
                        )
                        yield Term(form.format(*texts, numpy=self._numpy), value)

    @staticmethod
    def _distinct(terms: Iterable[Term], known: Sequence[Term] = ()) -> list[Term]:
        """Terms of different values, the first of each."""
        seen = {_mark(each.value) for each in known}
        found = []
        for each in terms:
            mark = _mark(each.value)
            if mark not in seen:
                seen.add(mark)
                found.append(each)
        return found

    # -- holes ---------------------------------------------------------------------------------------------------------

    def _groups(self, nodes: Sequence[ast.expr]) -> Iterator[tuple[ast.expr, ...]]:
        """Each part of the expression, and all parts that read alike together."""
        alike: dict[str, list[ast.expr]] = {}
        for node in nodes:
            yield (node,)
            alike.setdefault(self._source.of(node), []).append(node)
        for group in alike.values():
            if len(group) > 1:
                yield tuple(group)

    def _opened(self, group: Sequence[ast.expr]) -> _Hole | None:
        text = self._source.of(group[0])
        value = self._value(text)
        if not _is_number(value) or any(self._is_size(node, value) for node in group):
            return None
        try:
            code = self._code_of(self._source.with_all(group, f"({self._hole})"))
        except (SyntaxError, ValueError):
            return None
        return _Hole(tuple(group), text, value, code)

    def _fits(self, hole: _Hole, value: Any) -> bool:
        self._left -= 1
        if np.size(value) > 1 and np.size(value) * self._largest > RECORDING.most_entries:
            return False  # as if it were broadcast against all that there is
        self._space[self._hole] = value
        try:
            return self._is_wanted(eval(hole.code, self._space))
        except Exception as error:
            pass_on_signal(error)
            return False

    def _filled(self, hole: _Hole, terms: Iterable[Term]) -> Iterator[str]:
        """The expression with terms in place of a part."""
        for term in terms:
            if self._left <= 0:
                return
            if self._fits(hole, term.value):
                yield self._written(hole.group, term.text)

    @property
    def _operations(self) -> Sequence[Operation]:
        return (*_COMBINED, *(_NUMPY_COMBINED if self._numpy else ()))

    def _combined(self, hole: _Hole, terms: Iterable[Term], forms: Sequence[Operation]) -> Iterator[str]:
        """The expression with a part combined with terms."""
        for term in terms:
            for form, function in forms:
                if self._left <= 0:
                    return
                value = _applied(function, hole.value, term.value)
                if value is not None and self._fits(hole, value):
                    one, other = hole.text, term.text
                    pairs = ((one, other), (one, f"({other})"), (f"({one})", other), (f"({one})", f"({other})"))
                    yield self._written(hole.group, *(form.format(*each, numpy=self._numpy) for each in pairs))

    def _written(self, group: Sequence[ast.expr], *texts: str) -> str:
        """The expression with a text in place of a part: the first that reads as the last does in parentheses."""
        safe = self._source.with_all(group, f"({texts[-1]})")
        meant = ast.dump(_parsed(safe))
        bare = (self._source.without_parentheses(group, text) for text in texts)
        plain = (self._source.with_all(group, text) for text in (*texts, *(f"({text})" for text in texts)))
        for text in (*bare, *plain):
            try:
                if ast.dump(_parsed(text)) == meant:
                    return text
            except SyntaxError:
                continue
        return safe

    # -- the same parts in another order -------------------------------------------------------------------------------

    def _rearranged(self, nodes: Sequence[ast.expr]) -> Iterator[tuple[Any, ...]]:
        """Parts, and texts in place of them: an operand alone, other operations and functions, factors moved."""
        source = self._source
        for node in nodes:
            if isinstance(node, ast.BinOp):
                yield node, source.of(node.left)
                yield node, source.of(node.right)
                whole, inner = source.of, source.inner
                for symbol in ("+", "-", "*", "/", "@") if not isinstance(node.left, ast.Constant) else ():
                    pairs = [(f(node.left), g(node.right)) for f in (whole, inner) for g in (whole, inner)]
                    yield node, *(f"{left} {symbol} {right}" for left, right in pairs)
                yield from ((node, new) for new in self._moved(node))
            if isinstance(node, ast.Call):
                start = len(source.of(node.func).encode())
                tail = source.of(node).encode()[start:].decode()
                yield from ((node, f"{name}{tail}") for name in self._siblings(node.func))
                if node.args:
                    argument = node.args[0]
                    turned = source.within(node, argument, f"{source.inner(argument)}[::-1]")
                    yield node, f"{turned}[::-1]"

    def _moved(self, node: ast.BinOp) -> Iterator[str]:
        """A factor before a call inside of it."""
        call, left, source = node.right, node.left, self._source
        if not (isinstance(node.op, ast.Mult) and isinstance(call, ast.Call) and len(call.args) == 1):
            return
        function, inner = source.of(call.func), source.inner(call.args[0])
        if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):
            one, other = source.of(left.left), source.inner(left.right)
            yield f"{one} * {function}({other} * {inner})"
        yield f"{function}({source.of(left)} * {inner})"


@dataclass(frozen=True)
class _Hole:
    """Parts of an expression that read alike, and the code of the expression without them."""

    group: tuple[ast.expr, ...]
    text: str
    value: Any
    code: types.CodeType

    @property
    def is_constant(self) -> bool:
        return isinstance(self.group[0], ast.Constant)


def _is_number(value: Any) -> bool:
    """Whether a value is a number, or an array of numbers that is not too large."""
    if isinstance(value, (bool, type, types.ModuleType)) or value is None:
        return False
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in "fciub" and value.size <= RECORDING.most_entries_of_terms
    return isinstance(value, (int, float, complex))


def _parsed(text: str) -> ast.expr:
    return ast.parse(f"({text}\n)", mode="eval").body


def _of_bounded_size(terms: Iterable[Term]) -> Iterator[Term]:
    """Terms until they have too many entries together."""
    entries = 0
    for term in terms:
        entries += np.size(term.value)
        if entries > RECORDING.most_entries:
            return
        yield term


def _operand(text: str) -> str:
    """A text as an operand: in parentheses if it needs them."""
    node = _parsed(text)
    simple = isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant))
    return text if simple else f"({text})"


def _exchanged(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda one, other: function(other, one)


def _applied(function: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    """An operation on two values; None if it is none, or makes something far larger than both."""
    if function in _ENTRYWISE:
        shapes = np.shape(one), np.shape(other)
        if shapes[0] != shapes[1] and () not in shapes:
            try:
                size = np.broadcast(np.empty(shapes[0], bool), np.empty(shapes[1], bool)).size
            except ValueError:
                return None
            if size > RECORDING.most_entries_of_terms:
                return None
    else:
        (*_, rows, width), (*_, height, columns) = (np.shape(np.atleast_2d(each)) for each in (one, other))
        if max(rows * columns, height * width) > RECORDING.most_entries_of_terms:
            return None
    try:
        return function(one, other)
    except Exception as error:
        pass_on_signal(error)
        return None


def _mark(value: Any) -> Any:
    """What two values have in common only if they are equal."""
    array = np.asarray(value)
    return array.shape, array.astype(np.complex128 if array.dtype.kind == "c" else np.float64).tobytes()
