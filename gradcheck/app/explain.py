"""The pages of the catalogue, one a mistake or a finding about training: by code or slug, and as a list."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from gradcheck.errors import GradcheckError

#: Where the pages stand: in an installed package, and beside the package in a checkout.
PLACES = (Path(__file__).parents[1] / "docs", Path(__file__).parents[2] / "docs")

#: What there are pages of: mistakes in a gradient, and what ails a training whose gradient is right.
KINDS = ("mistakes", "training")

_HEAD = re.compile(r"# (G[CT]\d{3}) ([a-z0-9-]+)\n+([^\n]+)\n")


class UnknownMistake(GradcheckError, LookupError):
    """There is no page of that code or slug."""


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a mistake, or of a finding about training.

    Attributes
    ----------
    code, slug : str
    summary : str
        What it is, in a sentence.
    text : str
        All of it, in Markdown.
    """

    code: str
    slug: str
    summary: str
    text: str


def pages() -> list[Page]:
    """All pages, by code."""
    folder = next(place for place in PLACES if all((place / kind).is_dir() for kind in KINDS))
    found = []
    for path in (path for kind in KINDS for path in (folder / kind).glob("*.md")):
        text = path.read_text(encoding="utf-8")
        head = _HEAD.match(text)
        assert head is not None, f"{path.name} does not begin with a code, a slug and a sentence"
        found.append(Page(head[1], head[2], head[3], text))
    return sorted(found, key=lambda page: page.code)


def page(name: str) -> Page:
    """The page of a code, ``GC302``, or a slug, ``extra-activation-derivative``.

    Raises
    ------
    UnknownMistake
        If there is none; the message names the nearest.

    Examples
    --------
    >>> page("gc201").slug
    'transposed'
    """
    every = pages()
    by_name = {key: found for found in every for key in (found.code.lower(), found.slug)}
    wanted = name.strip().lower().replace("_", "-")
    if wanted not in by_name:
        near = difflib.get_close_matches(wanted, by_name, 1)
        hint = f", did you mean {by_name[near[0]].code} {by_name[near[0]].slug}?" if near else ""
        raise UnknownMistake(f"there is no mistake {name!r}{hint or ';'} `gradcheck explain` lists them all")
    return by_name[wanted]
