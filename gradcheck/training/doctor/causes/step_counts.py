"""Numbers of steps as they are written in findings: exact, or rounded to words."""

from __future__ import annotations

#: Small integers in words.
NUMBER_WORDS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

#: Counts that round to a million and more are written in millions: with two digits, and with four.
ABOUT_A_MILLION, ALMOST_A_MILLION = 999_500, 999_950


def exact_count(n: float) -> str:
    """A number of steps with four digits or more.

    Examples
    --------
    >>> exact_count(5385.2), exact_count(3_966_812)
    ('5,385', '3.967 million')
    """
    if n < ALMOST_A_MILLION:
        return f"{n:,.0f}"
    return f"{n / 1e6:.3f} million" if n < 9_999_500 else f"{n / 1e6:.3g} million" if n < 1e15 else f"{n:.1e}"


def rough_count(low: float, high: float | None = None) -> str:
    """A number of steps, or a range, with two digits, in words if it is a few millions.

    Examples
    --------
    >>> rough_count(3_966_812, 8_267_900), rough_count(6_879_180, 22_724_839)
    ('four to eight million', '6.9 to 23 million')
    >>> rough_count(13_541), rough_count(1e6)
    ('14,000', 'one million')
    """
    high = low if high is None else high
    if low >= ABOUT_A_MILLION:
        whole = [round(n / 1e6) for n in (low, high)]
        in_words = max(whole) < len(NUMBER_WORDS)
        ends = [NUMBER_WORDS[n] for n in whole] if in_words else [_two_digits(n / 1e6) for n in (low, high)]
        return f"{ends[0]} million" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]} million"
    ends = [_two_digits(n) for n in (low, high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _two_digits(n: float) -> str:
    rounded = float(f"{n:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"
