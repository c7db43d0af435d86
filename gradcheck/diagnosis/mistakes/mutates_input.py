"""GC504: computed by code that changes its arguments."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import Manner


class MutatesInput(Manner):
    """Computed by code that changes its arguments."""

    code, slug = "GC504", "mutates-input"
    says = "the code changes its arguments"
    fix = "Work on a copy: x = x.copy(), or write x = x - step instead of x -= step."
