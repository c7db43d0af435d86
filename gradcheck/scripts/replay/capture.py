"""Runs a program up to its training step, and captures that step with everything that it reads."""

from __future__ import annotations

import ast
import difflib
import functools
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from gradcheck.errors import TargetError
from gradcheck.scripts.instrument.events import Reached
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.instrument.tracer import TRACER, Arrival
from gradcheck.scripts.replay.guard import GUARD
from gradcheck.scripts.replay.interpreter import Finder, Interpreter, started, traced_modules
from gradcheck.scripts.replay.minimisers import Minimisation, MinimiserWatch
from gradcheck.scripts.replay.open_files import open_descriptors
from gradcheck.scripts.replay.process_state import in_place
from gradcheck.scripts.replay.sandbox import Sandbox
from gradcheck.scripts.replay.snapshot import generator_states
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.source import decoded
from gradcheck.scripts.text.training_loop import (
    Loop,
    adds_products,
    complete_loops,
    loops_run_by,
    rank_functions,
    rank_loops,
)

T = TypeVar("T")

#: What a step is used for gives this if the program is to go on where it was stopped.
_GO_ON = object()

#: Line numbers in a message.
_SHOWN_LINES = 5

#: Iterations of a loop that trains, while the likeliest training loop is not reached. After these the loop itself is
#: taken for it, since it may run for hours.
_MOST_ITERATIONS = 20

#: The same of a loop that adds something without a learning rate: it may prepare data. Of one that runs as it is, since
#: it was tried before, more are allowed; the program is given up after these.
_MOST_UNRATED, _MOST_PASSED = 5_000, 400_000


def capture(
    program: InstrumentedProgram,
    arguments: Sequence[str],
    function: str | None = None,
    use: Callable[[Step, list[Loop]], Any] = lambda step, others: (step, others),
    minimised: Callable[[Minimisation], Any] | None = None,
    passed: Iterable[int] = (),
) -> Any:
    """Run until the likeliest training loop begins, or a function is called.

    Parameters
    ----------
    program : InstrumentedProgram
    arguments : sequence of str
        Of the script.
    function : str, optional
    use : callable
        Called with the step, and other loops that may be the training loop, the likeliest first. The program is
        stopped meanwhile: its open files are open, its contexts entered. Afterwards it is left as if it ended.
    minimised : callable, optional
        Called in place of `use` if a minimiser of SciPy gets a gradient before, without effects outside the process.
    passed : iterable of int, optional
        Numbers of loops that run as they are.

    Returns
    -------
    object
        What `use` or `minimised` returns; by default the step and the other loops.

    Raises
    ------
    TargetError
        If the program ends before.
    """
    if function is not None:
        return _capture_call(program, function, arguments, use)
    tried = set(passed)
    preferred: int | None = None
    alone = False
    # running the program may import modules with further loops
    while True:
        choice = _Choice(program, tried, preferred, alone=alone, passed=passed)
        found = _run(program, choice, arguments, functools.partial(_with_others, use, choice), minimised=minimised)
        if found is not None:
            return found[0]
        wanted = choice.wanted
        if choice.endless:
            raise TargetError(_no_loop(program))
        if choice.overdue is not None:
            preferred = choice.overdue
        elif choice.around is not None:  # that loop has one iteration
            alone = True
        elif wanted is None or wanted.number in tried:
            raise TargetError(_no_loop(program))
        else:
            tried |= {wanted.number} | choice.never_begun
            preferred, alone = None, False


def capture_loop(
    program: InstrumentedProgram, loop: Loop, arguments: Sequence[str], use: Callable[[Step], Any] = lambda step: step
) -> Any:
    """Run until one loop begins. Returns what `use` returns. Raises `TargetError` if the program ends before."""
    found = _run(program, functools.cache(lambda number: _same(program, number, loop)), arguments, use)
    if found is None:
        raise TargetError(_no_loop(program))
    return found[0]


