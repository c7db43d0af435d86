"""An optimiser's running average whose weights do not sum to one.

**Number.** In s ← a s + b gᵖ the gradient of k steps ago has the weight b aᵏ; together b/(1 − a).

**Threshold.** Anything but 1, to within 1e-6 of what was measured, where an average is meant (T. Tieleman and G.
Hinton, RMSProp, 2012; D. P. Kingma and J. Ba, Adam, ICLR 2015: both weigh by a and 1 − a). Sums are none, and are let
be: v ← μ v + g and v ← μ v ± η g of classical momentum (B. T. Polyak, 1964), s ← s + g² of AdaGrad (J. Duchi, E.
Hazan and Y. Singer, 2011), and any b of 1 or more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.averages import Average

CODE, SLUG = "GT109", "biased-average"

#: What is measured to about 1e-9 is a constant that somebody wrote if it is this near it.
SAME = 1e-6


class Place(Protocol):
    """Where something stands in a source."""

    @property
    def file(self) -> str:
        """The source."""

    @property
    def line(self) -> int:
        """The line in it."""


def nowhere(_: Average) -> Place | None:
    """For what has no source."""
    return None


def biased(average: Average, beside: Sequence[Average]) -> bool:
    """Whether a state is meant as an average, and is none.

    Parameters
    ----------
    average : Average
    beside : sequence of Average
        All that the same rule keeps of the same parameter.
    """
    kept, taken = average.kept, average.taken
    if not SAME < kept < 1 - SAME or not SAME < taken < 1 - SAME or abs(average.total - 1) < SAME:
        return False
    # v ← μ v + b g may have the step size in b, or PyTorch's dampening; beside a square of the same rule it is an
    # average
    return average.power == 2 or any(other.power == 2 for other in beside)


def findings(rules: Iterable[Sequence[Average]], where: Callable[[Average], Place | None] = nowhere) -> list[Finding]:
    """One finding for all averages that are off by the same factor.

    Parameters
    ----------
    rules : iterable of sequences of Average
        What is kept of each parameter.
    where : callable, optional
        The place of an average in the source.
    """
    groups: dict[tuple[int, str, str], list[Average]] = {}
    for averages in rules:
        for average in averages:
            if biased(average, averages):
                key = (average.power, f"{average.kept:.6g}", f"{average.taken:.6g}")
                groups.setdefault(key, []).append(average)
    return [_finding(averages, where(averages[0])) for averages in groups.values()]


def _finding(averages: Sequence[Average], place: Place | None) -> Finding:
    first = averages[0]
    total, power = first.total, "g²" if first.power == 2 else "g"
    longer = total**-0.5 if first.power == 2 else total  # steps are divided by the root of an average of squares
    times = f"{longer:.3g} times" if longer > 1 else f"1/{1 / longer:.3g}"
    return Finding(
        CODE,
        SLUG,
        ", ".join(average.name for average in averages),
        f"the weights of the running average sum to {total:.6g}, not to 1: steps are {times} as long as stated",
        f"measured: {first.name} ← {first.kept:.6g} · {first.name} + {first.taken:.6g} · {power}, and "
        f"{first.taken:.6g}/(1 − {first.kept:.6g}) = {total:.6g}",
        f"Weigh by {first.kept:.6g} and {1 - first.kept:.6g}.",
        None if place is None else place.file,
        None if place is None else place.line,
    )
