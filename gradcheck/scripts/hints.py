"""What the user says about a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck.errors import TargetError


@dataclass(frozen=True)
class Hints:
    """What the user says about a program.

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
    """Read what was given on the command line. Raises `TargetError` for a pair that is none."""
    split = []
    for pair in pairs:
        variable, equals, derivative = (part.strip() for part in pair.partition("="))
        if not (variable and equals and derivative):
            raise TargetError(
                f"--pair {pair!r}: write the variable, =, and what claims to be the derivative by it: W1=dW1"
            )
        split.append((variable, derivative))
    return Hints(loss, tuple(split), function, tuple(arguments))
