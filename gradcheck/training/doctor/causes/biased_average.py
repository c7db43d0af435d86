"""A running average of an optimiser whose weights do not sum to one.

**Quantity.** In s ← a s + b gᵖ the gradient of k steps ago has the weight b aᵏ; the sum of the weights is b/(1 − a).

**Threshold.** Any sum other than 1, to within 1e-6, where an average is intended (T. Tieleman and G. Hinton, RMSProp,
2012; D. P. Kingma and J. Ba, Adam, ICLR 2015: both use the weights a and 1 − a). Sums are not averages and are not
reported: v ← μ v + g and v ← μ v ± η g of classical momentum (B. T. Polyak, 1964), s ← s + g² of AdaGrad (J. Duchi, E.
Hazan and Y. Singer, 2011), and any b of 1 or more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import SourceLocation
from gradcheck.training.doctor.running_averages import RunningAverage

CODE, SLUG = "GT109", "biased-average"

#: Weights and sums this close to 0 or 1 are 0 or 1. They are measured to about 1e-9.
EXACT_WEIGHT_TOLERANCE = 1e-6


def no_location(_: RunningAverage) -> SourceLocation | None:
    """Location of an average that has no source."""
    return None


def is_biased(average: RunningAverage, beside: Sequence[RunningAverage]) -> bool:
    """Whether a state is intended as an average but its weights do not sum to one.

    Parameters
    ----------
    average : RunningAverage
    beside : sequence of RunningAverage
        All averages that the rule keeps of the same parameter.
    """
    low, high = EXACT_WEIGHT_TOLERANCE, 1 - EXACT_WEIGHT_TOLERANCE
    if not (low < average.decay < high and low < average.input_weight < high):
        return False
    if abs(average.total_weight - 1) < EXACT_WEIGHT_TOLERANCE:
        return False
    # In v ← μ v + b g alone, b may be the step size or PyTorch's dampening. Next to an average of squares, as in Adam,
    # v is intended as an average.
    return average.power == 2 or any(other.power == 2 for other in beside)


def biased_average_findings(
    rules: Iterable[Sequence[RunningAverage]],
    location: Callable[[RunningAverage], SourceLocation | None] = no_location,
) -> list[Finding]:
    """One finding for all averages with the same wrong weights.

    Parameters
    ----------
    rules : iterable of sequences of RunningAverage
        The averages of each parameter.
    location : callable, optional
        Source location of an average.
    """
    groups: dict[tuple[int, str, str], list[RunningAverage]] = {}
    for averages in rules:
        for average in averages:
            if is_biased(average, averages):
                key = (average.power, f"{average.decay:.6g}", f"{average.input_weight:.6g}")
                groups.setdefault(key, []).append(average)
    return [_finding(averages, location(averages[0])) for averages in groups.values()]


def _finding(averages: Sequence[RunningAverage], location: SourceLocation | None) -> Finding:
    first = averages[0]
    total, gradient = first.total_weight, "g²" if first.power == 2 else "g"
    factor = total**-0.5 if first.power == 2 else total  # steps are divided by the root of an average of squares
    times = f"{factor:.3g} times" if factor > 1 else f"1/{1 / factor:.3g}"
    return Finding(
        CODE,
        SLUG,
        ", ".join(average.name for average in averages),
        f"the weights of the running average sum to {total:.6g}, not to 1: steps are {times} as long as stated",
        f"measured: {first.name} ← {first.decay:.6g} · {first.name} + {first.input_weight:.6g} · {gradient}, and "
        f"{first.input_weight:.6g}/(1 − {first.decay:.6g}) = {total:.6g}",
        f"Use the weights {first.decay:.6g} and {1 - first.decay:.6g}.",
        None if location is None else location.file,
        None if location is None else location.line,
    )
