"""One pass through the training loop, that can be run again at will: from the same state, or with changes."""

from __future__ import annotations

import ast
import contextlib
import copy
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import TargetError
from gradcheck.scripts.instrument.events import Action, Event, Finished, Left, is_real
from gradcheck.scripts.instrument.expressions import TAPE
from gradcheck.scripts.instrument.statements import Taps, Unit
from gradcheck.scripts.replay import sandbox
from gradcheck.scripts.replay.promotion import harmless, is_whole, put, replaced
from gradcheck.scripts.replay.snapshot import Leaf, Snapshot, ends, followed, leaves
from gradcheck.scripts.text.identifiers import sounds_derived
from gradcheck.scripts.text.training_loop import Loop

if TYPE_CHECKING:
    from gradcheck.scripts.replay.capture import Program

Array = NDArray[Any]

#: The function that the body of the loop becomes.
BODY = "_gradcheck_step_"

#: More events than this are too many to follow one by one.
MOST = 60_000


@dataclass(frozen=True)
class Trace:
    """What happened in a run that was recorded.

    Attributes
    ----------
    events : list of Event
    before, after : dict
        The floats and arrays that the program's variables led to.
    """

    events: list[Event]
    before: dict[tuple[Any, ...], Leaf]
    after: dict[tuple[Any, ...], Leaf]


