"""From the words of the command line to targets: files, names in files, and what folders and patterns hold."""

from __future__ import annotations

import ast
import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Suffixes of programs.
PROGRAMS = (".py", ".ipynb")

#: Signs of a pattern.
_PATTERN = "*?["


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to check.

    Attributes
    ----------
    text : str
        ``script.py``, ``notebook.ipynb``, ``file.py:name`` or ``package.module:name``.
    problem : str
        Why there is nothing to check; empty if there is.
    source : str or None
        Of a script: what is checked in place of the content of the file.
    """

    text: str
    problem: str = ""
    source: str | None = None

    @property
    def is_program(self) -> bool:
        """Whether it is a script or a notebook, not a name."""
        path = Path(self.text)
        return path.suffix in PROGRAMS or path.is_file()

    @property
    def place(self) -> tuple[str, int] | None:
        """The file that it stands in, and the line that defines its name; None if it is the name of a module."""
        if self.is_program:
            return self.text, 1
        file, separator, name = self.text.rpartition(":")
        if not separator or Path(file).suffix != ".py" or not Path(file).is_file():
            return None
        return file, _line_of(Path(file), name.partition(".")[0])


def expanded(texts: Sequence[str]) -> tuple[list[Target], bool]:
    """Targets, each once, in the order given; those of a folder or pattern by their paths.

    Returns
    -------
    targets : list of Target
    several : bool
        Whether the words may stand for several targets, even if there is one.
    """
    found: dict[str, Target] = {}
    for text in texts:
        for target in _expanded(text):
            found.setdefault(os.path.normpath(target.text) if target.is_program else target.text, target)
    several = len(texts) > 1 or any(_is_group(text) for text in texts)
    return list(found.values()), several


def _is_group(text: str) -> bool:
    return bool(text) and (Path(text).is_dir() or _is_pattern(text))


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in _PATTERN) and not Path(text).exists()


def _expanded(text: str) -> Iterator[Target]:
    if text and Path(text).is_dir():
        programs = programs_in(Path(text))
        yield from map(Target, map(str, programs))
        if not programs:
            yield Target(text, f"the folder {text!r} holds no .py or .ipynb file")
    elif _is_pattern(text):
        head, tail = os.path.split(text)
        pattern, separator, name = tail.partition(":")
        paths = sorted(glob.glob(os.path.join(head, pattern), recursive=True))
        files = [path for path in paths if Path(path).is_file()]
        files = [path for path in files if Path(path).suffix in PROGRAMS] or files
        yield from (Target(f"{path}{separator}{name}") for path in files)
        if not files:
            yield Target(text, f"no file matches {text!r}")
    else:
        yield Target(text)


def programs_in(folder: Path) -> list[Path]:
    """Scripts and notebooks below a folder, without hidden ones and environments, ordered by path.

    A module without a loop that another file there imports is a part of that program, and not one itself.
    """
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            f for f in folders if not f.startswith(".") and not (Path(place, f) / "pyvenv.cfg").exists()
        )
        found += [Path(place, name) for name in names if Path(name).suffix in PROGRAMS and not name.startswith(".")]
    found.sort()
    trees = {path: _tree(path) for path in found if path.suffix == ".py"}
    imported = {path: set(_imported(tree)) for path, tree in trees.items()}
    return [path for path in found if not _is_part(path, trees.get(path), imported)]


def _is_part(path: Path, tree: ast.Module | None, imported: dict[Path, set[str]]) -> bool:
    if tree is None or any(isinstance(node, ast.For | ast.While) for node in ast.walk(tree)):
        return False
    name = path.parent.name if path.stem == "__init__" else path.stem
    return any(name in names for other, names in imported.items() if other != path)


def _imported(tree: ast.Module | None) -> Iterator[str]:
    """All words in the names of imported modules, and the names imported from them."""
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            yield from (word for alias in node.names for word in alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module or "").split(".")
            yield from (alias.name for alias in node.names)


def _tree(path: Path) -> ast.Module | None:
    """The syntax tree of a file; None if it has none."""
    try:
        return ast.parse(path.read_bytes(), str(path))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def _line_of(path: Path, name: str) -> int:
    """The line that defines a name at the top of a file; 1 if there is none."""
    tree = _tree(path)
    for node in tree.body if tree is not None else ():
        if name in _defined(node):
            return node.lineno
    return 1


def _defined(node: ast.stmt) -> Iterable[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [each.id for each in targets if isinstance(each, ast.Name)]
