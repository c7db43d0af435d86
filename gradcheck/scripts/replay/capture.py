"""Runs a program up to its training step, and takes hold of that step with everything that it reads."""

from __future__ import annotations

import ast
import builtins
import copy
import difflib
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradcheck.errors import TargetError
from gradcheck.scripts.instrument.events import Captured
from gradcheck.scripts.instrument.expressions import TAPE
from gradcheck.scripts.instrument.statements import Taps, Unit
from gradcheck.scripts.instrument.tape import Tape
from gradcheck.scripts.replay import sandbox
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.source import Source
from gradcheck.scripts.text.training_loop import Loop, candidates


class Program:
    """A program with taps in it.

    Parameters
    ----------
    path : Path
    sources : sequence of Source
        One of a script, one a cell of a notebook.
    given : dict, optional
        Variables that it finds when it starts.
    """

    def __init__(self, path: Path, sources: Sequence[Source], given: dict[str, Any] | None = None) -> None:
        self.given = given
        self.path, self.tape = path, Tape()
        self.sources = {source.file: source for source in sources}
        self.order = [source.file for source in sources]
        self.loops: list[Loop] = []
        self.trees: list[ast.Module] = []
        self.units: dict[str, Unit] = {}
        for source in sources:
            self._compiled(source)

    def _compiled(self, source: Source) -> types.CodeType:
        tree, start = source.tree(), len(self.tape.sites)
        self.trees.append(copy.deepcopy(tree))
        raw: list[Any] = []
        taps = Taps(source.file, source.text, self.tape.sites, raw)
        first = len(self.loops)
        taps.loops = _Numbered(raw, first)
        tapped = ast.fix_missing_locations(taps.visit(tree))
        self.loops += [Loop(first + i, *entry) for i, entry in enumerate(raw)]
        code = compile(tapped, source.file, "exec", dont_inherit=True)
        self.units[source.file] = Unit(code, range(start, len(self.tape.sites)))
        return code

    def shared(self) -> set[str]:
        """Names that functions assign which are not their own."""
        nodes = (node for tree in self.trees for node in ast.walk(tree))
        return {name for node in nodes if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names}

    def _beside(self, file: Path, module: Any) -> None:
        """A module of the user's own."""
        source = Source(str(file), file.read_text(encoding="utf-8"))
        self.sources[source.file] = source
        setattr(module, TAPE, self.tape)
        exec(self._compiled(source), vars(module))

    def captured(self, arguments: Sequence[str], function: str | None = None) -> tuple[Step, list[Loop]]:
        """Run until the likeliest loop begins, or a function is called; the step, and what else may be it."""
        if function is not None:
            return self._called(function, arguments), []
        ranked = candidates(self.loops, self.trees)
        tried: set[int] = set()
        while True:
            ranked = [loop for loop in candidates(self.loops, self.trees) if loop.number not in tried]
            if not ranked:
                break
            loop = ranked[0]
            tried.add(loop.number)
            scope = self._run(loop.number, arguments)
            if scope is not None:
                return Step(self, loop, *scope), ranked[1:]
            again = candidates(self.loops, self.trees)
            if again and again[0].number not in tried and again[0].file != loop.file:
                continue
        raise TargetError(self._no_loop())

    def _called(self, function: str, arguments: Sequence[str]) -> Step:
        """Run until a function is called."""
        names = {}
        for loop in self.loops:
            if isinstance(loop.node, ast.FunctionDef):
                names[loop.node.name] = loop
        if function not in names:
            near = difflib.get_close_matches(function, names, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise TargetError(f"--function {function}: {self.path.name} has no function of that name{hint}")
        scope = self._run(names[function].number, arguments)
        if scope is None:
            raise TargetError(f"--function {function}: {self.path.name} never calls it; call it once at the end")
        return Step(self, names[function], *scope)

    def captured_at(self, loop: Loop, arguments: Sequence[str]) -> Step:
        """Run until another loop begins."""
        scope = self._run(loop.number, arguments)
        if scope is None:
            raise TargetError(self._no_loop())
        return Step(self, self.loops[loop.number], *scope)

    def _no_loop(self) -> str:
        name = self.path.name
        loops = [loop for loop in self.loops if isinstance(loop.node, (ast.For, ast.While))]
        if not loops:
            return (
                f"{name} has no loop, so that no training step was found: gradcheck looks for a for or while loop that "
                "computes derivatives and changes parameters by them. To check one function, use --function NAME; to "
                "check a model, or a function and its gradient as an optimiser takes them, have a function without "
                f"arguments return it, or (fun, grad, x0), and name that: {name}:name"
            )
        lines = ", ".join(str(loop.line) for loop in loops[:5])
        if not candidates(self.loops, self.trees):
            return (
                f"no loop of {name} changes parameters: the loops in line {lines} were looked at for an update such as "
                "w -= rate * dw or w = w - rate * dw. To check one function, use --function NAME"
            )
        return (
            f"{name} came to its end without beginning the loop that trains (looked for in line {lines}): call what "
            "trains at the end of the script, or name it with --function NAME"
        )

    def elsewhere(self, loop: Loop) -> list[int]:
        """Lines of loops that seem to train as well, beside the one that was taken."""
        ranked = candidates(self.loops, self.trees)
        inside = range(loop.line, (loop.node.end_lineno or loop.line) + 1)
        others = [o for o in ranked if o.file == loop.file and o.line not in inside and not _holds(o, loop)]
        return [o.line for o in others if o.trains and not any(_holds(p, o) for p in others if p is not o)]

    def _run(self, wanted: int, arguments: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Run as __main__ until a loop begins; its scope and variables."""
        tape = self.tape
        tape.wanted, tape.captured = wanted, None
        module = types.ModuleType("__main__")
        module.__file__ = str(self.path)
        vars(module).update(self.given or {})
        vars(module).update({TAPE: tape, "__builtins__": builtins})
        finder = sandbox.Finder(self.path.resolve().parent, self._beside)
        with sandbox.started(str(self.path), arguments, finder):
            before = sys.modules.get("__main__")
            sys.modules["__main__"] = module
            try:
                for file in self.order:
                    exec(self.units[file].code, vars(module))
            except Captured:
                return tape.captured
            except SystemExit as error:
                raise TargetError(
                    f"{self.path.name} ended with exit({error.code!r}) before its training loop began; its arguments "
                    "are given after --, as in: gradcheck check script.py -- --epochs 3"
                ) from None
            except EOFError:
                raise TargetError(
                    f"{self.path.name} reads from standard input before its training loop begins: redirect a file into "
                    "it, gradcheck check script.py < answers.txt"
                ) from None
            finally:
                if before is not None:
                    sys.modules["__main__"] = before
        return None


def _holds(outer: Loop, inner: Loop) -> bool:
    """Whether a loop stands inside another, or inside a function that stands for it."""
    return outer.line < inner.line <= (outer.node.end_lineno or outer.line) or outer.functions != inner.functions


class _Numbered(list[Any]):
    """A list whose entries are numbered on from those of other sources."""

    def __init__(self, target: list[Any], first: int) -> None:
        super().__init__()
        self._target, self._first = target, first

    def append(self, entry: Any) -> None:
        """Keep an entry."""
        self._target.append(entry)

    def __len__(self) -> int:
        return self._first + len(self._target)
