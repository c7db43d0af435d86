"""Repairs of a wrong line: small edits of it are tried in place, and judged by the exact derivatives."""

from __future__ import annotations

import ast
import itertools
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.recording.budget import Budget
from gradcheck.recording.editor import Editor, Watched
from gradcheck.recording.edits import edits, items_with_indices, with_constant
from gradcheck.recording.requirement import Requirement
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.sites import Span, Unit, replaced, segment, span_of
from gradcheck.recording.terms import Terms
from gradcheck.recording.trial import observed
from gradcheck.tracebacks import pass_on_signal

#: Variables that an edit may bring in: the nearest in the source.
_MOST_NAMES = 20


@dataclass(frozen=True)
class Repair:
    """An edit that makes the gradients right.

    Attributes
    ----------
    unit : Unit
        The line that it changes.
    slug : str
        The mistake that it undoes; empty if none in particular.
    text : str
        The statement after it.
    before, after : str
        What the line computes, before and after it; empty if another part of the line is changed.
    """

    unit: Unit
    slug: str
    text: str
    before: str = ""
    after: str = ""


def repaired(
    unit: Unit,
    is_right: Callable[[], bool],
    budget: Budget,
    functions: Watched,
    *,
    wider: bool,
    constants: Sequence[tuple[Span, float]] = (),
) -> Repair | None:
    """The first edit of a line that makes the gradients right; None if none does, or the budget ends before.

    Parameters
    ----------
    unit : Unit
    is_right : callable
        Calls the user's functions, and tells whether the gradients are right now. What it raises means that they are
        not. It spends what the calls cost.
    budget : Budget
        What is done is spent of it.
    functions : Watched
    wider : bool
        Whether to try the edits that bring in other variables of the function, or those that do not.
    constants : sequence of (Span, float)
        Expressions inside the line, and the constants that these have to be multiplied with.
    """
    try:
        editor = Editor(unit.file, range(unit.span[0], unit.span[2] + 1), functions)
        tree = ast.parse(editor.text)
    except (SyntaxError, ValueError):
        return None
    for slug, shown, after, span, new in _candidates(editor.text, tree, unit, wider, constants):
        if budget.is_spent:
            break
        budget.spend(editor.work)
        try:
            codes = editor.compiled(span, new)
        except (SyntaxError, ValueError):
            continue
        try:
            with editor.changed(codes):
                right = is_right()
        except Exception as error:  # shapes that do not fit, a name that is not bound yet
            pass_on_signal(error)
            continue
        if right:
            return Repair(unit, slug, shown, segment(editor.text, unit.span) if after else "", after)
    return None


def searched(
    unit: Unit,
    requirement_at: Callable[[Span], Requirement | None],
    call: Callable[[], Any],
    is_right: Callable[[], bool],
    budget: Budget,
    functions: Watched,
) -> tuple[Repair | None, bool]:
    """The smallest of the larger edits of a line that makes the gradients right, and whether all of them were compared.

    Parameters
    ----------
    unit : Unit
    requirement_at : callable
        What an expression at a place has to be: the edits that make it so are tried.
    call : callable
        Calls the user's gradient at the point where that is known.
    is_right, budget, functions
        As for `repaired`.
    """
    try:
        editor = Editor(unit.file, range(unit.span[0], unit.span[2] + 1), functions)
        tree = ast.parse(editor.text)
        span = _computed(tree, unit.span)
        before = segment(editor.text, span)
        codes = editor.compiled(span, observed(before))
    except (SyntaxError, ValueError):
        return None, False
    requirement = requirement_at(span)
    if requirement is None:
        return None, False
    scope = _scope(tree, unit.span) or tree
    names = [*_names(editor.text, tree, scope, unit.span, RECORDING.most_variables, sliced=True)]
    names += items_with_indices(_sources_of_indices(editor.text, tree, unit), names)
    found: list[str] = []
    complete = False
    turns = itertools.count()
    slugs: dict[str, str] = {}
    if span == unit.span:
        for wider in (False, True):
            slugs |= {new: slug for slug, _, new in edits_of(unit, editor.text, tree, wider=wider) if new not in slugs}

    def look(value: Any, frame: types.FrameType) -> None:
        nonlocal complete
        same = next(turns) == requirement.turn and np.shape(value) == np.shape(requirement.now)
        if same and np.array_equal(value, requirement.now):
            terms = Terms(
                before,
                names,
                _environment(frame),
                unit.file,
                functions.trial,
                requirement.is_wanted,
                budget,
                list(slugs),
            )
            found.extend(terms.found()[: RECORDING.most_candidates])
            complete = terms.is_complete and requirement.is_complete()

    functions.trial.observer = look
    try:
        with editor.changed(codes):
            call()
    except Exception as error:
        pass_on_signal(error)
    finally:
        functions.trial.observer = None
    head, _, tail = unit.text.rpartition(" ".join(before.split()))
    for text in found:
        budget.spend(editor.work)
        try:
            codes = editor.compiled(span, _with_same_names(text, before))
            with editor.changed(codes):
                right = is_right()
        except Exception as error:
            pass_on_signal(error)
            continue
        if right:
            return Repair(unit, slugs.get(text, ""), f"{head}{' '.join(text.split())}{tail}", before, text), complete
    return None, complete