def capture_cells(
    program: InstrumentedProgram, arguments: Sequence[str], use: Callable[[Step], T]
) -> tuple[list[T], list[str]]:
    """Run the cells of a notebook, each until the likeliest training loop in it begins.

    What stands after the loop in its cell does not run. Later cells run with the variables as they are. A loop of which
    `use` returns None, and which adds no product to anything itself, runs as it is: others may be behind it.

    Returns
    -------
    list, list of str
        What `use` returned for each loop, and what went wrong in cells after the first loop.
    """
    done: set[tuple[Any, ...]] = set()
    passed: set[tuple[Any, ...]] = set()
    results: list[T] = []
    troubles: list[str] = []

    def used(step: Step) -> object:
        found = use(step)
        goes_on = found is None and not step.loop.trains
        (passed if goes_on else done).add(step.loop.place)
        if not goes_on:
            results.append(found)
        return _GO_ON if goes_on else None

    def execute(variables: dict[str, Any], arrived: Callable[[Arrival], bool]) -> None:
        program.begin(variables)
        for file in program.pieces:
            program.tracer.stop_at(_InCell(program, file, done, passed), arrived)
            try:
                program.execute_piece(file, variables)
            except Reached:
                continue
            except Exception as error:
                if not results:
                    raise
                troubles.append(f"{file} ended with {type(error).__name__}: {error}")

    _run(program, _nowhere, arguments, used, execute)
    return results, troubles


class _InCell:
    """Whether to stop at a loop: at the likeliest of those that run in one cell.

    Parameters
    ----------
    program : InstrumentedProgram
    file : str
        The cell.
    done : set
        Places of loops that were used already. Where one of these begins again, the cell ends.
    passed : set
        Places of loops that do not train.
    """

    def __init__(
        self, program: InstrumentedProgram, file: str, done: set[tuple[Any, ...]], passed: set[tuple[Any, ...]]
    ) -> None:
        self._program, self._file, self._done, self._passed = program, file, done, passed
        self._known = (0, 0)
        self._wanted: int | None = None

    def __call__(self, number: int) -> bool:
        loops = self._program.loops
        if self._known != (len(loops), len(self._passed)):
            self._known = len(loops), len(self._passed)
            trees = dict(zip(self._program.sources, self._program.trees, strict=True))
            mine = {loop.number for loop in loops_run_by(self._file, trees, loops)}
            ranked = rank_loops(loops, self._program.trees)
            # a loop that adds up something else prepares data, or predicts: later cells need what it makes
            ranked = adds_products(ranked, self._program.trees) or ranked
            left = [loop for loop in ranked if loop.number in mine and loop.place not in self._passed]
            self._wanted = left[0].number if left else None
        if number == self._wanted and loops[number].place in self._done:
            raise Reached
        return number == self._wanted


def _nowhere(_: int) -> bool:
    return False


def _same(program: InstrumentedProgram, number: int, loop: Loop) -> bool:
    """Whether a loop of this program is one that was found in an earlier run of the same source."""
    return program.loops[number].place == loop.place


