"""The pages shown by `gradcheck explain`: one for each mistake or finding about training, found by code or slug."""

from __future__ import annotations

import difflib
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from gradcheck.errors import GradcheckError

#: Where the folders of pages are: in an installed package, and next to the package in a checkout.
DOCS_FOLDERS = (Path(__file__).parents[1] / "docs", Path(__file__).parents[2] / "docs")

#: The folders of pages: mistakes in a gradient, and causes of bad training with a right gradient.
KINDS = ("mistakes", "training")

#: The beginning of a page: a heading with code and slug, then a sentence.
_HEAD = re.compile(r"# (G[CT]\d{3}) ([a-z0-9-]+)\n+([^\n]+)\n")

#: What looks like a code: nothing is similar to a number.
_CODE = re.compile(r"g[ct]|[a-z]{0,2}\d+")

#: Terminals narrower than this show summaries below the slugs.
NARROW = 70


class UnknownMistake(GradcheckError, LookupError):
    """No page has this code or slug."""


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a mistake, or of a finding about training.

    Attributes
    ----------
    code, slug : str
    summary : str
        One sentence that says what it is.
    text : str
        The whole page, in Markdown.
    """

    code: str
    slug: str
    summary: str
    text: str


def pages() -> list[Page]:
    """Read all pages, ordered by code."""
    folder = next(place for place in DOCS_FOLDERS if all((place / kind).is_dir() for kind in KINDS))
    found = []
    for path in (path for kind in KINDS for path in (folder / kind).glob("*.md")):
        text = path.read_text(encoding="utf-8")
        head = _HEAD.match(text)
        assert head is not None, f"{path.name} does not begin with a code, a slug and a sentence"
        found.append(Page(head[1], head[2], head[3], text))
    return sorted(found, key=lambda page: page.code)


def page(name: str) -> Page:
    """Return the page of a code (``GC302``) or a slug (``extra-activation-derivative``).

    Raises
    ------
    UnknownMistake
        If there is no such page; the message names the most similar slug.

    Examples
    --------
    >>> page("gc201").slug
    'transposed'
    """
    all_pages = pages()
    by_name = {key: found for found in all_pages for key in (found.code.lower(), found.slug)}
    wanted = name.strip().lower().replace("_", "-")
    if wanted not in by_name and _CODE.fullmatch(wanted):
        raise UnknownMistake(f"there is no code {name!r}: `gradcheck explain`, without a code, lists them all")
    if wanted not in by_name:
        slugs = {found.slug: found for found in all_pages}
        near = difflib.get_close_matches(wanted, slugs, 1)
        hint = f", did you mean {slugs[near[0]].code} {near[0]}?" if near else ";"
        raise UnknownMistake(f"there is no mistake {name!r}{hint} `gradcheck explain` lists them all")
    return by_name[wanted]


def listed(width: int | None) -> str:
    """All pages, each with its code, slug and summary, in lines of a width; each in one line if it is None."""
    found = pages()
    longest = max(len(each.slug) for each in found)
    if width is None:
        return "\n".join(f"{each.code}  {each.slug:{longest}}  {each.summary}" for each in found)
    if width >= NARROW:
        return "\n".join(_wrapped(f"{each.code}  {each.slug:{longest}}  ", each.summary, width) for each in found)
    return "\n".join(f"{each.code}  {each.slug}\n{_wrapped('    ', each.summary, width)}" for each in found)


def _wrapped(head: str, text: str, width: int) -> str:
    return textwrap.fill(text, width, initial_indent=head, subsequent_indent=" " * len(head))
