"""Which parameters are checked: those that `wrt` names and that are floats; the others are left alone, with a note."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.pytree import Structure
from gradcheck.subjects.subject import Block, Point

#: `wrt`: a name of a parameter or the beginning of some names, or several of them; None for all parameters.
Wrt = str | Iterable[str] | None


@dataclass(frozen=True, slots=True)
class Parameters:
    """Nested parameters: the arrays that are checked, and the leaves that are left alone.

    Attributes
    ----------
    blocks : tuple of Block
    arrays : tuple of ndarray
        Values of the blocks.
    structure : Structure
        Nesting of all leaves.
    leaves : tuple
        All of them, as they were given.
    positions : tuple of int
        Place of each block among the leaves.
    excluded : tuple of str
        Names of the leaves that `wrt` does not choose.
    fixed : tuple of str
        Those of other leaves that are not floats, each with its type.
    """

    blocks: tuple[Block, ...]
    arrays: Point
    structure: Structure
    leaves: tuple[Any, ...]
    positions: tuple[int, ...]
    excluded: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()

    @property
    def checked_leaves(self) -> list[Any]:
        """The leaves that are checked, as they were given."""
        return [self.leaves[position] for position in self.positions]

    @property
    def others(self) -> dict[str, Any]:
        """The leaves that are left alone, by name."""
        chosen = set(self.positions)
        names = enumerate(self.structure.names)
        return {name: self.leaves[position] for position, name in names if position not in chosen}

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not checked, for the report."""
        found = []
        if self.excluded:
            found.append(f"not checked, since wrt does not name them: {', '.join(self.excluded)}")
        if self.fixed:
            found.append(
                f"not checked, since only floats can be changed by a small step: {', '.join(self.fixed)}; a parameter "
                "among them has to be an array of floats"
            )
        return tuple(found)

    def nested(self, values: Sequence[Any], others: Sequence[Any]) -> Any:
        """Values of the blocks, nested together with the leaves that are left alone."""
        if self.structure.bare:
            return values[0]
        if not others:
            return self.structure.unflatten(values)
        leaves = list(self.leaves)
        chosen = set(self.positions)
        for position, value in zip(self.positions, values, strict=True):
            leaves[position] = value
        free = (position for position in range(len(leaves)) if position not in chosen)
        for position, value in zip(free, others, strict=True):
            leaves[position] = value
        return self.structure.unflatten(leaves)


def chosen_names(names: Sequence[str], wrt: Wrt) -> list[str]:
    """The names that `wrt` chooses: the name itself, or the keys and indices at its beginning.

    Raises
    ------
    SubjectError
        If it chooses none, or has a name that is not known.
    SubjectTypeError
        If it is neither a name nor several.

    Examples
    --------
    >>> chosen_names(["layers.0.W", "layers.0.b", "layers.10.W"], "layers.0")
    ['layers.0.W', 'layers.0.b']
    """
    if wrt is None:
        return list(names)
    wanted = [wrt] if isinstance(wrt, str) else list(wrt) if isinstance(wrt, Iterable) else [wrt]
    if not all(isinstance(name, str) for name in wanted):
        raise SubjectTypeError(f"wrt is {wrt!r}: pass names of parameters, such as wrt={tuple(names[:2])!r}")
    if not wanted:
        raise SubjectError(f"wrt is empty: name at least one of the parameters, which are {_listed(names)}")
    for name in wanted:
        if not any(_within(known, name) for known in names):
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SubjectError(f"wrt has {name!r}, which is not a parameter: the parameters are {_listed(names)}{hint}")
    return [known for known in names if any(_within(known, name) for name in wanted)]


def _within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith((f"{prefix}.", f"{prefix}["))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