class _Choice:
    """Where to stop: at the likeliest training loop of those that are known by now.

    Where no loop is known to train, because a function is called in a way that its name does not show, it is the loop
    that the likeliest training function is called in, or that function if there is none.

    Parameters
    ----------
    program : InstrumentedProgram
    tried : set of int
        Loops and functions that were never reached.
    preferred : int, optional
        A loop that ran for long in an earlier run.
    alone : bool
        Whether to stop at a function whatever loop it is called in.
    passed : iterable of int
        Loops that run as they are.
    """

    def __init__(
        self,
        program: InstrumentedProgram,
        tried: set[int],
        preferred: int | None = None,
        *,
        alone: bool = False,
        passed: Iterable[int] = (),
    ) -> None:
        self.overdue: int | None = None
        self.endless = False
        self._passed = frozenset(passed)
        self._alone = alone
        self._program, self._tried, self._preferred = program, tried, preferred
        self._known = 0
        self._ranked: list[Loop] = []
        self.around: Loop | None = None
        self._outer: list[Loop] = []
        self._begun: set[int] = set()
        self._iterations: Counter[int] = Counter()
        self._most: dict[int, int] = {}

    @property
    def wanted(self) -> Loop | None:
        """The likeliest loop, or function where no loop trains."""
        if self._known != len(self._program.loops):
            self._known = len(self._program.loops)
            loops, trees = self._program.loops, self._program.trees
            self._ranked = self._untried(rank_loops(loops, trees)) or self._untried(rank_functions(loops, trees))
            complete = complete_loops(loops, trees)
            self._most = {
                loop.number: _MOST_ITERATIONS if loop.trains or loop.number in complete else _MOST_UNRATED
                for loop in self._ranked
                if loop.is_loop
            }
        if self._preferred is not None:
            return self._program.loops[self._preferred]
        return self._ranked[0] if self._ranked else None

    @property
    def never_begun(self) -> set[int]:
        """Loops and functions that the program does not run at all."""
        return {loop.number for loop in self._program.loops} - self._begun

    def _untried(self, loops: Sequence[Loop]) -> list[Loop]:
        return [loop for loop in loops if loop.number not in self._tried]

    def __call__(self, number: int) -> bool:
        """Whether to stop at a loop or function that begins."""
        self._begun.add(number)
        if number in self._passed:
            self._iterations[number] += 1
            if self._iterations[number] > _MOST_PASSED:
                self.endless = True
                raise Reached
        wanted = self.around or self.wanted
        if wanted is None:
            return False
        if wanted.number == number:
            if not wanted.is_loop and not self._alone:
                self.around = self._loop_around()
            self._outer = self._loops_around()
            return self.around is None or self.around.number == number
        if self._preferred is None and number in self._most:
            self._iterations[number] += 1
            if self._iterations[number] > self._most[number]:
                self.overdue = number
                raise Reached
        return False

    def _loop_around(self) -> Loop | None:
        """The innermost loop that runs the function which begins; None if it is not called in a loop."""
        frame: Any = sys._getframe(1)
        found = 0
        while frame is not None:
            if TRACER in frame.f_globals:
                found += 1
                inside = [loop for loop in self._program.loops if found > 1 and _runs(loop, frame)]
                if inside:
                    return max(inside, key=lambda loop: loop.line)
            frame = frame.f_back
        return None

    def _loops_around(self) -> list[Loop]:
        """All loops that run while a loop or a function begins, the innermost first."""
        frame: Any = sys._getframe(1)
        found: list[Loop] = []
        while frame is not None:
            if TRACER in frame.f_globals:
                inside = [loop for loop in self._program.loops if _runs(loop, frame)]
                found += sorted(inside, key=lambda loop: -loop.line)
            frame = frame.f_back
        return found

    def others(self, loop: Loop) -> list[Loop]:
        """Further loops that may be the training loop: first those around this one, then others that have begun.

        Those that have not begun come last. They are left out if the program ran for long already, since it would have
        to run to its end to tell that they never do.
        """
        ranked = [other for other in self._ranked if other is not loop]
        around = [other for other in self._outer if other in ranked]
        begun = [other for other in ranked if other.number in self._begun and other not in around]
        rest = [other for other in ranked if other.number not in self._begun and other not in around]
        return [*around, *begun, *(rest if self._preferred is None else ())]


def _runs(loop: Loop, frame: Any) -> bool:
    """Whether a frame is inside a loop."""
    inside = loop.line <= frame.f_lineno <= (loop.node.end_lineno or loop.line)
    return loop.is_loop and inside and loop.file == frame.f_code.co_filename


def _with_others(use: Callable[[Step, list[Loop]], Any], choice: _Choice, step: Step) -> Any:
    return use(step, choice.others(step.loop))


