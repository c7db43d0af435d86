"""One iteration of the training loop that can be run again at will: from the same state, or with changes."""

from __future__ import annotations

import ast
import contextlib
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.errors import TargetError
from gradcheck.recording.functions import RecentFunctions
from gradcheck.scripts.instrument.events import Diverged, Event, Factor, Finished, Returned
from gradcheck.scripts.instrument.loop_body import (
    LoopBody,
    RewrittenBody,
    compile_body,
    compile_rewritten,
    compile_statements,
)
from gradcheck.scripts.instrument.observer import Observer
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.instrument.statements import CompiledUnit
from gradcheck.scripts.instrument.tracer import Arrival
from gradcheck.scripts.instrument.updates import AdditionLog
from gradcheck.scripts.instrument.values import Action, Array, is_float, is_integer
from gradcheck.scripts.replay.guard import RefusedEffect
from gradcheck.scripts.replay.holders import add_modules, store
from gradcheck.scripts.replay.interpreter import Interpreter
from gradcheck.scripts.replay.iterators import ReplayedIterator, is_shared_iterator
from gradcheck.scripts.replay.open_files import OpenFiles
from gradcheck.scripts.replay.sandbox import Sandbox
from gradcheck.scripts.replay.snapshot import Snapshot, generator_states, keep, set_generator_states
from gradcheck.scripts.replay.state import Path, StateVariable, current_values, state_variables, values_at
from gradcheck.scripts.replay.substitution import Replaced, harmless, substitute
from gradcheck.tracebacks import pass_on_signal

#: A step with more events is refused: it would take hours to follow them one by one.
_MOST_EVENTS = 60_000

#: Values that differ from one replay to the next, of one step.
_MOST_UNSTEADY = 20


@dataclass(frozen=True)
class Trace:
    """The record of one run.

    Attributes
    ----------
    events : list of Event
    before, after : dict of Path to StateVariable
        The state before and after the run.
    """

    events: list[Event]
    before: Mapping[Path, StateVariable]
    after: Mapping[Path, StateVariable]

    def changed(self) -> Iterator[StateVariable]:
        """The state variables that have other values after the run, of the same shape."""
        for path, variable in self.before.items():
            after = self.after.get(path)
            if (
                after is not None
                and after.value.shape == variable.value.shape
                and not _equal(after.value, variable.value)
            ):
                yield variable

    def with_variables(self, variables: Iterable[StateVariable]) -> Trace:
        """The same with further variables in the state before the run."""
        return replace(self, before={**self.before, **{v.path: v for v in variables}})

    def with_values(
        self, values: Mapping[int, Array], factors: Mapping[int, tuple[Factor, ...]] | None = None
    ) -> Trace:
        """The same with other values, and other factors, of some events."""
        factors = factors or {}
        events = [
            replace(
                e,
                value=np.asarray(values[e.index]).reshape(e.value.shape),
                factors=factors.get(e.index, e.factors),
            )
            if e.index in values
            else e
            for e in self.events
        ]
        return replace(self, events=events)


