"""What the user states about a program on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradcheck.errors import TargetError
from gradcheck.scripts.text.identifiers import last_word


@dataclass(frozen=True)
class Hints:
    """What the user states about a program.

    Attributes
    ----------
    loss : str or None
        An expression in the program's variables.
    pairs : tuple of (str, str)
        Variable and derivative.
    function : str or None
        The function that is one step.
    arguments : tuple of str
        Of the script.
    """

    loss: str | None = None
    pairs: tuple[tuple[str, str], ...] = ()
    function: str | None = None
    arguments: tuple[str, ...] = ()


def hints_of(
    loss: str | None, pairs: Sequence[str], function: str | None = None, arguments: Sequence[str] = ()
) -> Hints:
    """Read command-line options. Raises `TargetError` for a pair that is not of the form ``W1=dW1``."""
    split = []
    for pair in pairs:
        variable, equals, derivative = (part.strip() for part in pair.partition("="))
        if not (variable and equals and derivative):
            raise TargetError(
                f"--pair {pair!r}: write the variable, =, and the derivative with respect to it, as in W1=dW1"
            )
        split.append((variable, derivative))
    return Hints(loss, tuple(split), function, tuple(arguments))


def require_parameters(hints: Hints, names: Iterable[str]) -> None:
    """Raise `TargetError` if a pair is about a variable that is none of the parameters with these names."""
    names = list(names)
    known = {each for name in names for each in (name, last_word(name))}
    for variable, derivative in hints.pairs:
        if variable not in known:
            raise TargetError(
                f"--pair {variable}={derivative}: {variable} is no parameter of the training step; the parameters are "
                f"{', '.join(names)}"
            )
