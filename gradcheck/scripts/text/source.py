"""The text of a program: a script, a notebook or a cell, and where each of its lines stands."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass, field
from pathlib import Path

from gradcheck.errors import TargetError


@dataclass(frozen=True)
class Source:
    """Python source, as one piece that compiles on its own.

    Attributes
    ----------
    file : str
        The name that its lines are reported under, and that tracebacks show.
    text : str
    """

    file: str
    text: str
    _lines: list[str] = field(default_factory=list, compare=False)

    def tree(self) -> ast.Module:
        """The syntax tree. Raises `TargetError` with the line of a syntax error."""
        try:
            return ast.parse(self.text, self.file)
        except SyntaxError as error:
            shown = (error.text or "").rstrip()
            raise TargetError(f"{self.file}, line {error.lineno}: {error.msg}\n    {shown.strip()}") from None
        except ValueError as error:
            raise TargetError(f"{self.file} is no Python source: {error}") from None

    def line(self, number: int) -> str:
        """A line, by its number from 1."""
        if not self._lines:
            self._lines.extend(self.text.splitlines())
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""


def read(path: Path) -> list[Source]:
    """The pieces of a script or a notebook, in order."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TargetError(f"{path} is no text in UTF-8: {error}") from None
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror}") from None
    if path.suffix != ".ipynb":
        return [Source(str(path), text)]
    try:
        cells = json.loads(text)["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        raise TargetError(f"{path} is no notebook of format 4: save it again with Jupyter") from None
    return [Source(f"{path}, cell {i}", _plain(cell)) for i, cell in enumerate(texts, 1)]


def _plain(cell: str) -> str:
    """A cell without what only IPython understands; lines keep their numbers."""
    if cell.lstrip().startswith("%%"):
        kept = cell.lstrip().startswith(("%%time", "%%capture", "%%gradcheck"))
        rest = cell.split("\n")[1:]
        return "\n".join(["", *rest]) if kept else ""
    lines = []
    for line in cell.split("\n"):
        bare = line.lstrip()
        magic = bare.startswith(("%", "!")) or bare.rstrip().endswith("?")
        lines.append(line[: len(line) - len(bare)] + "pass" if magic else line)
    return "\n".join(lines)
