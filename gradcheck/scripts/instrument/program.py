"""A program whose sources are instrumented, together with the tracer that its values pass through."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gradcheck.scripts.instrument.statements import CompiledUnit, instrument, instrumented_tree
from gradcheck.scripts.instrument.tracer import TRACER, Tracer
from gradcheck.scripts.text.source import Source, decoded
from gradcheck.scripts.text.syntax import copied
from gradcheck.scripts.text.training_loop import Loop


class InstrumentedProgram:
    """A script or a notebook, and the user's modules that it imports.

    Parameters
    ----------
    path : Path
    sources : sequence of Source
        One of a script, one for each cell of a notebook.
    namespace : dict, optional
        Variables that exist when the program starts.
    rewrite : callable, optional
        Changes each piece of source before it is instrumented, that of imported modules included; lines stay where
        they are.

    Attributes
    ----------
    tracer : Tracer
    sources : dict of str to Source
        By file, imported modules included.
    loops : list of Loop
        All loops and functions, by number.
    trees : list of ast.Module
        The sources as they are written.
    units : dict of str to CompiledUnit
        By file.
    pieces : list of str
        The files of the script or the cells, in the order in which they run.
    """

    def __init__(
        self,
        path: Path,
        sources: Sequence[Source],
        namespace: dict[str, Any] | None = None,
        rewrite: Callable[[Source], Source] | None = None,
    ) -> None:
        self._rewrite = rewrite
        self.path, self.tracer = path, Tracer()
        self.sources: dict[str, Source] = {}
        self.loops: list[Loop] = []
        self.trees: list[ast.Module] = []
        self.units: dict[str, CompiledUnit] = {}
        self._namespace = namespace or {}
        self._first: dict[str, tuple[int, int]] = {}  # by file: its first location and loop
        self._instrumented: dict[str, ast.Module] = {}
        for source in sources:
            self._add(source)
        self.pieces = [source.file for source in sources]

    def _add(self, source: Source) -> None:
        if self._rewrite is not None:
            source = self._rewrite(source)
        tree = source.tree()
        self.sources[source.file] = source
        self.trees.append(copied(tree))
        first = self._first[source.file] = len(self.tracer.locations), len(self.loops)
        instrumented = instrument(tree, source, *first)
        self.tracer.add_locations(instrumented.locations)
        self.loops += instrumented.loops
        self.units[source.file] = instrumented.unit
        self._instrumented[source.file] = instrumented.tree

    def instrumented_tree(self, file: str) -> ast.Module:
        """The tree of the code that runs of a file; it may be changed."""
        known = self._instrumented.pop(file, None)
        return instrumented_tree(self.sources[file], *self._first[file]) if known is None else known

    def execute(self, variables: dict[str, Any]) -> None:
        """Run the script, or all cells in order, with these global variables."""
        self.begin(variables)
        for file in self.pieces:
            self.execute_piece(file, variables)

    def begin(self, variables: dict[str, Any]) -> None:
        """Give the global variables what the program expects at its start."""
        variables.update({**self._namespace, TRACER: self.tracer, "__builtins__": builtins})

    def execute_piece(self, file: str, variables: dict[str, Any]) -> None:
        """Run the script, or one cell."""
        exec(self.units[file].code, variables)

    def execute_module(self, file: Path, module: Any) -> None:
        """Run one of the user's modules. It is instrumented once, so its loops keep their numbers in later runs."""
        if str(file) not in self.units:
            self._add(Source(str(file), decoded(file)))
        setattr(module, TRACER, self.tracer)
        exec(self.units[str(file)].code, vars(module))

    def shared_names(self) -> set[str]:
        """Names that functions assign although they are not local to them."""
        nodes = (node for tree in self.trees for node in ast.walk(tree))
        return {name for node in nodes if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names}
