"""What a test of the contract raises: the broken promise, with the report that shows it."""

from __future__ import annotations

from typing import Literal

from gradcheck.checks.gradients import GradientMismatch
from gradcheck.errors import SubjectError
from gradcheck.testing.contract.example import Violation

#: What a test does whose promise could not be decided.
Undecided = Literal["fail", "skip"]


class BrokenPromise(GradientMismatch):
    """Raised for a promise that a layer breaks, or that could not be decided; an `AssertionError`.

    Its message contains the report of the check that shows it, unless there is none, or the reader sees it elsewhere.

    Parameters
    ----------
    owner : str
        Name of the test class.
    violation : Violation
    seed : int
    """

    def __init__(self, owner: str, violation: Violation, seed: int) -> None:
        if violation.report is not None:
            super().__init__(violation.report)
        self.args = (owner, violation, seed)
        self._owner, self._violation, self._seed = owner, violation, seed
        self._one_line = violation.report is None

    def __str__(self) -> str:
        found = self._violation
        first, *rest = found.problem.splitlines()
        codes = dict.fromkeys(f"{f.code} {f.slug}" for f in found.report.findings) if found.report is not None else ()
        if codes and not found.undecided:
            first += f": {', '.join(codes)} (rng={self._seed})"
        shown = [] if self._one_line or found.undecided else [str(found.report)]
        lines = [*rest, *shown, f"  on a batch of shape {found.shape}, seed {self._seed}", f"  {found.remedy}"]
        return "\n".join([f"{self._owner}: {first}", *lines])


#: Tracebacks name the public module.
BrokenPromise.__module__ = "gradcheck"


def as_undecided(value: str) -> str:
    """Return a value of `LayerContract.undecided`.

    Raises
    ------
    SubjectError
        If it is neither 'fail' nor 'skip'.
    """
    if value not in ("fail", "skip"):
        raise SubjectError(f"undecided is {value!r}: set it to 'fail' or 'skip'")
    return value
