"""Functions of libraries that compute what they are for to rounding."""

from __future__ import annotations

from typing import Any

from gradcheck.recording.operations import Part

#: Libraries, and parts of them, whose functions compute what they are for to rounding.
_EXACT = (
    "numpy",
    "math",
    "operator",
    "_operator",
    "builtins",
    "gradcheck",
    "scipy.special",
    "scipy.linalg",
    "scipy.fft",
)

#: Functions of NumPy that approximate by a rule with an error of its own: integrals, derivatives, curves.
_APPROXIMATE = ("trapz", "trapezoid", "gradient", "interp")


def is_to_rounding(function: Any) -> bool:
    """Whether a function of a library computes what it is for to rounding, as far as is known."""
    function = function.function if isinstance(function, Part) else function
    module = getattr(function, "__module__", None) or type(getattr(function, "__self__", function)).__module__
    if module.startswith("numpy") and getattr(function, "__name__", "") in _APPROXIMATE:
        return False
    return any(module == each or module.startswith(f"{each}.") for each in _EXACT)
