"""The strategy `mistakes`: mistakes of the catalogue that are transformations of a right gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from gradcheck.diagnosis.mistakes import BY_SLUG, MISTAKES
from gradcheck.diagnosis.mistakes.mistake import Mistake, ObservedMistake
from gradcheck.errors import SubjectError
from gradcheck.nn.kinds import nearest
from gradcheck.strategies.choice import evenly

#: Mistakes that transform the gradient of a network; others are only observed by a check, or those of complex numbers.
COMMITTED = tuple(mistake for mistake in MISTAKES if mistake.of_real and not isinstance(mistake, ObservedMistake))


def mistakes(*, slugs: Iterable[str] | None = None) -> st.SearchStrategy[Mistake]:
    """Draw mistakes that transform a right gradient into a wrong one.

    Parameters
    ----------
    slugs : iterable of str, optional
        Slugs or codes, see ``gradcheck explain``; all by default.

    Returns
    -------
    SearchStrategy of Mistake
        Shrinks to those that come first in the catalogue.

    Raises
    ------
    SubjectError
        If a mistake does not exist, or is not a transformation of the gradient.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(mistakes(), lambda mistake: True)
    <GC101 sign-flipped>
    """
    return evenly(chosen_mistakes(slugs))


def chosen_mistakes(slugs: Any) -> tuple[Mistake, ...]:
    """Return the mistakes of some slugs or codes; all by default."""
    if slugs is None:
        return COMMITTED
    by_name = BY_SLUG | {mistake.code: mistake for mistake in MISTAKES}
    found = []
    for name in [slugs] if isinstance(slugs, str) else slugs:
        if name not in by_name:
            raise SubjectError(f"there is no mistake {name!r}{nearest(name, by_name)}; see gradcheck explain")
        if by_name[name] not in COMMITTED:
            raise SubjectError(
                f"{name!r} cannot be drawn: no transformation of a right gradient by real parameters makes it; "
                "leave it out"
            )
        found.append(by_name[name])
    if not found:
        raise SubjectError("the list of mistakes is empty: pass slugs such as 'transposed'")
    return tuple(found)
