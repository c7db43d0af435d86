"""Runs a program up to its training step, and captures that step with everything that it reads."""

from __future__ import annotations

import ast
import difflib
import sys
import types
from collections.abc import Sequence
from typing import Any

from gradcheck.errors import TargetError
from gradcheck.scripts.instrument.events import Reached
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.replay import sandbox
from gradcheck.scripts.replay.snapshot import generator_states
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.training_loop import Loop, rank_loops

#: Line numbers in a message.
_SHOWN_LINES = 5


def capture(
    program: InstrumentedProgram, arguments: Sequence[str], function: str | None = None
) -> tuple[Step, list[Loop]]:
    """Run until the likeliest training loop begins, or a function is called.

    Returns
    -------
    Step, list of Loop
        The step, and other loops that may be the training loop, the likeliest first.

    Raises
    ------
    TargetError
        If the program ends before.
    """
    if function is not None:
        return _capture_call(program, function, arguments), []
    tried: set[int] = set()
    # running the program may import modules with further loops
    while ranked := [loop for loop in rank_loops(program.loops, program.trees) if loop.number not in tried]:
        loop = ranked[0]
        tried.add(loop.number)
        state = _run(program, loop.number, arguments)
        if state is not None:
            return Step(program, loop, *state), ranked[1:]
    raise TargetError(_no_loop(program))


def capture_loop(program: InstrumentedProgram, loop: Loop, arguments: Sequence[str]) -> Step:
    """Run until one loop begins. Raises `TargetError` if the program ends before."""
    state = _run(program, loop.number, arguments)
    if state is None:
        raise TargetError(_no_loop(program))
    return Step(program, program.loops[loop.number], *state)


def _capture_call(program: InstrumentedProgram, function: str, arguments: Sequence[str]) -> Step:
    """Run until a function is called."""
    functions = {loop.node.name: loop for loop in program.loops if isinstance(loop.node, ast.FunctionDef)}
    if function not in functions:
        near = difflib.get_close_matches(function, functions, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise TargetError(f"--function {function}: {program.path.name} has no function of that name{hint}")
    state = _run(program, functions[function].number, arguments)
    if state is None:
        raise TargetError(f"--function {function}: {program.path.name} never calls it; call it once at the end")
    return Step(program, functions[function], *state)


def _no_loop(program: InstrumentedProgram) -> str:
    name = program.path.name
    loops = [loop for loop in program.loops if loop.is_loop]
    if not loops:
        return (
            f"{name} has no loop, so it has no training step: gradcheck looks for a for or while loop that computes "
            "derivatives and updates parameters with them. To check one function, use --function NAME. To check a "
            "model, or a function and its gradient, write a function without arguments that returns the model, or "
            f"(fun, grad, x0), and pass its name: {name}:name"
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


def _run(
    program: InstrumentedProgram, loop: int, arguments: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any], tuple[Any, Any]] | None:
    """Run as `__main__` until a loop begins; None if the program ends before.

    Returns
    -------
    dict, dict, tuple
        Globals and locals at the loop, and the states of the global random generators.
    """
    program.tracer.stop_at(loop)
    module = types.ModuleType("__main__")
    module.__file__ = str(program.path)
    finder = sandbox.Finder(program.path.resolve().parent, program.execute_module)
    with sandbox.started(str(program.path), arguments, finder):
        before = sys.modules.get("__main__")
        sys.modules["__main__"] = module
        try:
            program.execute(vars(module))
        except Reached:
            assert program.tracer.reached is not None
            return *program.tracer.reached, generator_states()
        except SystemExit as error:
            raise TargetError(
                f"{program.path.name} ended with exit({error.code!r}) before its training loop began; its arguments "
                "go after --, as in: gradcheck check script.py -- --epochs 3"
            ) from None
        except EOFError:
            raise TargetError(
                f"{program.path.name} reads from standard input before its training loop begins: put the "
                f"input into a file and run gradcheck check {program.path.name} < answers.txt"
            ) from None
        finally:
            if before is not None:
                sys.modules["__main__"] = before
    return None
