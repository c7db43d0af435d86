"""Text that any terminal, file or encoding can hold: control characters made visible, signs replaced by ASCII."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

_T = TypeVar("_T")

#: What control a terminal instead of being shown: C0 without tab and newline, DEL and C1, and direction marks.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")

#: Half of a pair of UTF-16, as Python represents bytes of a file name that are not UTF-8.
_SURROGATE = re.compile("[\ud800-\udfff]")

#: ASCII for the signs of reports. Where a longer text replaces a sign and a space, columns stay aligned; what follows a
#: mark stays apart from it.
_WITH_SPACE = {"± ": "+-", "✓  ": "ok "}
_SIGNS = {
    "±": "+-",
    "✓": "ok",
    "✗": "x",
    "‖": "|",
    "×": "x",
    "·": "*",
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "′": "'",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "√": "sqrt",
    "∞": "inf",
    "≈": "~",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "→": "->",
    "←": "<-",
    "∂": "d",
    "∇": "grad ",
    "Σ": "sum",
    "∑": "sum",
    "⟨": "<",
    "⟩": ">",
    "ß": "ss",
}


def visible(text: str) -> str:
    """The text with control characters and lone surrogates written as escapes."""
    text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}" if ord(found[0]) < 256 else _escape(found[0]), text)
    return _SURROGATE.sub(lambda found: _escape(found[0]), text)


def made_visible(value: _T) -> _T:
    """A report, or any nesting of frozen dataclasses, tuples and dicts, with all its texts made `visible`."""
    return cast(_T, _made_visible(value))


def _made_visible(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isprintable() else visible(value)
    if isinstance(value, tuple):
        return tuple(map(_made_visible, value))
    if isinstance(value, dict):
        return {_made_visible(key): _made_visible(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _made_visible(getattr(value, f.name)) for f in fields(value)})
    return value


def encodable(text: str, encoding: str | None) -> str:
    """The text with what an encoding cannot hold replaced by ASCII: signs by their names, letters by their base.

    Parameters
    ----------
    text : str
    encoding : str or None
        None stands for one that holds everything, but lone surrogates.
    """
    text = _SURROGATE.sub(lambda found: _escape(found[0]), text)
    if _holds(text, encoding):
        return text
    for sign, instead in _WITH_SPACE.items():
        if not _holds(sign, encoding):
            text = text.replace(sign, instead)
    return "".join(sign if _holds(sign, encoding) else _in_ascii(sign) for sign in text)


def in_ascii_json(text: str) -> str:
    """JSON with everything beyond ASCII as escapes: the same value in any encoding."""
    return "".join(sign if sign.isascii() else "".join(f"\\u{unit:04x}" for unit in _utf16(sign)) for sign in text)


def in_ascii_markup(text: str) -> str:
    """HTML or XML with everything beyond ASCII as character references."""
    return scalar(text).encode("ascii", "xmlcharrefreplace").decode("ascii")


def scalar(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD, so that UTF-8 can hold it."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _utf16(sign: str) -> list[int]:
    data = sign.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]


def _holds(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    except LookupError:  # an encoding that Python does not know
        return text.isascii()
    return True


def _in_ascii(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    base = "".join(c for c in unicodedata.normalize("NFKD", sign) if c.isascii())
    if base:
        return base
    name = unicodedata.name(sign, "")
    if name.startswith("BOX DRAWINGS"):
        upright, level = ("VERTICAL" in name or "UP" in name or "DOWN" in name), not name.endswith("VERTICAL")
        return "+" if upright and level else "|" if upright else "-"
    if name.startswith("GREEK") and " LETTER " in name:
        letter = name.split(" LETTER ")[1].split()[0].lower()
        return letter if "SMALL" in name else letter.capitalize()
    return _escape(sign)


def _escape(sign: str) -> str:
    return sign.encode("ascii", "backslashreplace").decode("ascii")
