"""Mistakes of the catalogue, and ways to commit them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from gradcheck.diagnosis.mistakes import BY_SLUG, MISTAKES
from gradcheck.diagnosis.mistakes.mistake import Mistake, ObservedMistake
from gradcheck.errors import SubjectError
from gradcheck.nn.kinds import nearest
from gradcheck.strategies.choice import evenly

#: What can be committed on a gradient: not those that show in how it is computed only.
COMMITTED = tuple(mistake for mistake in MISTAKES if not isinstance(mistake, ObservedMistake))


def mistakes(*, slugs: Iterable[str] | None = None) -> st.SearchStrategy[Mistake]:
    """Mistakes that can be committed on a right gradient.

    Parameters
    ----------
    slugs : iterable of str, optional
        Slugs or codes, see ``gradcheck explain``; all by default.

    Returns
    -------
    SearchStrategy of Mistake
        Shrinks to those that the catalogue tries first. ``mistake.variants(context, block)`` are the ways to commit it.

    Raises
    ------
    SubjectError
        If there is no such mistake, or it is one that shows in how a gradient is computed, and not in its value.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(mistakes(), lambda mistake: True)
    <GC101 sign-flipped>
    """
    return evenly(chosen_mistakes(slugs))


def chosen_mistakes(slugs: Any) -> tuple[Mistake, ...]:
    """Mistakes by slug or code."""
    if slugs is None:
        return COMMITTED
    by_name = BY_SLUG | {mistake.code: mistake for mistake in MISTAKES}
    found = []
    for name in [slugs] if isinstance(slugs, str) else slugs:
        if name not in by_name:
            raise SubjectError(f"there is no mistake {name!r}{nearest(name, by_name)}; see gradcheck explain")
        if by_name[name] not in COMMITTED:
            raise SubjectError(f"{name!r} shows in how a gradient is computed, and is no transformation of its value")
        found.append(by_name[name])
    if not found:
        raise SubjectError("no mistake is left to draw: pass slugs such as 'transposed'")
    return tuple(found)