class Step:
    """A training step.

    Parameters
    ----------
    program : InstrumentedProgram
    arrival : Arrival
        Where the program was stopped.
    generators : tuple
        The states of the global random generators when the loop begins. Every run starts with them.
    interpreter : Interpreter, optional
        The state of the interpreter when the loop begins.
    descriptors : iterable of int
        Open files that are not the program's.
    random_states : tuple, optional
        The states of the global random generators that `release` puts back; by default the present ones.

    Attributes
    ----------
    loop : Loop
    scope : dict
        The module's variables.
    locals : dict
        Those of the function that contains the loop; empty outside any function.
    snapshot : Snapshot
        The state that the step starts from.
    state : dict of Path to StateVariable
    unit : CompiledUnit
        Of the body.
    created : list of ndarray
        Values that the first run left in containers and objects which existed before, as optimisers do with averages.
    appeared : frozenset of Path
        Where the first run left values in what existed before, lists included.
    made : frozenset of Path
        The same of the iteration that was run for good.
    unsteady : list of Event
        Values that differ from one replay to the next. They are held fixed.
    runs : int
        The number of replays.
    carries_over : bool
        Whether the step reads values that the iteration before computes from the parameters. A replay with other
        parameters runs that iteration first.
    functions : RecentFunctions
        Those of the program, for the recordings of the step.
    """

    def __init__(
        self,
        program: InstrumentedProgram,
        arrival: Arrival,
        generators: tuple[Any, Any],
        interpreter: Interpreter | None = None,
        descriptors: Iterable[int] = (),
        random_states: tuple[Any, Any] | None = None,
    ) -> None:
        self.program, self.loop, self.scope, self.tracer = (
            program,
            program.loops[arrival.loop],
            arrival.scope,
            program.tracer,
        )
        self.at_module_level = not self.loop.functions
        self.locals = {} if self.at_module_level else arrival.variables
        self.runs = 0
        self.carries_over = False
        self.created: list[Array] = []
        self.appeared: frozenset[Path] = frozenset()
        self.made: frozenset[Path] = frozenset()
        self.unsteady: list[Event] = []
        self._cells = {} if self.at_module_level else arrival.cells
        self._interpreter = interpreter or Interpreter.now()
        self._descriptors = frozenset(descriptors)
        self._modules = {"main" if n == "__main__" else n: m for n, m in self._interpreter.modules.items()}
        self._modules = {name: m for name, m in self._modules.items() if vars(m) is not self.scope}
        add_modules(set(self._interpreter.modules))
        self._shared = program.shared_names()
        self._loss: ast.expr | None = None
        stored = (node for node in ast.walk(self.loop.node) if isinstance(node, ast.Name))
        self._assigned = frozenset(node.id for node in stored if isinstance(node.ctx, ast.Store))
        self._integers: list[tuple[StateVariable, Any]] = []  # each with its value after the first run
        self._grown: list[Replaced] = []  # numbers that were turned into arrays
        self._replaced: list[Replaced] = []
        self._held: dict[int, Action] = {}
        self._files: OpenFiles | None = None
        self._sandbox: Sandbox | None = None
        self._start: Snapshot | None = None
        self._observed: LoopBody | None = None
        self.functions = RecentFunctions()
        self._generators, self._random_states = generators, random_states or generator_states()
        self._body = self._compile()
        self._take_snapshot()

    @property
    def _roots(self) -> list[Any]:
        return [self.scope, self.locals, *(vars(module) for module in self._modules.values())]

    def _take_snapshot(self) -> None:
        self.snapshot = Snapshot(self._roots)
        self.state = self._variables(self.locals)

    def _variables(self, local: dict[str, Any], accept: Callable[[Any], bool] = is_float) -> dict[Path, StateVariable]:
        code = self._body.function.__code__
        own = () if self.at_module_level else (*code.co_varnames, *code.co_cellvars)  # also those without a value yet
        return state_variables(
            local,
            self.scope,
            self._modules,
            accept=accept,
            cells=self._cells.values(),
            hidden=own,
            assigned=self._assigned,
        )

    def track(self, parts: Iterable[StateVariable]) -> None:
        """Let replays give parts of arrays values of their own."""
        self.state.update({part.path: part for part in parts})

    def prepare(self) -> Trace:
        """Make the state ready for replays, and record the first run.

        Narrow floats, and integers that the step turns into floats, become float64. Files that are open for writing
        are replaced by ones in memory, iterators by ones that repeat what they give. `release` undoes this.

        Raises
        ------
        TargetError
            If a second run is another one, so that nothing can be said about the step.
        """
        self.functions = RecentFunctions()
        if self._files is None:
            self._files = OpenFiles(self._descriptors)
        self._replaced += substitute(self._roots, self._ready)
        with self._interpreter.entered():  # with the functions of NumPy that the program has replaced
            self._sandbox = Sandbox(self._roots)
        if self._replaced:
            self._take_snapshot()
        trace = self._record({}, first=True)
        if self._convert_integers():
            trace = self._converted()
        if self.tracer.use_updates():
            trace = self._record({})
        self._hold_unsteady(trace)
        return trace

    def _ready(self, value: Any) -> Any:
        """What takes the place of a value during replays."""
        if self._files is not None and self._files.covers(value):
            return value
        if is_shared_iterator(value):
            return ReplayedIterator(value, self.tracer, keep)
        return harmless(value)

    def _hold_unsteady(self, trace: Trace) -> None:
        """Hold fixed what differs between two runs from the same state."""
        self._held, self.unsteady = {}, []
        for _ in range(_MOST_UNSTEADY):
            seen = self._replay(self._held, {e.index for e in trace.events})
            if seen is None:
                raise TargetError(self._irreproducible(trace))
            other = next(
                (e for e in trace.events if e.index not in self._held and not _equal(seen[e.index], e.value)), None
            )
            if other is None:
                return
            self.unsteady.append(other)
            self._held[other.index] = _constant(other.value)

    def _irreproducible(self, trace: Trace) -> str:
        error = self.tracer.failure
        reason = f"; the second one raised {type(error).__name__}: {error}" if not isinstance(error, Diverged) else ""
        place = next((e.location.line for e in trace.events if e.index not in self.tracer.seen), self.loop.line)
        return (
            f"two runs of the training step from the same state differ, first about line {place}{reason}: the step "
            "depends on something that gradcheck cannot put back, such as a device, a process or a thread; check the "
            "function that computes the gradient with --function NAME"
        )

    def advance(self) -> None:
        """Run one iteration for good, until `release`, on the data that the next one then reads as well.

        The state has what a first iteration creates, for whatever these data need.
        """
        self._start, self.made = self.snapshot, self.appeared
        variables = self._prepared_locals({})
        self.tracer.begin_unseen()
        with self._quiet(), contextlib.suppress(Returned):
            variables = self._call(variables)
        self.tracer.end()
        self.snapshot.rewind()
        self.locals.update({name: value for name, value in variables.items() if name in self.locals})
        self._take_snapshot()

    def release(self) -> None:
        """Undo `prepare` and `advance`, and put the random generators of the interpreter back."""
        if self._start is not None:
            self._start.restore(everything=True)
            self._start, self.made = None, frozenset()
        for replaced in reversed(self._replaced):
            replaced.undo()
        self._replaced = []
        self._reset_cells()
        if self._files is not None:
            self._files.release()
            self._files = None
        set_generator_states(self._random_states)

    @contextlib.contextmanager
    def _quiet(self) -> Iterator[None]:
        """One run, without effects outside the process."""
        sandbox = self._sandbox or Sandbox(self._roots)
        try:
            with sandbox.active(self._interpreter), self.tracer.widening():
                yield
        finally:
            if self._files is not None:
                self._files.forget()

    def _converted(self) -> Trace:
        """The first run with numbers that were turned into others; without arrays among them if it fails with these."""
        self._take_snapshot()
        try:
            return self._record({}, first=True)
        except Exception as error:
            pass_on_signal(error)
            if not self._grown:
                raise
            for one in self._grown:
                store(one.owner, one.key, float(one.old))
            self._take_snapshot()
            return self._record({}, first=True)

    def _convert_integers(self) -> bool:
        """Turn integers that the step leaves as floats into floats, numbers that it leaves as arrays into arrays.

        The result is whether there were any.
        """
        found, self._grown = False, []
        for variable, after in self._integers:
            old = variable.found
            grows = isinstance(after, np.ndarray) and after.ndim > 0 and not isinstance(old, np.ndarray)
            if is_float(after) and (is_integer(old) or (grows and isinstance(old, float))):
                fresh: Any = old.astype(np.float64) if isinstance(old, np.ndarray) else float(old)
                fresh = np.full(after.shape, fresh) if grows else fresh
                self._replaced.append(Replaced(variable.owner, variable.key, old))
                self._grown += self._replaced[-1:] if grows else []
                store(variable.owner, variable.key, fresh)
                found = True
        return found

    # -- the body ------------------------------------------------------------------------------------------------------

    @property
    def unit(self) -> CompiledUnit:
        """The code of the body."""
        return self._body.unit

    def _compile(self, node: Any = None, text: str | None = None) -> LoopBody:
        first = len(self.tracer.locations)
        body = compile_body(
            self.loop, self.scope, self.locals, first, node=node, text=text, loss=self._loss, cells=self._cells
        )
        self.tracer.add_locations(body.locations)
        return body

    def compile_variant(self, node: Any, text: str) -> CompiledUnit:
        """The code of the same loop in another version of its source."""
        return self._compile(node, text).unit

    def set_loss(self, expression: str) -> None:
        """Compute an expression at the end of each run, as the loss. Raises `TargetError` for a syntax error."""
        try:
            tree = ast.parse(expression, "--loss", mode="eval")
        except SyntaxError as error:
            raise TargetError(f"--loss {expression!r} is not a Python expression: {error.msg}") from None
        self._loss = tree.body
        self._body = self._compile()

    @property
    def narrowed(self) -> tuple[str, ...]:
        """Functions of NumPy that something has replaced by ones that round, and that replays do not use."""
        return () if self._sandbox is None else self._sandbox.narrowed

    def owns(self, name: str, function: str) -> bool:
        """Whether a name that a function assigns is a variable of the step, and not a local one of that function."""
        around = next((f.name for f in reversed(self.loop.functions) if hasattr(f, "name")), "")
        return function == around or name in self._shared

    def sequences(self) -> list[tuple[str, Sequence[Any]]]:
        """The program's lists and tuples, by name."""
        return [(k, v) for k, v in {**self.scope, **self.locals}.items() if isinstance(v, (list, tuple))]

    # -- runs ----------------------------------------------------------------------------------------------------------

    def trace_again(self) -> list[Event] | None:
        """Events of one more recorded run; None if it fails."""
        variables = self._prepared_locals({})
        self.tracer.begin_recording()
        try:
            with self._quiet(), contextlib.suppress(Returned):
                self._call(variables)
        except (Exception, SystemExit) as error:
            pass_on_signal(error)
            return None
        finally:
            self.tracer.end()
            self._restore({}, everything=True)
        return self.tracer.events

    def record_second(self, perturb: Callable[[StateVariable], Array | None] = lambda _: None) -> Trace | None:
        """Record the iteration after the first one, on the same data; None if it fails.

        `perturb` gives other values of state variables at its start, None for those that stay.
        """
        variables = self._prepared_locals({})
        self.tracer.begin_unseen()
        try:
            with self._quiet(), contextlib.suppress(Finished):
                variables = self._updated_locals(variables)
                self.snapshot.rewind()
                set_generator_states(self._generators)
                outer = {} if self.at_module_level else variables
                before = self._variables(outer)
                for variable in before.values():
                    value = perturb(variable)
                    if value is not None:
                        variable.put(variable.owner, value)
                self.tracer.begin_recording(_MOST_EVENTS)
                variables = self._updated_locals(variables)
            outer = {} if self.at_module_level else variables
            return Trace(self.tracer.events, before, current_values(before, outer, self.scope, self._modules))
        except (Exception, SystemExit) as error:
            pass_on_signal(error)
            return None
        finally:
            self.tracer.end()
            self._restore({}, everything=True)

    def _updated_locals(self, variables: dict[str, Any]) -> dict[str, Any]:
        """The local variables of a run after another run that starts with them."""
        with contextlib.suppress(Returned):
            result = self._call(variables)
            return {name: result.get(name, value) for name, value in variables.items()}
        return variables

    def record(self, values: Mapping[Path, Array] | None = None) -> Trace:
        """Run the step once and record it, with other values of some state variables."""
        return self._record(values or {})

    def _record(self, values: Mapping[Path, Array], *, first: bool = False) -> Trace:
        variables = self._prepared_locals(values)
        outer = {} if self.at_module_level else variables
        before = self._variables(outer)
        integers = self._variables(self.locals, _may_be_converted) if first else {}
        existing = set(self.scope) | set(self.locals)
        log = AdditionLog({path: variable.value for path, variable in before.items()}) if first else None
        if log is not None:
            self.tracer.find_updates(log)
        self.tracer.begin_recording(_MOST_EVENTS)
        result = variables
        try:
            try:
                with self._quiet(), contextlib.suppress(Returned, Finished):
                    result = self._call(variables)
            except RefusedEffect as error:
                raise TargetError(_refused(error)) from error
            except SystemExit:
                raise TargetError(
                    f"the first iteration of the loop on line {self.loop.line} ends the program"
                ) from None
            finally:
                self.tracer.end()
            events = self.tracer.events
            if self.tracer.overflows:
                raise TargetError(
                    f"one iteration of the loop on line {self.loop.line} assigns more than {_MOST_EVENTS} numbers one "
                    "by one, too many to follow: check a smaller problem, with few samples and small layers"
                )
            outer = {} if self.at_module_level else result
            after = current_values(before, outer, self.scope, self._modules)
            if log is not None:
                log.finish({path: variable.value for path, variable in after.items()})
            if first:
                left = values_at(integers, outer, self.scope, self._modules)
                self._integers = [(integers[path], value) for path, value in left.items()]
                present = self._variables(outer)
                self.created = _created(before, present, existing)
                self.appeared = frozenset(p for p in present if p not in before and len(p) > 1 and p[0] in existing)
                self.snapshot.restrict_to_changed()
        finally:
            self._restore(values)
        return Trace(events, before, after)

    def replay(
        self,
        actions: Mapping[int, Action] | None = None,
        watched: set[int] | None = None,
        last: int | None = None,
        values: Mapping[Path, Array] | None = None,
        before: Mapping[int, Action] | None = None,
    ) -> dict[int, Array] | None:
        """Run the step again, with changes.

        Parameters
        ----------
        actions : dict of int to Action, optional
            Applied to the values of events.
        watched : set of int, optional
            Events whose values are returned, as they are before an action on themselves.
        last : int, optional
            The run ends after this event.
        values : dict of Path to ndarray, optional
            Values of state variables at the start.
        before : dict of int to callable, optional
            Actions in the iteration before, if the step carries values over from it.

        Returns
        -------
        dict of int to ndarray, or None
            None if the run failed or took another branch.
        """
        self.runs += 1
        return self._replay({**self._held, **(actions or {})}, watched, last, values, before)

    def _replay(
        self,
        actions: Mapping[int, Action],
        watched: set[int] | None = None,
        last: int | None = None,
        values: Mapping[Path, Array] | None = None,
        before: Mapping[int, Action] | None = None,
    ) -> dict[int, Array] | None:
        values = values or {}
        variables = self._prepared_locals(values)
        failed = True
        try:
            with self._quiet():
                if self.carries_over and values:
                    variables = self._after_iteration(variables, before or {})
                self.tracer.begin_replay(actions, watched, last)
                self._call(variables)
            failed = False
        except (Finished, Returned):
            failed = False
        except (Exception, SystemExit) as error:
            pass_on_signal(error)
            self.tracer.failure = error
            return None
        finally:
            self.tracer.end()
            self._restore(values, everything=failed)
        seen = self.tracer.seen
        return None if watched and not watched <= set(seen) else seen

    def observed_body(self, rewrite: Callable[[list[ast.stmt]], list[ast.stmt]]) -> RewrittenBody:
        """The instrumented body after one more rewriting."""
        body = self._body
        if body is self._observed:  # a rewriting has changed its statements
            first = body.unit.locations.start
            body = compile_body(self.loop, self.scope, self.locals, first, loss=self._loss, cells=self._cells)
        self._observed = self._body
        return compile_statements(self.loop, rewrite(body.statements), self.locals, self._cells)

    def as_function(
        self, body: RewrittenBody, complete: Callable[[types.CodeType], types.CodeType]
    ) -> types.FunctionType:
        """A body of this step, with its code changed once more."""
        return body.function(complete, self.scope, self._cells)

    @contextlib.contextmanager
    def observed(self, observer: Observer, events: set[int], values: Mapping[Path, Array]) -> Iterator[dict[str, Any]]:
        """The same for a run that meets all events for an observer."""
        with self._prepared(values) as variables:
            self.tracer.begin_observed(observer, events)
            yield variables

    @contextlib.contextmanager
    def prepared(self, values: Mapping[Path, Array]) -> Iterator[dict[str, Any]]:
        """The local variables of a run of the body in another version; afterwards all is as it was.

        Values pass the tracer unseen.
        """
        with self._prepared(values) as variables:
            self.tracer.begin_unseen()
            yield variables

    @contextlib.contextmanager
    def _prepared(self, values: Mapping[Path, Array]) -> Iterator[dict[str, Any]]:
        self.runs += 1
        variables = self._prepared_locals(values)
        failed = True
        try:
            with self._quiet():
                yield variables
            failed = False
        finally:
            self.tracer.end()
            self._restore(values, everything=failed)

    def rewritten_body(self, rewrite: Callable[[list[ast.stmt]], list[ast.stmt]]) -> RewrittenBody:
        """The body as it is written, after a rewriting."""
        return compile_rewritten(self.loop, self.locals, rewrite, loss=self._loss, cells=self._cells)

    def _after_iteration(self, variables: dict[str, Any], actions: Mapping[int, Action]) -> dict[str, Any]:
        """The variables after one iteration with some actions; the random numbers of the next one are the same."""
        self.tracer.begin_replay(actions)
        variables = self._updated_locals(variables)
        set_generator_states(self._generators)
        return variables

    def _prepared_locals(self, values: Mapping[Path, Array]) -> dict[str, Any]:
        """The local variables of a run, after generators and state variables got their values."""
        set_generator_states(self._generators)
        variables = dict(self.locals)
        for path, value in values.items():
            variable = self.state[path]
            variable.put(variables if variable.owner is self.locals else variable.owner, value)
        for name, cell in self._cells.items():
            if name in variables:
                cell.cell_contents = variables[name]
        return variables

    def _restore(self, values: Mapping[Path, Array], *, everything: bool = False) -> None:
        """Put everything back as it was before a run."""
        for path in values:
            variable = self.state[path]
            variable.put(variable.owner, variable.value)
        self.snapshot.restore(everything=everything)
        self._reset_cells()

    def _reset_cells(self) -> None:
        """Give shared variables the values of the state."""
        for name, cell in self._cells.items():
            if name in self.locals:
                cell.cell_contents = self.locals[name]
            else:
                with contextlib.suppress(ValueError):
                    del cell.cell_contents

    def _call(self, variables: dict[str, Any]) -> Any:
        return self._body.function(*[variables[name] for name in self._body.parameters])


def _equal(one: Array, other: Array) -> bool:
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=True)


def _constant(value: Array) -> Action:
    return lambda _: value


def _refused(error: RefusedEffect) -> str:
    return (
        f"{error}: the step cannot go on without it; leave it out, or check the function that computes the gradient "
        "with --function NAME"
    )


def _may_be_converted(value: Any) -> bool:
    """Whether a value may become one of floats, or an array: integers, and single floats."""
    return is_integer(value) or isinstance(value, float)


def _created(
    before: Mapping[Path, StateVariable], after: Mapping[Path, StateVariable], existing: set[str]
) -> list[Array]:
    """Values that a run left in containers and objects of variables that existed before; not those of derivatives.

    A number that became an array counts as well: averages may start as 0.
    """
    fresh = [v for path, v in after.items() if path not in before and len(path) > 1 and path[0] in existing]
    fresh += [after[path] for path, v in before.items() if v.scalar and path in after and not after[path].scalar]
    return [v.value for v in fresh if not isinstance(v.owner, list)]
