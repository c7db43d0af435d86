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
from gradcheck.scripts.instrument.events import Event, Factor, Finished, Returned
from gradcheck.scripts.instrument.loop_body import LoopBody, compile_body, compile_rewritten
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.instrument.statements import CompiledUnit
from gradcheck.scripts.instrument.updates import AdditionLog
from gradcheck.scripts.instrument.values import Action, Array, is_float, is_integer
from gradcheck.scripts.replay import sandbox
from gradcheck.scripts.replay.snapshot import Snapshot, generator_states, set_generator_states
from gradcheck.scripts.replay.state import Path, StateVariable, current_values, state_variables, values_at
from gradcheck.scripts.replay.substitution import Replaced, harmless, store, substitute
from gradcheck.scripts.text.training_loop import Loop

#: A step with more events is refused: it would take hours to follow them one by one.
_MOST_EVENTS = 60_000


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
    loop : Loop
    scope : dict
        The module's variables.
    variables : dict
        Those of the function that contains the loop; of a loop outside any function, the same.
    generators : tuple
        The states of the global random generators when the loop begins. Every run starts with them.

    Attributes
    ----------
    snapshot : Snapshot
        The state that the step starts from.
    state : dict of Path to StateVariable
    unit : CompiledUnit
        Of the body.
    created : list of ndarray
        Values that the first run left in containers and objects which existed before, as optimisers do with averages.
    runs : int
        The number of replays.
    carries_over : bool
        Whether the step reads values that the iteration before computes from the parameters. A replay with other
        parameters runs that iteration first.
    """

    def __init__(
        self,
        program: InstrumentedProgram,
        loop: Loop,
        scope: dict[str, Any],
        variables: dict[str, Any],
        generators: tuple[Any, Any],
    ) -> None:
        self.program, self.loop, self.scope, self.tracer = program, loop, scope, program.tracer
        self.at_module_level = not loop.functions
        self.locals = {} if self.at_module_level else variables
        self.runs = 0
        self.carries_over = False
        self.created: list[Array] = []
        self._shared = program.shared_names()
        self._loss: ast.expr | None = None
        self._integers: list[tuple[StateVariable, Any]] = []  # each with its value after the first run
        self._replaced: list[Replaced] = []
        self._start: Snapshot | None = None
        self._generators, self._interpreter = generators, generator_states()
        self._take_snapshot()
        self._body = self._compile()

    def _take_snapshot(self) -> None:
        self.snapshot = Snapshot([self.scope, self.locals])
        self.state = state_variables(self.locals, self.scope)

    def track(self, parts: Iterable[StateVariable]) -> None:
        """Let replays give parts of arrays values of their own."""
        self.state.update({part.path: part for part in parts})

    def prepare(self) -> Trace:
        """Make the state ready for replays, and record the first run.

        Narrow floats, and integers that the step turns into floats, become float64. Files that are open for writing
        are replaced by ones in memory. `release` undoes this.
        """
        self._replaced += substitute([self.scope, self.locals], harmless)
        if self._replaced:
            self._take_snapshot()
        trace = self._record({}, first=True)
        if self._convert_integers():
            self._take_snapshot()
            trace = self._record({}, first=True)
        return self._record({}) if self.tracer.use_updates() else trace

    def advance(self) -> None:
        """Run one iteration for good, until `release`. The state then has what a first iteration creates."""
        self._start = self.snapshot
        variables = self._prepared_locals({})
        with sandbox.quiet(), contextlib.suppress(Returned):
            variables = self._call(variables)
        self._generators = generator_states()
        self.locals.update({name: value for name, value in variables.items() if name in self.locals})
        self._take_snapshot()

    def release(self) -> None:
        """Undo `prepare` and `advance`, and put the random generators of the interpreter back."""
        if self._start is not None:
            self._start.restore()
        for replaced in reversed(self._replaced):
            replaced.undo()
        self._replaced = []
        set_generator_states(self._interpreter)

    def _convert_integers(self) -> bool:
        """Turn integers that the step leaves as floats into floats; whether there were any."""
        found = False
        for variable, after in self._integers:
            if is_integer(variable.found) and is_float(after):
                old = variable.found
                fresh = old.astype(np.float64) if isinstance(old, np.ndarray) else float(old)
                self._replaced.append(Replaced(variable.owner, variable.key, old))
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
        body = compile_body(self.loop, self.scope, self.locals, first, node=node, text=text, loss=self._loss)
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

    def owns(self, name: str, function: str) -> bool:
        """Whether a name that a function assigns is a variable of the step, and not a local one of that function."""
        around = self.loop.functions[-1].name if self.loop.functions else ""
        return function == around or name in self._shared

    def sequences(self) -> list[tuple[str, Sequence[Any]]]:
        """The program's lists and tuples, by name."""
        return [(k, v) for k, v in {**self.scope, **self.locals}.items() if isinstance(v, (list, tuple))]

    # -- runs ----------------------------------------------------------------------------------------------------------

    def trace_again(self) -> list[Event] | None:
        """Events of one more recorded run, with the values that iterators yielded before; None if it fails."""
        variables = self._prepared_locals({})
        self.tracer.begin_recording(repeat_draws=True)
        try:
            with sandbox.quiet(), contextlib.suppress(Returned):
                self._call(variables)
        except Exception:
            return None
        finally:
            self.tracer.end()
            self._restore({})
        return self.tracer.events

    def record(self, values: Mapping[Path, Array] | None = None) -> Trace:
        """Run the step once and record it, with other values of some state variables."""
        return self._record(values or {})

    def _record(self, values: Mapping[Path, Array], *, first: bool = False) -> Trace:
        variables = self._prepared_locals(values)
        outer = {} if self.at_module_level else variables
        before = state_variables(outer, self.scope)
        integers = state_variables(self.locals, self.scope, accept=is_integer) if first else {}
        existing = set(self.scope) | set(self.locals)
        log = AdditionLog({path: variable.value for path, variable in before.items()}) if first else None
        if log is not None:
            self.tracer.find_updates(log)
        self.tracer.begin_recording()
        result = variables
        try:
            try:
                with sandbox.quiet(), contextlib.suppress(Returned):
                    result = self._call(variables)
            finally:
                self.tracer.end()
            events = self.tracer.events
            if len(events) > _MOST_EVENTS:
                raise TargetError(
                    f"one iteration of the loop on line {self.loop.line} assigns {len(events)} numbers one by one, "
                    "too many to follow: check a smaller problem, with few samples and small layers"
                )
            outer = {} if self.at_module_level else result
            after = current_values(before, outer, self.scope)
            if log is not None:
                log.finish({path: variable.value for path, variable in after.items()})
            if first:
                left = values_at(integers, outer, self.scope)
                self._integers = [(integers[path], value) for path, value in left.items()]
                self.created = _created(before, state_variables(outer, self.scope), existing)
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
        values = values or {}
        variables = self._prepared_locals(values)
        try:
            with sandbox.quiet():
                if self.carries_over and values:
                    variables = self._after_iteration(variables, before or {})
                self.tracer.begin_replay(actions, watched, last)
                self._call(variables)
        except (Finished, Returned):
            pass
        except Exception:
            return None
        finally:
            self.tracer.end()
            self._restore(values)
        seen = self.tracer.seen
        return None if watched and not watched <= set(seen) else seen

    @contextlib.contextmanager
    def prepared(self, values: Mapping[Path, Array]) -> Iterator[dict[str, Any]]:
        """The local variables of a run of the body in another version; afterwards all is as it was.

        Values pass the tracer unseen, and iterators yield what they yielded before.
        """
        self.runs += 1
        variables = self._prepared_locals(values)
        self.tracer.begin_passing()
        try:
            with sandbox.quiet():
                yield variables
        finally:
            self.tracer.end()
            self._restore(values)

    def rewritten_body(
        self,
        rewrite: Callable[[list[ast.stmt]], list[ast.stmt]],
        complete: Callable[[types.CodeType], types.CodeType],
    ) -> tuple[types.FunctionType, list[str]]:
        """The body as it is written, after a rewriting, and the local variables that it takes."""
        return compile_rewritten(self.loop, self.scope, self.locals, rewrite, complete, self._loss)

    def _after_iteration(self, variables: dict[str, Any], actions: Mapping[int, Action]) -> dict[str, Any]:
        """The variables after one iteration with some actions; the random numbers of the next one are the same."""
        self.tracer.begin_replay(actions)
        with contextlib.suppress(Returned):
            result = self._call(variables)
            variables = {name: result.get(name, value) for name, value in variables.items()}
        set_generator_states(self._generators)
        return variables

    def _prepared_locals(self, values: Mapping[Path, Array]) -> dict[str, Any]:
        """The local variables of a run, after generators and state variables got their values."""
        set_generator_states(self._generators)
        variables = dict(self.locals)
        for path, value in values.items():
            variable = self.state[path]
            variable.put(variables if variable.owner is self.locals else variable.owner, value)
        return variables

    def _restore(self, values: Mapping[Path, Array]) -> None:
        """Put everything back as it was before a run."""
        for path in values:
            variable = self.state[path]
            variable.put(variable.owner, variable.value)
        self.snapshot.restore()

    def _call(self, variables: dict[str, Any]) -> Any:
        return self._body.function(*[variables[name] for name in self._body.parameters])


def _created(
    before: Mapping[Path, StateVariable], after: Mapping[Path, StateVariable], existing: set[str]
) -> list[Array]:
    """Values that a run left in containers and objects of variables that existed before; not those of derivatives."""
    fresh = [v for path, v in after.items() if path not in before and len(path) > 1 and path[0] in existing]
    return [v.value for v in fresh if not isinstance(v.owner, list)]
