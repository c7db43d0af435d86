"""GC505 isolated-entries: only a few entries of the gradient are wrong."""

from __future__ import annotations

from gradcheck.diagnosis.mistakes.mistake import ObservedMistake


class IsolatedEntries(ObservedMistake):
    """The search for wrong entries found a few of them, and the others are right."""

    code, slug = "GC505", "isolated-entries"
    description = "only a few entries are wrong"
    fix = "Find what these entries have in common: an index, a slice, an edge, a mask, a special case."
