"""GC505: wrong in a few entries only."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import Manner


class IsolatedEntries(Manner):
    """Wrong in a few entries only."""

    code, slug = "GC505", "isolated-entries"
    says = "wrong in a few entries only"
    fix = "Look at what these places have in common: an index, a slice, an edge, a mask, a special case."
