"""The pages of the mistakes and of the findings about training, as they come with the package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

#: Where the folders of pages are: in an installed package, and next to the package in a checkout.
DOCS_FOLDERS = (Path(__file__).parents[1] / "docs", Path(__file__).parents[2] / "docs")

#: The folders of pages: mistakes in a gradient, and causes of bad training with a right gradient.
KINDS = ("mistakes", "training")

#: The beginning of a page: a heading with code and slug, then a sentence.
_HEAD = re.compile(r"# (G[CT]\d{3}) ([a-z0-9-]+)\n+([^\n]+)\n")


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
