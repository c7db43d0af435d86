"""The programs in ``corpus/``, with mistakes planted: ``#! wrong || wrong`` after a line says how to write it wrong.

Each program defines ``subject(rng)``, which returns the arguments of `gradcheck.check_gradients`.
"""

from __future__ import annotations

import ast
import io
import keyword
import linecache
import tokenize
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import gradcheck
from gradcheck.reports.report import Report

CORPUS = Path(__file__).parent / "corpus"

#: Names by which gradcheck finds the parts of models and layers, and those of parameters of libraries.
PROTOCOL = {
    "subject",
    "loss",
    "gradient",
    "params",
    "forward",
    "backward",
    "self",
    "rng",
    "grads",
    "W",
    "b",
    "dW",
    "db",
}


@dataclass(frozen=True)
class Planted:
    """A program with one wrong line; line 0 means that all are right."""

    name: str
    line: int
    text: str
    source: str

    def __str__(self) -> str:
        return f"{self.name}:{self.line} {self.text}"


def programs() -> list[str]:
    return sorted(path.stem for path in CORPUS.glob("*.py"))


def right(name: str) -> Planted:
    lines = (CORPUS / f"{name}.py").read_text(encoding="utf-8").splitlines()
    return Planted(name, 0, "", "\n".join(line.partition("  #! ")[0] for line in lines) + "\n")


def planted(name: str) -> Iterator[Planted]:
    marked = (CORPUS / f"{name}.py").read_text(encoding="utf-8").splitlines()
    plain = right(name).source.splitlines()
    for i, line in enumerate(marked):
        code, mark, wrongs = line.partition("  #! ")
        for wrong in wrongs.split(" || ") if mark else ():
            indent = code[: len(code) - len(code.lstrip())]
            changed = [*plain[:i], indent + wrong, *plain[i + 1 :]]
            yield Planted(name, i + 1, wrong, "\n".join(changed) + "\n")


def neutral(source: str) -> str:
    """The program with every name of its own changed to ``v1``, ``v2``, …, line by line as it was.

    Names inside strings stay.
    """
    own: dict[str, str] = {}
    tree = ast.parse(source)
    written = {
        each.id
        for text in ast.walk(tree)
        if isinstance(text, ast.JoinedStr)
        for each in ast.walk(text)
        if isinstance(each, ast.Name)
    }
    written |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names = [node.id]
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, ast.arg):
            names = [node.arg]
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names = [node.attr]
        for name in names:
            if name not in PROTOCOL | written and not name.startswith("__") and not keyword.iskeyword(name):
                own.setdefault(name, f"v{len(own) + 1}")
    tokens = []
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        text = token.string
        if token.type == tokenize.NAME and text in own and not (before == "." and hasattr(np.ndarray, text)):
            text = own[text]
        before = token.string
        tokens.append((token.type, text))
    return rebuilt(source, own)


def rebuilt(source: str, own: dict[str, str]) -> str:
    """The source with some names exchanged, every line where it was."""
    lines = source.splitlines(keepends=True)
    found = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.NAME]
    for token in reversed(found):
        row, column = token.start
        before = lines[row - 1][:column].rstrip()
        called = lines[row - 1][token.end[1] :].lstrip().startswith("=") and _is_keyword_argument(
            lines[row - 1], column
        )
        if token.string in own and not (before.endswith(".") and hasattr(np.ndarray, token.string)) and not called:
            lines[row - 1] = lines[row - 1][:column] + own[token.string] + lines[row - 1][token.end[1] :]
    return "".join(lines)


def _is_keyword_argument(line: str, column: int) -> bool:
    """Whether a name before an equals sign stands inside brackets."""
    return line[:column].count("(") > line[:column].count(")")


def check(case: Planted, source: str | None = None, seed: int = 0, **options: Any) -> Report:
    """Check a program."""
    text = case.source if source is None else source
    file = f"<{case.name} {case.line} {hash(text)}>"
    linecache.cache[file] = (len(text), None, io.StringIO(text).readlines(), file)
    module = types.ModuleType(case.name)
    exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)
    arguments = module.__dict__["subject"](np.random.default_rng(7))
    return gradcheck.check_gradients(**arguments, rng=seed, **options)
