"""What `rich` can render, as text: with the escape codes of colours, or without."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from gradcheck.reports import layout

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Columns where nothing limits them: more than any row has.
UNLIMITED = 10_000


def plain(renderable: RenderableType | layout.Layout, width: int | None = None) -> str:
    """Text without colours."""
    if isinstance(renderable, layout.Layout):
        return layout.in_plain(renderable, width)
    from rich.console import Console

    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width or UNLIMITED,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,  # else a notebook shows the text, and the stream stays empty
        legacy_windows=False,
    )
    console.print(renderable, soft_wrap=False)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def in_colour(renderable: RenderableType | layout.Layout, width: int | None = None) -> str:
    """Text with the escape codes of colours."""
    if isinstance(renderable, layout.Layout):
        return layout.in_colour(renderable, width)
    from rich.console import Console

    stream = io.StringIO()
    console = Console(
        file=stream, width=width or UNLIMITED, force_terminal=True, force_jupyter=False, legacy_windows=False
    )
    console.print(renderable)
    return stream.getvalue().rstrip("\n")
