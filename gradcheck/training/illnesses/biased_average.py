"""An optimiser's running average whose weights do not sum to one.

**Number.** In s ← a s + b gᵖ the gradient of k steps ago has the weight b aᵏ; together b/(1 − a).

**Threshold.** Anything but 1, to within 1e-6 of what was measured, where an average is meant (T. Tieleman and G.
Hinton, RMSProp, 2012; D. P. Kingma and J. Ba, Adam, ICLR 2015: both weigh by a and 1 − a). Sums are none, and are let
be: v ← μ v + g and v ← μ v ± η g of classical momentum (B. T. Polyak, 1964), s ← s + g² of AdaGrad (J. Duchi, E.
Hazan and Y. Singer, 2011), and any b of 1 or more.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.finding import Finding
from gradcheck.script.analysis import Analysis
from gradcheck.training.update import Average, Response

CODE, SLUG = "GT109", "biased-average"

#: What is measured to about 1e-9 is a constant that somebody wrote if it is this near it.
SAME = 1e-6


def biased(average: Average, response: Response) -> bool:
    """Whether a state is meant as an average, and is none."""
    kept, taken = average.kept, average.taken
    if not SAME < kept < 1 - SAME or not SAME < taken < 1 - SAME or abs(average.total - 1) < SAME:
        return False
    # v ← μ v + b g may have the step size in b, or PyTorch's dampening; beside a square of the same rule it is an
    # average
    return average.power == 2 or response.of(2) is not None


def findings(analysis: Analysis, found: Sequence[Response]) -> list[Finding]:
    """One finding for all averages that are off by the same factor."""
    groups: dict[tuple[int, str, str], list[Average]] = {}
    for response in found:
        for average in response.averages:
            if biased(average, response):
                key = (average.power, f"{average.kept:.6g}", f"{average.taken:.6g}")
                groups.setdefault(key, []).append(average)
    return [_finding(analysis, averages) for averages in groups.values()]


def _finding(analysis: Analysis, averages: Sequence[Average]) -> Finding:
    first = averages[0]
    names = ", ".join(average.leaf.name for average in averages)
    site = next(
        (e.site for e in analysis.flow.base.trace.events if first.leaf.name in e.names and e.site.kind == "assign"),
        None,
    )
    total, power = first.total, "g²" if first.power == 2 else "g"
    longer = total**-0.5 if first.power == 2 else total  # steps are divided by the root of an average of squares
    effect = (
        f"steps are {longer:.3g} times as long as stated"
        if longer > 1
        else f"steps are 1/{1 / longer:.3g} as long as stated"
    )
    return Finding(
        CODE,
        SLUG,
        names,
        f"the weights of the running average sum to {total:.6g}, not to 1: {effect}",
        f"measured: {first.leaf.name} ← {first.kept:.6g} · {first.leaf.name} + {first.taken:.6g} · {power}, and "
        f"{first.taken:.6g}/(1 − {first.kept:.6g}) = {total:.6g}",
        f"Weigh by {first.kept:.6g} and {1 - first.kept:.6g}.",
        None if site is None else site.file,
        None if site is None else site.line,
    )