def _computed(tree: ast.Module, span: Span) -> Span:
    """The place of what a line computes: of what is added, where the line is a call that adds it to an array."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and span_of(node) == span:
            return span_of(node.args[2]) if node.func.attr == "at" and len(node.args) == 3 else span
    return span


def _environment(frame: types.FrameType) -> dict[str, Any]:
    """The names that code in a frame can read: also those around it where it is a comprehension."""
    found = {**frame.f_globals, **frame.f_locals}
    outer = frame.f_back
    if (
        frame.f_code.co_name.startswith("<")
        and outer is not None
        and outer.f_code.co_filename == frame.f_code.co_filename
    ):
        found = {**_environment(outer), **frame.f_locals}
    return found


def _sources_of_indices(text: str, tree: ast.Module, unit: Unit) -> list[str]:
    """What a line is made of, and what it is assigned to: their indices may belong to other variables as well."""
    statement = _statement(tree, unit.span)
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    places = [span_of(each) for each in targets if isinstance(each, ast.expr)]
    return [segment(text, place) for place in (unit.span, *places)]


def edits_of(
    unit: Unit, text: str, tree: ast.Module, *, wider: bool, constants: Sequence[tuple[Span, float]] = ()
) -> Iterator[tuple[str, str, str]]:
    """Edits of what a unit computes.

    Parameters
    ----------
    unit : Unit
    text : str
        Of its file, or of the part of it that contains the unit, at its place.
    tree : ast.Module
    wider : bool
        Whether they bring in other variables of the function, or of the file where no function contains the unit.
    constants : sequence of (Span, float)
        Expressions inside the unit, and the constants that these have to be multiplied with: the first edits.

    Yields
    ------
    slug, shown, expression : str
        The mistake that an edit undoes, the statement after it, and the expression after it.
    """
    before = segment(text, unit.span)
    names = _names(text, tree, _scope(tree, unit.span) or tree, unit.span)
    head, _, tail = unit.text.rpartition(" ".join(before.split()))
    for span, constant in constants:
        slug, new = with_constant(segment(text, span), constant)
        whole = segment(replaced(text, span, new), _grown(unit.span, span, new))
        if new:
            yield slug, f"{head}{' '.join(whole.split())}{tail}", whole
    for edit in edits(before, names, _numpy(tree), wider=wider):
        yield edit.slug, f"{head}{' '.join(edit.text.split())}{tail}", edit.text


def _grown(span: Span, inner: Span, new: str) -> Span:
    """Where an expression is once one inside, on its last line, has another text."""
    line, column, end_line, end_column = span
    longer = len(new.encode()) - (inner[3] - inner[1]) if inner[0] == inner[2] == end_line and "\n" not in new else 0
    return line, column, end_line, end_column + longer


def _candidates(
    text: str, tree: ast.Module, unit: Unit, wider: bool, constants: Sequence[tuple[Span, float]]
) -> Iterator[tuple[str, str, str, Span, str]]:
    """The mistake that an edit undoes, the statement, what it computes, and what is replaced by what."""
    before = segment(text, unit.span)
    statement = _statement(tree, unit.span)
    augmented = isinstance(statement, ast.AugAssign)
    if isinstance(statement, (ast.Assign, ast.AugAssign)) and not wider:
        target = statement.target if isinstance(statement, ast.AugAssign) else statement.targets[0]
        new = f"{segment(text, span_of(target))} {'=' if augmented else '+='} {before}"
        if augmented or isinstance(target, (ast.Name, ast.Subscript, ast.Attribute)):
            yield "accumulated" if augmented else "missing-path", new, "", span_of(statement), new
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Tuple) and len(target.slice.elts) == 2:
            start, end = span_of(statement)[:2], span_of(target.slice)
            one, other = (segment(text, span_of(each)) for each in target.slice.elts)
            whole = replaced(text, end, f"{other}, {one}")
            longer = len(f"{other}, {one}".encode()) - len(segment(text, end).encode())
            new = segment(whole, (*start, unit.span[2], unit.span[3] + longer))
            yield "transposed", new, "", span_of(statement), new
    for slug, shown, new in edits_of(unit, text, tree, wider=wider, constants=constants):
        yield slug, shown, new, unit.span, _with_same_names(new, before)


def _with_same_names(new: str, before: str) -> str:
    """An expression that also mentions the variables of another one, and does not read them.

    A function whose code is exchanged for another has to have the same variables from outside.
    """
    lost = _variables(before) - _variables(new)
    return f"(({new}), 0 and ({', '.join(sorted(lost))}))[0]" if lost else new


def _variables(text: str) -> set[str]:
    try:
        tree = ast.parse(f"({text}\n)", mode="eval")
    except (SyntaxError, ValueError):
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _statement(tree: ast.Module, span: Span) -> ast.stmt | None:
    """The statement whose value stands at a place."""
    for node in ast.walk(tree):
        value = getattr(node, "value", None)
        if isinstance(node, ast.stmt) and isinstance(value, ast.expr) and span_of(value) == span:
            return node
    return None


def _scope(tree: ast.Module, span: Span) -> ast.AST | None:
    """The innermost function around a place."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and span_of(node)[:2] <= span[:2] <= span_of(node)[2:]
    ]
    return max(around, key=lambda node: span_of(node)[:2], default=None)


