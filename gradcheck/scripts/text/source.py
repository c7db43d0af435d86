"""Reads scripts and notebooks as pieces of Python source with line numbers."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path

from gradcheck.errors import TargetError

#: Cell magics whose cell is still Python that runs.
_KEPT_MAGICS = ("%%time", "%%capture", "%%gradcheck")


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
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TargetError(f"{path} is not UTF-8 text: {error}") from None
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror}") from None
    if path.suffix != ".ipynb":
        return [Source(str(path), text)]
    try:
        cells = json.loads(text)["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        raise TargetError(f"{path} is not a notebook of format 4: save it again with Jupyter") from None
    return [Source(f"{path}, cell {i}", _without_magics(cell)) for i, cell in enumerate(texts, 1)]


def _without_magics(cell: str) -> str:
    """A cell without IPython's own syntax; the line numbers stay."""
    if cell.lstrip().startswith("%%"):
        rest = cell.split("\n")[1:]
        return "\n".join(["", *rest]) if cell.lstrip().startswith(_KEPT_MAGICS) else ""
    lines = []
    for line in cell.split("\n"):
        bare = line.lstrip()
        magic = bare.startswith(("%", "!")) or bare.rstrip().endswith("?")
        lines.append(line[: len(line) - len(bare)] + "pass" if magic else line)
    return "\n".join(lines)
