"""Something that evaluating a subject has shown about how its functions behave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Observation:
    """A mistake of behaviour, seen while a subject was evaluated.

    Attributes
    ----------
    slug : str
        Of the mistake in the catalogue: ``nondeterministic``, ``mutates-input``.
    evidence : str
        The numbers or names that it rests on.
    """

    slug: str
    evidence: str
