"""The three verdicts of a check (pass, fail, undecided), each with advice for the reader and an exit status."""

from __future__ import annotations

import enum


class Verdict(enum.Enum):
    """Outcome of a check of a gradient."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"

    @property
    def advice(self) -> str:
        """What the verdict means, for the reader of a report."""
        return _ADVICE[self]

    @property
    def exit_status(self) -> int:
        """Exit status of the command line."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.UNDECIDED: 3}[self]


_ADVICE = {
    Verdict.PASS: "The gradient is right to within the stated resolution.",
    Verdict.FAIL: "The gradient is wrong: the gap exceeds both the error bar and the tolerance.",
    Verdict.UNDECIDED: "Undecided: the reason is above for each block, with what would settle it. A larger rtol makes "
    "the check easier to pass.",
}


#: Verdicts from the gravest on.
WORST_FIRST = (Verdict.FAIL, Verdict.UNDECIDED, Verdict.PASS)