class Step:
    """A training step.

    Parameters
    ----------
    program : Program
    loop : Loop
    scope : dict
        The module's variables.
    variables : dict
        Those of the function that the loop stands in; of a loop outside any function, the same.
    """

    def __init__(self, program: Program, loop: Loop, scope: dict[str, Any], variables: dict[str, Any]) -> None:
        self.program, self.loop, self.scope, self.tape = program, loop, scope, program.tape
        self.top = not loop.functions
        self._shared = program.shared()
        self.locals = {} if self.top else variables
        self.runs = 0
        self._loss: ast.expr | None = None
        self._values: dict[tuple[Any, ...], Array] = {}
        self.whole: list[tuple[Leaf, Any]] = []
        self._old: list[Any] = []
        self._start: Snapshot | None = None
        self.lazy: list[Array] = []
        self._look()
        self._body, self.unit = self.compiled(loop.node, loop.text)

    def _look(self) -> None:
        """Keep the state that the step starts from."""
        self.snapshot = Snapshot([self.scope, self.locals])
        self.before = leaves(self.locals, self.scope)

    def prepared(self) -> Trace:
        """The first run. Numbers that it finds in too narrow a type, or as whole ones, are given to it as float64.

        Files that are open for writing are taken from it.
        """
        self._old += replaced([self.scope, self.locals], harmless)
        if self._old:
            self._look()
        trace = self.record(first=True)
        if self._floats():
            self._look()
            trace = self.record(first=True)
        return trace

    def advance(self) -> None:
        """Take one pass for good, until `release`: for what a first pass creates, such as an optimiser's averages."""
        self._start = self.snapshot
        variables = dict(self.locals)
        with sandbox.quiet(), contextlib.suppress(Left):
            variables = self._call(variables)
        self.locals.update({name: value for name, value in variables.items() if name in self.locals})
        self._look()

    def release(self) -> None:
        """Put back all that was changed for good."""
        if self._start is not None:
            self._start.restore()
        for owner, key, value in reversed(self._old):
            put(owner, key, value)
        self._old = []

    def _floats(self) -> bool:
        """Whether there were whole numbers that the step left as floats; they are floats from now on."""
        found = False
        for leaf, after in self.whole:
            if is_whole(leaf.found) and is_real(after):
                fresh = leaf.found.astype(np.float64) if isinstance(leaf.found, np.ndarray) else float(leaf.found)
                self._old.append((leaf.owner, leaf.key, leaf.found))
                put(leaf.owner, leaf.key, fresh)
                found = True
        return found

    # -- the body ----------------------------------------------------------------------------------------------------

    def compiled(self, loop: Any, text: str) -> tuple[Callable[..., Any], Unit]:
        """The body of the loop, or of the same loop in another text, as a function of the local variables."""
        start = len(self.tape.sites)
        node = copy.deepcopy(loop)
        body: list[ast.stmt] = _without_returns(node.body)
        assigned = _assigned(node)
        globals_ = {n for f in self.loop.functions for s in ast.walk(f) if isinstance(s, ast.Global) for n in s.names}
        parameters = [name for name in self.locals if name.isidentifier() and name not in globals_]
        taps = Taps(self.loop.file, text, self.tape.sites)
        taps.functions = list(self.loop.functions)
        tapped = [n for statement in body for n in _listed(taps.visit(statement))]
        final: list[ast.stmt] = []
        if self._loss is not None:
            call = taps.call("value", taps.site(node, "loss", "expression"), copy.deepcopy(self._loss))
            final = [ast.Expr(call)]
        once = ast.For(
            ast.Name(f"{BODY}once", ast.Store()), ast.Tuple([ast.Constant(0)], ast.Load()), [*tapped, *final], []
        )
        shared = sorted(assigned if self.top else globals_ & (assigned | globals_))
        head: list[ast.stmt] = [ast.Global(shared)] if shared else []
        tail = ast.Return(ast.Call(ast.Name("locals", ast.Load()), [], []))
        wrapped = ast.parse(f"def {BODY}({', '.join(parameters)}): pass", self.loop.file)
        function: Any = wrapped.body[0]
        function.body = [*head, once, tail]
        for new in (once, tail, *head):
            ast.copy_location(new, node)
        namespace: dict[str, Any] = {}
        exec(
            compile(ast.fix_missing_locations(wrapped), self.loop.file, "exec", dont_inherit=True),
            self.scope,
            namespace,
        )
        self._parameters = parameters
        made: types.FunctionType = namespace[BODY]
        return made, Unit(made.__code__, range(start, len(self.tape.sites)))

    def with_loss(self, expression: str) -> None:
        """Compute an expression at the end of each pass, as the loss."""
        try:
            tree = ast.parse(expression, "--loss", mode="eval")
        except SyntaxError as error:
            raise TargetError(f"--loss {expression!r} is no Python expression: {error.msg}") from None
        self._loss = tree.body
        self._body, self.unit = self.compiled(self.loop.node, self.loop.text)

    def own(self, name: str, function: str) -> bool:
        """Whether a name that is assigned in a function is the step's variable, and not one of that function alone."""
        around = self.loop.functions[-1].name if self.loop.functions else ""
        return function == around or name in self._shared

    def lists(self) -> list[tuple[str, Any]]:
        """The program's lists and tuples, by their names."""
        return [(k, v) for k, v in {**self.scope, **self.locals}.items() if isinstance(v, (list, tuple))]

    # -- runs ----------------------------------------------------------------------------------------------------------

    def retraced(self) -> list[Event] | None:
        """The events of a run once more, with what was drawn before; None if it fails."""
        self._values = {}
        variables = self._prepare()
        self.tape.begin(record=True, again=True)
        try:
            with sandbox.quiet(), contextlib.suppress(Left):
                self._call(variables)
        except Exception:
            return None
        finally:
            self.tape.end()
            self._restore()
        return self.tape.events

    def record(self, values: Mapping[tuple[Any, ...], Array] | None = None, *, first: bool = False) -> Trace:
        """Run the step once and keep all that happens; at other values of some leaves if they are given."""
        self._values = dict(values or {})
        variables = self._prepare()
        before = leaves({} if self.top else variables, self.scope)
        held = set(self.scope) | set(self.locals)
        whole = leaves(self.locals, self.scope, chosen=is_whole) if first else {}
        self.tape.begin(record=True)
        result = variables
        try:
            with sandbox.quiet():
                result = self._call(variables)
        except Left:
            pass
        finally:
            self.tape.end()
        events = self.tape.events
        if len(events) > MOST:
            raise TargetError(
                f"one pass of the loop in line {self.loop.line} assigns {len(events)} numbers one by one, too many to "
                "follow: check a smaller problem, a few samples and small layers"
            )
        after = followed(before, {} if self.top else result, self.scope)
        if first:
            left = ends(whole, {} if self.top else result, self.scope)
            self.whole = [(whole[path], value) for path, value in left.items()]
            now = leaves({} if self.top else result, self.scope)
            fresh = [leaf for path, leaf in now.items() if path not in before and len(path) > 1 and path[0] in held]
            self.lazy = [f.value for f in fresh if not isinstance(f.owner, list) and not sounds_derived([f.name])]
            self.snapshot.narrow()
        self._restore()
        return Trace(events, before, after)

    def replay(
        self,
        actions: Mapping[int, Action] | None = None,
        watch: set[int] | None = None,
        last: int | None = None,
        values: Mapping[tuple[Any, ...], Array] | None = None,
    ) -> dict[int, Array] | None:
        """Run the step again, with changes; what was watched, or None if it took another branch or failed."""
        self.runs += 1
        self._values = dict(values or {})
        variables = self._prepare()
        self.tape.begin(actions, watch, last)
        try:
            with sandbox.quiet():
                self._call(variables)
        except (Finished, Left):
            pass
        except Exception:
            return None
        finally:
            self.tape.end()
            self._restore()
        if watch and not watch <= set(self.tape.seen):
            return None
        return self.tape.seen

    def _prepare(self) -> dict[str, Any]:
        """The local variables of a run, after the leaves were given their values."""
        variables = dict(self.locals)
        for path, value in self._values.items():
            leaf = self.before[path]
            leaf.put(variables if leaf.owner is self.locals else leaf.owner, value)
        return variables

    def _restore(self) -> None:
        """Everything as it was before a run."""
        for path in self._values:
            leaf = self.before[path]
            leaf.put(leaf.owner, leaf.value)
        self.snapshot.restore()

    def _call(self, variables: dict[str, Any]) -> Any:
        return self._body(*[variables[name] for name in self._parameters])


class _Returns(ast.NodeTransformer):
    """Returns out of the body, as calls of the tape."""

    def visit_Return(self, node: ast.Return) -> Any:
        function = ast.Attribute(ast.Name(TAPE, ast.Load()), "leave", ast.Load())
        value = [] if node.value is None else [node.value]
        return ast.copy_location(ast.Expr(ast.Call(function, value, [])), node)

    def _closed(self, node: Any) -> Any:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = _closed


def _without_returns(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return [_Returns().visit(statement) for statement in body]


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _assigned(loop: Any) -> set[str]:
    """Names that the body binds, of which none is bound in a scope of its own."""
    names: set[str] = set()
    stack: list[ast.AST] = list(loop.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            names.add(node.name)
            continue
        if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        stack += list(ast.iter_child_nodes(node))
    return names
