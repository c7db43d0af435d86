"""Pass, fail or undecided, and what each means for the reader."""

from __future__ import annotations

import enum


class Verdict(enum.Enum):
    """What is known about a gradient."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"

    @property
    def advice(self) -> str:
        """One sentence for the person who reads the report."""
        return _ADVICE[self]

    @property
    def exit_status(self) -> int:
        """Exit status of the command line."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.UNDECIDED: 3}[self]


_ADVICE = {
    Verdict.PASS: "The gradient is right, to within the resolution that is stated.",
    Verdict.FAIL: "The gradient is wrong: the gap exceeds both the error bar and the tolerance.",
    Verdict.UNDECIDED: "Whether the gradient is right cannot be told here; above stands why, and what would decide it. "
    "A larger rtol asks for less.",
}
