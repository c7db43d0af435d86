"""The verdict of each line of a backward pass, for the report."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.reports.data import LineReport
from gradcheck.scripts.blame.judgement import Judgement
from gradcheck.scripts.blame.stale import Stale
from gradcheck.scripts.chain_rule.constants import own_factor
from gradcheck.scripts.chain_rule.consumers import Pair
from gradcheck.scripts.instrument.events import Site
from gradcheck.verdicts.verdict import Verdict

#: From the least to the most serious.
_ORDER: Sequence[Verdict] = (Verdict.PASS, Verdict.UNDECIDED, Verdict.FAIL)


def lines_of(judgement: Judgement, stale: Sequence[Stale] = ()) -> list[LineReport]:
    """Every line with a role, in the order of the source; those that read updated parameters are wrong."""
    accused = {_place(a.site) for a in judgement.accused} | {_place(old.node.site) for old in stale}
    found: dict[tuple[str, int], LineReport] = {}
    for pair in judgement.pairing.pairs.values():
        if _carries_on(pair):
            continue  # an update by a gradient that has a line of its own
        key = _place(pair.node.site)
        factor = pair.ratio.factor if pair.proportional else None
        verdict = _verdict(pair, accused=key in accused)
        old = found.get(key)
        if old is None or _ORDER.index(verdict) > _ORDER.index(old.verdict):
            found[key] = _line(pair.node.site, pair.node.label, pair.place.label, verdict, factor)
    for one in judgement.accused:
        wrong = _line(one.site, one.node.label, one.pair.place.label, Verdict.FAIL)
        found.setdefault(_place(one.site), wrong)
    for old_one in stale:
        wrong = _line(old_one.node.site, old_one.node.label, ", ".join(old_one.names), Verdict.FAIL)
        found.setdefault(_place(old_one.node.site), wrong)
    return [found[key] for key in sorted(found)]


def _place(site: Site) -> tuple[str, int]:
    return site.file, site.line


def _line(site: Site, target: str, of: str, verdict: Verdict, factor: float | None = None) -> LineReport:
    return LineReport(site.file, site.line, target, of, verdict, factor, site.text)


def _verdict(pair: Pair, *, accused: bool) -> Verdict:
    if accused:
        return Verdict.FAIL
    return Verdict.PASS if pair.proportional and pair.ratio.known else Verdict.UNDECIDED


def _carries_on(pair: Pair) -> bool:
    """Whether an increment is no more than the gradient of the parameter, which has a line of its own."""
    if not pair.node.increment or pair.parameter is None or len(pair.sources) != 1:
        return False
    return pair.sources[0].place.key() == pair.place.key() and abs(own_factor(pair) - 1) < 1e-6
