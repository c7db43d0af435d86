"""The pages shown by `gradcheck explain`: one for each mistake or finding about training, found by code or slug."""

from __future__ import annotations

import difflib
import re
import textwrap

from gradcheck.errors import GradcheckError
from gradcheck.reports.pages import Page, pages

#: What looks like a code: nothing is similar to a number.
_CODE = re.compile(r"g[ct]|[a-z]{0,2}\d+")

#: Slugs that contain a word, as a message shows them.
_SHOWN = 3

#: Terminals narrower than this show summaries below the slugs.
NARROW = 70


class UnknownMistake(GradcheckError, LookupError):
    """No page has this code or slug."""


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
        holding = [slug for slug in slugs if wanted and wanted in slug]
        near = holding[:_SHOWN] or difflib.get_close_matches(wanted, slugs, 1)
        hint = f"; did you mean {' or '.join(f'{slugs[slug].code} {slug}' for slug in near)}?" if near else ";"
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


def wrapped(text: str, width: int) -> str:
    """A page in Markdown with its paragraphs and lists filled to a width; headings and code stay as they are."""
    blocks: list[str] = []
    for kept, part in _alternating(text.strip()):
        blocks += [part] if kept else [_filled(block, width) for block in re.split(r"\n{2,}", part.strip("\n"))]
    return "\n\n".join(block for block in blocks if block)


def _alternating(text: str) -> list[tuple[bool, str]]:
    """Code blocks, and what stands between them."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    return [(i % 2 == 1, part) for i, part in enumerate(parts)]


def _filled(block: str, width: int) -> str:
    if block.startswith("#"):
        return block
    items = re.split(r"^(?=\* )", block, flags=re.MULTILINE)
    return "\n".join(
        textwrap.fill(
            " ".join(item.split()),
            width,
            subsequent_indent="  " if item.startswith("* ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for item in items
        if item
    )
