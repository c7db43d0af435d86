"""Reads scripts and notebooks as pieces of Python source with line numbers."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from gradcheck.errors import TargetError

#: Suffixes of programs: some have none.
_SUFFIXES = (".py", ".pyw", ".ipynb", "")

#: Cell magics whose cell is still Python that runs.
_KEPT_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%gradcheck")

#: A line magic whose statement runs, with its options.
_TIMED = re.compile(r"%(?:time|timeit|prun|memit|lprun)\b\s*(?:-\w+\s*\S*\s+)*(.*)")

#: A line magic whose value is that of its statement.
_VALUED = re.compile(r"%time\b\s*(\S.*)")

#: What ``%pylab`` makes known, as IPython documents it.
_PYLAB = (
    "import numpy, matplotlib; from matplotlib import pylab, mlab, pyplot; np = numpy; plt = pyplot; "
    "from pylab import *; from numpy import *"
)

#: An assignment from a magic or from a command.
_ASSIGNED = re.compile(r"([\w.,\s\[\]'\"]+=\s*)([%!])")


@dataclass(frozen=True)
class Source:
    """Python source that compiles on its own: a script, or a cell of a notebook.

    Attributes
    ----------
    file : str
        The name under which its lines are reported, in tracebacks as well.
    text : str
    """

    file: str
    text: str

    def tree(self) -> ast.Module:
        """The syntax tree. Raises `TargetError` with the line of a syntax error."""
        try:
            return ast.parse(self.text, self.file)
        except SyntaxError as error:
            shown = (error.text or "").rstrip()
            raise TargetError(f"{self.file}, line {error.lineno}: {error.msg}\n    {shown.strip()}") from None
        except ValueError as error:
            raise TargetError(f"{self.file} is not Python source: {error}") from None


def read(path: Path) -> list[Source]:
    """The script, or the code cells of the notebook in order. Raises `TargetError` if the file cannot be read."""
    if path.suffix.lower() not in _SUFFIXES:
        raise TargetError(f"{path} is no program in Python, going by its name: that of a program ends in .py or .ipynb")
    text = decoded(path)
    if path.suffix != ".ipynb":
        return [Source(str(path), text)]
    try:
        cells = json.loads(text)["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        raise TargetError(f"{path} is not a notebook of format 4: save it again with Jupyter") from None
    return [Source(f"{path}, cell {i}", without_magics(cell)) for i, cell in enumerate(texts, 1)]


def decoded(path: Path) -> str:
    """The text of a file, in the encoding that it declares (PEP 263). Raises `TargetError` if it cannot be read."""
    try:
        content = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return io.TextIOWrapper(io.BytesIO(content), encoding).read()
    except UnicodeDecodeError as error:
        raise TargetError(f"{path} is not {error.encoding.upper()} text: {error}") from None
    except SyntaxError as error:
        declared = " (declare its encoding in its first line)" if "missing" in str(error) else ""
        raise TargetError(f"{path} is not UTF-8 text: {error}{declared}") from None
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror}") from None


def without_magics(cell: str) -> str:
    """A cell without IPython's own syntax; the line numbers stay.

    A line is taken for IPython's only where Python cannot read it. What a magic would give is None, the output of a
    command is empty; a statement after ``%time`` is kept.
    """
    if cell.lstrip().startswith("%%"):
        before, _, rest = cell.partition("\n")
        kept = before.strip().startswith(_KEPT_MAGICS)
        return "\n" * (1 + len(cell) - len(cell.lstrip())) + without_magics(rest) if kept else ""
    lines = cell.split("\n")
    for _ in lines:
        number = _unreadable(lines)
        if number is None:
            break
        new = _in_python(lines[number])
        if new is None:
            break
        lines[number] = new
    return "\n".join(lines)


def _unreadable(lines: list[str]) -> int | None:
    """The index of the line that Python cannot read; None if it can read all."""
    try:
        ast.parse("\n".join(lines))
    except SyntaxError as error:
        line = error.lineno or 0
        return line - 1 if 0 < line <= len(lines) else None
    except ValueError:
        return None
    return None


def _in_python(line: str) -> str | None:
    """A line of IPython in Python; None if it is none."""
    indent = line[: len(line) - len(line.lstrip())]
    bare = line.strip()
    timed = _TIMED.match(bare)
    if timed:
        return indent + (timed[1] or "pass")
    if bare.split(" ")[0] == "%pylab":
        return indent + _PYLAB
    if bare.startswith(("%", "!", "?")) or bare.endswith("?"):
        return indent + "pass"
    assigned = _ASSIGNED.match(bare)
    if assigned and (valued := _VALUED.match(bare, assigned.end() - 1)):
        return f"{indent}{assigned[1]}{valued[1]}"
    if assigned:
        return f"{indent}{assigned[1]}{'None' if assigned[2] == '%' else '[]'}"
    return None