def _capture_call(
    program: InstrumentedProgram, function: str, arguments: Sequence[str], use: Callable[[Step, list[Loop]], Any]
) -> Any:
    """Run until a function is called."""

    def named() -> dict[str, Loop]:
        nodes = (ast.FunctionDef, ast.AsyncFunctionDef)
        return {loop.node.name: loop for loop in program.loops if isinstance(loop.node, nodes)}

    def wants(number: int) -> bool:
        found = program.loops[number].node
        return isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)) and found.name == function

    found = _run(program, wants, arguments, lambda step: use(step, []))
    if found is not None:
        return found[0]
    if function not in named():
        near = difflib.get_close_matches(function, named(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise TargetError(f"--function {function}: {program.path.name} has no function of that name{hint}")
    raise TargetError(f"--function {function}: {program.path.name} never calls it; call it once at the end")


def _no_loop(program: InstrumentedProgram) -> str:
    name = program.path.name
    loops = [loop for loop in program.loops if loop.is_loop]
    if not loops and not program.path.suffix:  # a cell
        return (
            f"{name} has no loop, so it has no training step: gradcheck looks for a for or while loop that computes "
            "derivatives and updates parameters with them. To check one function, use --function NAME; to check a "
            "model, or a function and its gradient, gradcheck.check_gradients"
        )
    if not loops:
        return (
            f"{name} has no loop, so it has no training step: gradcheck looks for a for or while loop that computes "
            "derivatives and updates parameters with them. To check one function, use --function NAME. To check a "
            "model, or a function and its gradient, write a function without arguments that returns the model, or "
            f"(fun, grad, x0), and pass its name: {program.path}:name"
        )
    lines = ", ".join(str(loop.line) for loop in loops[:_SHOWN_LINES])
    if not rank_loops(program.loops, program.trees):
        return (
            f"no loop of {name} changes parameters (loops on line {lines}): gradcheck looks for an update such as "
            "w -= rate * dw or w = w - rate * dw. To check one function, use --function NAME"
        )
    return (
        f"{name} ended before its training loop began (loops on line {lines}): call the training at the end of the "
        "script, or name its function with --function NAME"
    )


def _package_of(program: InstrumentedProgram) -> tuple[Path | None, str | None]:
    """The folder of the package that a script imports from with leading dots, and the package that it is in."""
    nodes = (node for tree in program.trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    depth = max((node.level for node in nodes), default=0)
    folders = list(program.path.resolve().parents)
    if not depth or depth >= len(folders):
        return None, None
    while (folders[depth] / "__init__.py").is_file():
        depth += 1
    return folders[depth], ".".join(folder.name for folder in reversed(folders[:depth]))


def _import(program: InstrumentedProgram, watch: MinimiserWatch, file: Path, module: Any) -> None:
    watch.look(decoded(file))
    program.execute_module(file, module)


def _run(
    program: InstrumentedProgram,
    wants: Callable[[int], bool],
    arguments: Sequence[str],
    use: Callable[[Step], T],
    execute: Callable[[dict[str, Any], Callable[[Any], bool]], None] | None = None,
    minimised: Callable[[Minimisation], T] | None = None,
) -> tuple[T] | None:
    """Run as `__main__` until a loop begins that is wanted, and use its step there; None if the program ends before.

    `execute` runs the program in another way than as a whole; it is called with the variables, and with what is to be
    called where the program is stopped. `minimised` is called where a minimiser begins.
    """
    results: list[T] = []
    errors: list[BaseException] = []
    outside = Interpreter.now({name: sys.modules[name] for name in ("__main__",) if name in sys.modules})
    descriptors, random_states = open_descriptors(), generator_states()

    def arrived(arrival: Any) -> bool:
        GUARD.seal()
        try:
            states = generator_states()
            replaced = functions.replaced()
            inside = Interpreter.now(traced_modules(), replaced)
            if isinstance(arrival, Minimisation):
                assert minimised is not None
                program.tracer.begin_unseen()
                with Sandbox(vars(m) for m in inside.modules.values()).active(inside):
                    results.append(minimised(arrival))
                return False
            step = Step(program, arrival, states, inside, descriptors, random_states)
            with outside.entered(), in_place(replaced, own=True):
                results.append(use(step))
        except BaseException as error:  # handlers of the program must not see it
            errors.append(error)
            program.tracer.stop_at(_nowhere)
            program.tracer.over = True
            return False
        return results[-1] is _GO_ON

    GUARD.refused.clear()
    program.tracer.stop_at(wants, arrived)
    module = types.ModuleType("__main__")
    module.__file__ = str(program.path)
    root, module.__package__ = _package_of(program)
    setattr(module, TRACER, program.tracer)
    watch = MinimiserWatch(None if minimised is None else program.tracer.stop)
    finder = Finder(functools.partial(_import, program, watch))
    with started(str(program.path), arguments, finder, root) as functions:
        sys.modules["__main__"] = module
        try:
            for source in list(program.sources.values()):
                watch.look(source.text)
            with GUARD.observing():
                if execute is None:
                    program.execute(vars(module))
                else:
                    execute(vars(module), arrived)
        except Reached:
            pass
        except SystemExit as error:
            if not (results or errors):
                raise TargetError(
                    f"{program.path.name} ended with exit({error.code!r}) before its training loop began; its "
                    "arguments go after --, as in: gradcheck check script.py -- --epochs 3"
                ) from None
        except EOFError:
            if not (results or errors):
                raise TargetError(
                    f"{program.path.name} reads from standard input before its training loop begins: put the "
                    f"input into a file and run gradcheck check {program.path.name} < answers.txt"
                ) from None
        except BaseException:
            if not (results or errors):
                raise
        finally:
            watch.release()
    if errors:
        raise errors[0]
    return (results[0],) if results else None