def _of_the_same_object(tree: ast.Module, scope: ast.AST) -> tuple[str, list[ast.AST]]:
    """What a method calls its object, and what the methods read of it: attributes, and items of attributes."""
    around = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and any(each is scope for each in n.body)]
    parameters = getattr(getattr(scope, "args", None), "args", [])
    if not around or not parameters:
        return "", []
    found: list[ast.AST] = []
    called = {id(n.func) for n in ast.walk(around[0]) if isinstance(n, ast.Call)}
    for node in ast.walk(around[0]):
        root: Any = node
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if root is not node and isinstance(root, ast.Name) and root.id == parameters[0].arg and id(node) not in called:
            found.append(node)
    return parameters[0].arg, found


def _root(node: ast.expr) -> str:
    """The name that an attribute or an item is read from."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _names(
    text: str, tree: ast.Module, scope: ast.AST, span: Span, most: int = _MOST_NAMES, *, sliced: bool = False
) -> list[str]:
    """Variables, attributes and items, slices if asked, that a function may read, those nearest to a place first.

    Variables that are assigned to only there, or after it, are the last.
    """
    called = {id(n.func) for n in ast.walk(scope) if isinstance(n, ast.Call)}
    inner = {id(n.value) for n in ast.walk(scope) if isinstance(n, (ast.Attribute, ast.Subscript))}
    modules = {n.id for n in ast.walk(scope) if isinstance(n, ast.Name) and id(n) in inner}
    stored = {n.id for n in ast.walk(scope) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    stored |= {a.arg for a in getattr(getattr(scope, "args", None), "args", [])}
    owner, shared = _of_the_same_object(tree, scope)
    decorated = {id(n) for each in getattr(scope, "decorator_list", []) for n in ast.walk(each)}
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for n in ast.walk(tree)
        if isinstance(n, (ast.Import, ast.ImportFrom))
        for alias in n.names
    }
    first: dict[str, int] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            first[node.id] = min(first.get(node.id, node.lineno), node.lineno)
    found: dict[str, int] = {}
    for node in (*ast.walk(scope), *shared):
        if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) or id(node) in called | decorated:
            continue
        if _root(node) in imported - stored:
            continue
        if (isinstance(node, ast.Attribute) and node.attr == "T") or (
            isinstance(node, ast.Name) and node.id not in stored
        ):
            continue
        if isinstance(node, ast.Subscript) and isinstance(node.slice, (ast.Slice, ast.Tuple)) and not sliced:
            continue
        distance = abs(span[0] - node.lineno)
        shown = " ".join(segment(text, span_of(node)).split())
        if shown != owner and not (shown in modules and shown not in stored):
            found[shown] = min(found.get(shown, distance), distance)
    for argument in getattr(getattr(scope, "args", None), "args", []):  # one that the function does not read at all
        if argument.arg != owner:
            found.setdefault(argument.arg, abs(span[0] - argument.lineno))
    return sorted(found, key=lambda name: (first.get(name, 0) >= span[0], found[name]))[:most]


def _numpy(tree: ast.Module) -> str:
    """The name under which a file has imported NumPy; empty if it has not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "numpy":
                    return alias.asname or alias.name
    return ""


__all__ = ["Repair", "Sequence", "edits_of", "repaired", "searched"]
