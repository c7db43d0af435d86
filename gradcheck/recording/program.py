"""Puts rewritten code into the user's functions for one call, and takes it out again whatever happens."""

from __future__ import annotations
import __future__

import ast
import linecache
import sysconfig
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

from gradcheck.recording.functions import ReachableFunctions, RecentFunctions
from gradcheck.recording.rewrite import PLACEHOLDER, Rewriter
from gradcheck.recording.sites import Site, Unit
from gradcheck.tracebacks import is_internal

#: The layers that come with gradcheck are followed as a user's own are: networks are made of both.
_LAYERS = Path(__file__).parents[1] / "nn"

#: Where Python and what is installed live.
_INSTALLED = tuple({str(Path(sysconfig.get_paths()[name])) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


@dataclass(frozen=True)
class RunningFile:
    """A file whose functions run other code than its source says, since they were rewritten before.

    Attributes
    ----------
    text : str
        Its source.
    code : CodeType
        The code of the file that was executed; its functions have the names and lines of the source.
    tree : callable, optional
        Makes the tree that was compiled to that code, to be rewritten in place of the source.
    aside : str, optional
        A name in that tree whose methods are called as they are.
    """

    text: str
    code: types.CodeType
    tree: Callable[[], ast.Module] | None = None
    aside: str = ""


class Program:
    """The files of the user's functions, rewritten for one recorder.

    Parameters
    ----------
    recorder : object
        Gets what the rewritten expressions compute.
    functions : ReachableFunctions, optional
        Those that several recordings share.
    running : dict of str to RunningFile, optional
        Files whose functions run other code, by name. All of them are followed.
    recent : RecentFunctions, optional
        The functions of these files, which several recordings share.

    Attributes
    ----------
    sites : list of Site
    units : list of Unit
    """

    def __init__(
        self,
        recorder: Any,
        functions: ReachableFunctions | None = None,
        running: Mapping[str, RunningFile] | None = None,
        recent: RecentFunctions | None = None,
    ) -> None:
        self._recorder, self._running = recorder, dict(running or {})
        self._functions, self._recent = functions or reachable(), recent or RecentFunctions()
        self.sites: list[Site] = []
        self.units: list[Unit] = []
        self._codes: dict[str, list[tuple[types.CodeType, types.CodeType]]] = {}
        self._new: set[int] = set()  # identities of rewritten codes
        self._followed: set[str] = set()
        self._patched: list[tuple[types.FunctionType, types.CodeType]] = []
        self._active = False

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While it lasts, functions of followed files that are called run their rewritten code."""
        self._active = True
        try:
            for file in self._running:
                self._follow_file(file)
            yield
        finally:
            self._active = False
            for function, code in reversed(self._patched):
                function.__code__ = code
            self._patched.clear()
            self._followed.clear()

    def rewritten_statements(
        self, file: str, text: str, statements: Sequence[ast.stmt], scopes: Sequence[str], aside: str = ""
    ) -> list[ast.stmt]:
        """Statements of a file, rewritten as the body of a function inside some others; `bound` completes the code."""
        return Rewriter(file, text, self.sites, self.units, aside).body(statements, scopes)

    def bound(self, code: types.CodeType) -> types.CodeType:
        """Compiled code of rewritten statements that calls the recorder."""
        return bound_to(code, self._recorder)

    def release(self) -> None:
        """Forget the rewritten code, and the functions: some of them run such code."""
        self._codes.clear()
        self._new.clear()
        self._functions, self._recent = reachable(), RecentFunctions()

    def follow(self, function: Any) -> None:
        """Rewrite the file of a callable, if it is the user's and was not rewritten yet."""
        if not self._active:
            return
        called = [each for each in _functions_in(function) if id(each.__code__) not in self._new]
        called = [each for each in called if is_followed(each.__code__.co_filename)]
        for file in self._functions.reach(called, function) & self._followed:
            self._patch(file, self._functions.of(file))
        for each in called:
            self._follow_file(each.__code__.co_filename)

    def has_rewritten(self, function: Any) -> bool:
        """Whether calling an object runs rewritten code, which records by itself."""
        return any(self._codes.get(plain.__code__.co_filename) for plain in _functions_in(function))

    def _follow_file(self, file: str) -> None:
        if file in self._followed:
            return
        self._followed.add(file)
        functions = self._recent.of(file) if file in self._running else self._functions.of(file)
        if functions:
            self._patch(file, functions)

    def _patch(self, file: str, functions: Sequence[types.FunctionType]) -> None:
        """Let functions of a file run their rewritten code."""
        running = self._running.get(file)
        if file not in self._codes:
            text = source_of(file) if running is None else running.text
            if running is not None and running.tree is not None:
                self._codes[file] = self._of_tree(file, running, running.tree())
            else:
                self._codes[file] = rewritten(file, text, self._recorder, self.sites, self.units)
                if running is not None:
                    self._codes[file] = list(_pairs_by_place(running.code, self._codes[file]))
            # functions that rewritten code makes run the copies inside it
            self._new.update(id(code) for _, new in self._codes[file] for code in (new, *codes_in(new)))
        pairs = self._codes[file]
        known = dict(pairs)
        for function in functions:
            code = function.__code__
            if id(code) in self._new:
                continue
            new = known.get(code) or same_but_for_assertions(code, pairs)
            if new is not None and new.co_freevars == code.co_freevars:
                self._patched.append((function, code))
                function.__code__ = new

    def _of_tree(
        self, file: str, running: RunningFile, tree: ast.Module
    ) -> list[tuple[types.CodeType, types.CodeType]]:
        """Pairs of the code of each function that runs and the same rewritten."""
        rewriter = Rewriter(file, running.text, self.sites, self.units, running.aside)
        new = compile(ast.fix_missing_locations(rewriter.visit(tree)), file, "exec", dont_inherit=True)
        before, after = list(codes_in(running.code)), list(codes_in(new))
        if len(before) != len(after):
            return []
        return [(old, bound_to(each, self._recorder)) for old, each in zip(before, after, strict=True)]


@lru_cache(maxsize=8)
def parsed(text: str) -> ast.Module:
    """The tree of a file, which several share: it is not changed."""
    return ast.parse(text)


def flags_of(text: str) -> int:
    """How a file is compiled: with annotations left alone, if it says so."""
    says = (
        alias.name
        for node in parsed(text).body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for alias in node.names
    )
    return __future__.annotations.compiler_flag if "annotations" in says else 0


@cache
def is_followed(file: str) -> bool:
    """Whether the functions of a file are the user's own."""
    if _LAYERS in Path(file).parents:
        return True
    if file.startswith("<frozen") or is_internal(file):
        return False
    return not file.startswith(_INSTALLED) or file.startswith("<")


def reachable() -> ReachableFunctions:
    """The functions of the user's own files, none of which is known yet."""
    return ReachableFunctions(is_followed)


def functions_behind(callables: Iterable[Any]) -> list[types.FunctionType]:
    """The user's own functions that some callables can reach."""
    found = reachable()
    for each in callables:
        found.reach([one for one in _functions_in(each) if is_followed(one.__code__.co_filename)], each)
    return [function for file in found.files if is_followed(file) for function in found.of(file)]


def source_of(file: str) -> str:
    """The source of a file or of a cell of a notebook; empty if there is none."""
    return "".join(linecache.getlines(file))


def rewritten(
    file: str, text: str, recorder: Any, sites: list[Site], units: list[Unit]
) -> list[tuple[types.CodeType, types.CodeType]]:
    """Pairs of the code of each function of a file as it is and rewritten; none if its source cannot be read."""
    pairs, new_sites, new_units = _rewritten(file, text, len(sites), len(units))
    sites += new_sites
    units += new_units
    return [(old, bound_to(new, recorder)) for old, new in pairs]


@lru_cache(maxsize=16)
def _rewritten(
    file: str, text: str, first_site: int, first_unit: int
) -> tuple[list[tuple[types.CodeType, types.CodeType]], list[Site], list[Unit]]:
    """The same with the placeholder of the recorder, and the places that come after those of other files."""
    sites, units = cast("list[Site]", [None] * first_site), cast("list[Unit]", [None] * first_unit)
    try:
        flags = flags_of(text)
        before = compile(text, file, "exec", flags, dont_inherit=True)
        tree = ast.fix_missing_locations(Rewriter(file, text, sites, units).visit(ast.parse(text)))
        after = compile(tree, file, "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return [], [], []
    old, new = list(codes_in(before)), list(codes_in(after))
    if not text or len(old) != len(new):
        return [], [], []
    return list(zip(old, new, strict=True)), sites[first_site:], units[first_unit:]


def _pairs_by_place(
    running: types.CodeType, pairs: Sequence[tuple[types.CodeType, types.CodeType]]
) -> Iterator[tuple[types.CodeType, types.CodeType]]:
    """The code that runs, and the rewritten code of the same function, by its name and line."""
    waiting: dict[tuple[str, int], list[types.CodeType]] = {}
    for old, new in pairs:
        waiting.setdefault((old.co_qualname, old.co_firstlineno), []).append(new)
    for code in codes_in(running):
        there = waiting.get((code.co_qualname, code.co_firstlineno))
        if there:
            yield code, there.pop(0)


def codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    """All code inside, in the order of the source."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from codes_in(constant)


def bound_to(code: types.CodeType, recorder: Any) -> types.CodeType:
    """The code with the recorder in place of its placeholder."""
    constants = tuple(
        recorder
        if constant == PLACEHOLDER and isinstance(constant, str)
        else bound_to(constant, recorder)
        if isinstance(constant, types.CodeType)
        else constant
        for constant in code.co_consts
    )
    return code.replace(co_consts=constants)


def same_but_for_assertions(
    code: types.CodeType, pairs: Sequence[tuple[types.CodeType, types.CodeType]]
) -> types.CodeType | None:
    """The code of the same function where a test runner has rewritten its assertions."""
    same = [
        new
        for old, new in pairs
        if (old.co_qualname, old.co_firstlineno) == (code.co_qualname, code.co_firstlineno)
        and old.co_varnames[: old.co_argcount] == code.co_varnames[: code.co_argcount]
        and any(name.startswith("@py") for name in (*code.co_names, *code.co_varnames))
    ]
    return same[0] if len(same) == 1 else None


def _functions_in(function: Any) -> Iterator[types.FunctionType]:
    """The functions written in Python that calling an object may run first."""
    function = getattr(function, "__wrapped__", function)
    seen = 0
    while hasattr(function, "func") and not isinstance(function, types.FunctionType) and seen < 8:
        function, seen = function.func, seen + 1  # functools.partial
    if isinstance(function, types.MethodType):
        function = function.__func__
    if isinstance(function, types.FunctionType):
        yield function
        for cell in function.__closure__ or ():
            try:
                inner = cell.cell_contents
            except ValueError:
                continue
            if isinstance(inner, types.FunctionType):
                yield inner
        return
    kind = function if isinstance(function, type) else type(function)
    for base in kind.__mro__:
        for value in vars(base).values():
            value = getattr(value, "__func__", value)
            value = value.fget if isinstance(value, property) else value
            if isinstance(value, types.FunctionType):
                yield value
