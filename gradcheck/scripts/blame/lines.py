"""The verdict on each line of a backward pass, for the report."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.reports.data import LineReport
from gradcheck.scripts.blame.faulty_line import FaultyLine
from gradcheck.scripts.blame.stale_reads import StaleRead
from gradcheck.scripts.chain_rule.constants import local_factor
from gradcheck.scripts.chain_rule.pairing import Pairing
from gradcheck.scripts.chain_rule.pairs import AdjointPair
from gradcheck.scripts.instrument.events import SourceLocation
from gradcheck.verdicts.verdict import Verdict

#: From the least to the most serious.
_ORDER: Sequence[Verdict] = (Verdict.PASS, Verdict.UNDECIDED, Verdict.FAIL)

#: An update whose factor differs from 1 by less than this only passes the gradient on.
_NO_FACTOR = 1e-6


def line_reports(pairing: Pairing, faulty: Sequence[FaultyLine], stale: Sequence[StaleRead] = ()) -> list[LineReport]:
    """Each line that computes an adjoint, in the order of the source; faulty lines and stale reads fail."""
    failing = {line.location.place for line in faulty} | {read.node.location.place for read in stale}
    found: dict[tuple[str, int], LineReport] = {}
    for pair in pairing.pairs.values():
        if _passes_on(pair):
            continue
        place = pair.node.location.place
        factor = pair.ratio.factor if pair.proportional else None
        verdict = Verdict.FAIL if place in failing else _verdict(pair)
        old = found.get(place)
        if old is None or _ORDER.index(verdict) > _ORDER.index(old.verdict):
            found[place] = _report(pair.node.location, pair.node.label, pair.variable.label, verdict, factor)
    for line in faulty:
        report = _report(line.location, line.node.label, line.pair.variable.label, Verdict.FAIL)
        found.setdefault(line.location.place, report)
    for read in stale:
        found.setdefault(read.node.location.place, stale_report(read))
    return [found[place] for place in sorted(found)]


def stale_report(read: StaleRead) -> LineReport:
    """The line that reads updated parameters."""
    return _report(read.node.location, read.node.label, ", ".join(read.names), Verdict.FAIL)


def _report(
    location: SourceLocation, target: str, of: str, verdict: Verdict, factor: float | None = None
) -> LineReport:
    return LineReport(location.file, location.line, target, of, verdict, factor, location.text)


def _verdict(pair: AdjointPair) -> Verdict:
    return Verdict.PASS if pair.proportional and pair.ratio.known else Verdict.UNDECIDED


def _passes_on(pair: AdjointPair) -> bool:
    """Whether an increment is the gradient of its parameter as another line computes it."""
    if not pair.node.is_increment or pair.parameter is None or len(pair.upstream) != 1:
        return False
    return pair.upstream[0].variable.key == pair.variable.key and abs(local_factor(pair) - 1) < _NO_FACTOR
