"""Training programs as people write them, and wrong variants of each: `programs/NAME.py` and `programs/NAME.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "programs"

NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.py")))


@dataclass(frozen=True)
class Variant:
    """A program with one wrong line.

    Attributes
    ----------
    name : str
    number : int
    line : int
        The line that is wrong.
    text : str
        The program.
    mistakes : tuple of str
        Slugs that describe the mistake; "unexplained" where none of the catalogue does.
    """

    name: str
    number: int
    line: int
    text: str
    mistakes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}-{self.number}"


def variants(name: str) -> list[Variant]:
    """The wrong variants of a program."""
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    listed = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["wrong"]
    return [_variant(name, i, text, entry) for i, entry in enumerate(listed)]


def _variant(name: str, number: int, text: str, entry: dict[str, object]) -> Variant:
    wanted, becomes = str(entry["line"]), str(entry["becomes"])
    lines = text.split("\n")
    found = [i for i, line in enumerate(lines) if line.strip() == wanted.strip()]
    assert len(found) == 1, f"{name}: {wanted!r} occurs {len(found)} times"
    indent = lines[found[0]][: len(lines[found[0]]) - len(lines[found[0]].lstrip())]
    lines[found[0]] = indent + becomes
    also = entry["also"]
    assert isinstance(also, list)
    slugs = tuple(str(slug) or "unexplained" for slug in (entry["mistake"], *also))
    return Variant(name, number, found[0] + 1, "\n".join(lines), slugs)
