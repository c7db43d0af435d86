"""How a claimed derivative of a map is checked: a scalar function first, then the outputs and entries that it shows.

⟨u, F⟩ is a scalar function with the gradient Jᵀu; the check of a gradient decides about it. What it finds wrong, or
what another cotangent u shows along the same lines, is narrowed down to outputs and inputs. Outputs cost nothing: all
are known wherever the map was evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.probes.evaluator import Evaluator, Progress
from gradcheck.probes.place import Place
from gradcheck.probes.screening import Screening
from gradcheck.subjects.maps.cotangent import output_scales, random_cotangent
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.spaces.space import Direction
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.maps.forms import Forms, FormSlope
from gradcheck.verdicts.maps.location import located, with_every_entry
from gradcheck.verdicts.maps.resolution import EntrySizes, Suspicion, compare_cotangents, resolution_of
from gradcheck.verdicts.maps.result import MapResult, PairResult, Resolution
from gradcheck.verdicts.maps.rows import clearest_row, masked, wrong_rows
from gradcheck.verdicts.maps.settings import MAP_VERDICTS
from gradcheck.verdicts.reasons import UndecidedReason
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.settings import VERDICTS
from gradcheck.verdicts.verdict import Verdict

Vector = NDArray[np.float64]

#: Said of errors that show where entries cancel, and do not matter to any of them.
TOLERATED = "visible in sums of outputs that cancel, but within the tolerance for each output"

#: Said of a gap that no single output explains.
UNCONFIRMED = "sums of outputs disagree, but no single output that was examined does: a larger budget examines more"

#: Evaluations that a check of a scalar function needs to make sense.
LEAST = 40


def check_map(
    subject: MapSubject,
    options: CheckOptions,
    rng: np.random.Generator,
    limit: int,
    progress: Progress | None = None,
) -> MapResult:
    """Check the claimed derivative of a map.

    Parameters
    ----------
    subject : MapSubject
        With a claim that has products with the adjoint.
    options : CheckOptions
    rng : numpy.random.Generator
    limit : int
        Calls of the map that may be spent.
    progress : callable, optional

    Returns
    -------
    MapResult
    """
    with subject.session():
        return _MapCheck(subject, options, rng, limit, progress).run()


class _MapCheck:
    """The steps of one check."""

    def __init__(
        self,
        subject: MapSubject,
        options: CheckOptions,
        rng: np.random.Generator,
        limit: int,
        progress: Progress | None,
    ) -> None:
        self.subject, self.options, self.rng, self.limit = subject, options, rng, limit
        self._progress = progress
        self.scales = output_scales(subject, rng)
        self.first = random_cotangent(self.scales, rng)

    @property
    def left(self) -> int:
        return max(0, self.limit - self.subject.evaluations.calls)

    def checked(self, cotangent: Vector, *, verdict_only: bool | None = None, kept: int = 0) -> CheckResult:
        """Check the scalar function that a cotangent makes of the map; some calls are kept for what follows."""
        options = self.options if verdict_only is None else replace(self.options, verdict_only=verdict_only)
        calls = self.subject.evaluations
        progress: Progress | None = None
        if self._progress is not None:
            show: Callable[[int, str], None] = self._progress

            def progress(done: int, stage: str) -> None:
                show(calls.calls, stage)

        limit = self.left - min(kept, max(0, self.left - LEAST))
        return check(Evaluator(self.subject.with_cotangent(cotangent), limit, progress), options, self.rng)

    def run(self) -> MapResult:
        whole = self.checked(self.first, kept=MAP_VERDICTS.confirming_cost)
        resolutions: dict[tuple[int, int], Resolution] = {}
        cotangent, sizes = self.first, None
        forms = _forms(self.subject, whole, self.limit)
        failed = whole.verdict is Verdict.FAIL
        if forms is not None and not failed and not (self.options.verdict_only and self.left < LEAST):
            directions = _directions(whole)
            sizes = EntrySizes(forms, self.scales, self.rng)
            resolutions, suspicions = compare_cotangents(
                forms, sizes, self.scales, directions, self.first, self.options.rtol, self.rng
            )
            resolutions = _of_the_first(whole, sizes, self.first, self.options.rtol) | resolutions
            for suspicion in suspicions[:1]:
                whole, cotangent, failed = self._suspected(forms, suspicion, whole, cotangent)
        pairs = self._pairs(whole, cotangent, resolutions)
        with self._keeping(0.0 if self.options.verdict_only else VERDICTS.for_diagnosis):
            pairs = [self._confirmed(pair, whole, cotangent) for pair in pairs]
            if failed or any(pair.verdict is Verdict.FAIL for pair in pairs):
                if sizes is None and forms is not None:
                    sizes = EntrySizes(forms, self.scales, self.rng)
                pairs = [
                    located(pair, self, sizes)
                    if pair.verdict is Verdict.FAIL and not self.options.verdict_only
                    else pair
                    for pair in pairs
                ]
        if self.options.entries and forms is not None:
            sizes = sizes or EntrySizes(forms, self.scales, self.rng)
            pairs = [with_every_entry(pair, self, sizes) for pair in pairs]
        return MapResult(self.subject, tuple(pairs), whole, self.scales, whole.observations)

    @contextmanager
    def _keeping(self, part: float) -> Iterator[None]:
        """While it lasts, a part of the calls that are left is kept for what follows."""
        kept, calls = int(part * self.left), self.subject.evaluations
        self.limit -= kept
        calls.limit -= kept
        try:
            yield
        finally:
            self.limit += kept
            calls.limit += kept

    def _suspected(
        self, forms: Forms, suspicion: Suspicion, whole: CheckResult, cotangent: Vector
    ) -> tuple[CheckResult, Vector, bool]:
        """What a check shows for a cotangent along which there is a gap, or for the outputs that make it."""
        if self.left < LEAST:
            return whole, cotangent, False
        again = self.checked(suspicion.cotangent, kept=MAP_VERDICTS.confirming_cost)
        if again.verdict is Verdict.FAIL:
            return again, suspicion.cotangent, True
        rows = wrong_rows(
            forms,
            suspicion.cotangent,
            suspicion.direction,
            range(self.subject.outputs.size),
            most=MAP_VERDICTS.few_rows,
        )
        for row in rows or ():
            if self.left < LEAST:
                break
            alone = masked(suspicion.cotangent, np.array([row]))
            of_row = self.checked(alone)
            if of_row.verdict is Verdict.FAIL:
                return of_row, alone, True
        return whole, cotangent, False

    # -- outputs --------------------------------------------------------------------------------------------------

    def _pairs(
        self, whole: CheckResult, cotangent: Vector, resolutions: dict[tuple[int, int], Resolution]
    ) -> list[PairResult]:
        """One result for each output and input."""
        outputs = self.subject.outputs
        count = len(outputs.names)
        if count == 1 or whole.verdict is Verdict.PASS:
            return [self._pair(o, b, result, resolutions) for o in range(count) for b, result in self._known(whole)]
        apart = self._apart(whole, cotangent)
        found = []
        for o in range(count):
            result = apart.get(o)
            for b, of_whole in self._known(whole):
                own = None if result is None else self._of_block(result, b)
                found.append(self._pair(o, b, _passed(of_whole) if own is None else own, resolutions))
        return found

    def _known(self, found: CheckResult) -> list[tuple[int, BlockResult]]:
        """Results by input; a check that is asked for the verdict alone ends at the first block that is wrong."""
        places = {block.name: b for b, block in enumerate(self.subject.blocks)}
        return [(places[result.block.name], result) for result in found.blocks]

    def _of_block(self, found: CheckResult, block: int) -> BlockResult | None:
        return dict(self._known(found)).get(block)

    def _apart(self, whole: CheckResult, cotangent: Vector) -> dict[int, CheckResult]:
        """Checks of the outputs that may be wrong, or unclear, each on its own."""
        outputs = self.subject.outputs
        order = list(range(len(outputs.names)))
        if len(order) > MAP_VERDICTS.outputs_apart:
            order = self._doubtful_outputs(whole, cotangent)[: MAP_VERDICTS.outputs_apart]
        found: dict[int, CheckResult] = {}
        for o in order:
            if self.left < LEAST:
                break
            rows = np.arange(outputs.slices[o].start, outputs.slices[o].stop)
            weighed = masked(cotangent, rows)
            if not weighed.any():
                weighed = masked(self.first, rows)
            found[o] = self.checked(weighed, kept=MAP_VERDICTS.confirming_cost) if rows.size else whole
        return found

    def _doubtful_outputs(self, whole: CheckResult, cotangent: Vector) -> list[int]:
        """Outputs by how clear their gap is along the lines that decided about the whole."""
        clearness: dict[int, float] = {}
        for result in whole.blocks:
            if result.verdict is Verdict.PASS or result.screening is None:
                continue
            forms = Forms(self.subject, result.screening.prober, self.limit)
            for o, part in enumerate(self.subject.outputs.slices):
                weighed = masked(cotangent, np.arange(part.start, part.stop))
                slope = forms.slope(weighed, result.screening.line.direction, target=0.0, cost=MAP_VERDICTS.column_cost)
                clearness[o] = max(clearness.get(o, 0.0), slope.clearness)
        return sorted(clearness, key=lambda o: -clearness[o])

    def _confirmed(self, pair: PairResult, whole: CheckResult, cotangent: Vector) -> PairResult:
        """A pair whose sum over outputs is wrong: wrong only if one of its outputs is, on its own.

        Entries of Jᵀu are sums that may cancel, and then an error that does not matter to any entry of J matters to the
        sum. The other way round, an error in one output may matter to it and not to the sum.
        """
        of_whole = self._of_block(whole, pair.block)
        assert of_whole is not None
        source = pair.result if pair.verdict is Verdict.FAIL else of_whole
        part = self.subject.outputs.slices[pair.output]
        alone = pair.verdict is Verdict.FAIL and part.stop - part.start == 1
        if source.verdict is not Verdict.FAIL or source.screening is None or alone:
            return pair
        forms = Forms(self.subject, source.screening.prober, self.limit)
        direction = forms.part(source.screening.line.direction, {pair.block})
        weighed = np.where(cotangent != 0, cotangent, self.first)
        rows, all_of_them = self._clear_rows(forms, weighed, direction, range(part.start, part.stop))
        verdicts: list[Verdict] = []
        spread: tuple[int, BlockResult] | None = None
        for row in rows:
            if self.left < LEAST:
                break
            alone_in_it = masked(weighed, np.array([row]))
            result = self._of_block(self.checked(alone_in_it, verdict_only=True), pair.block)
            if result is None:  # the check ended at another block, which is wrong too
                result = self._of_block(self.checked(alone_in_it, verdict_only=False), pair.block)
            if result is None:
                break
            if result.verdict is Verdict.FAIL:
                return pair if pair.verdict is Verdict.FAIL else replace(pair, verdict=Verdict.FAIL, result=result)
            if result.spread is not None:
                spread = spread or (row, result)
            verdicts.append(result.verdict)
        if pair.verdict is not Verdict.FAIL:
            return pair
        if not rows:
            return pair if self.left >= LEAST else replace(pair, verdict=Verdict.UNDECIDED, note=UNCONFIRMED)
        if spread is not None:
            row, result = spread
            if self.options.verdict_only:
                return replace(pair, verdict=Verdict.UNDECIDED, result=result, note=f"row {row}: {result.note}")
            known = replace(pair.result, spread=result.spread)  # whether a mistake explains it is for the diagnosis
            return replace(pair, result=known, note=f"row {row} agrees to {result.spread:.1e} of its norm")
        if all_of_them and verdicts == [Verdict.PASS] * len(rows):
            tolerated = replace(pair.result, verdict=Verdict.PASS, location=None, spread=None)
            return replace(pair, verdict=Verdict.PASS, result=tolerated, note=TOLERATED)
        if pair.result.spread is not None:
            return pair
        return replace(pair, verdict=Verdict.UNDECIDED, note=UNCONFIRMED)

    def _clear_rows(
        self, forms: Forms, cotangent: Vector, direction: Direction, rows: Sequence[int]
    ) -> tuple[list[int], bool]:
        """Outputs that are clearly off along a direction; and whether these are all."""
        if not self.subject.space.moved(direction):
            return [], False
        found = wrong_rows(forms, cotangent, direction, rows, most=MAP_VERDICTS.few_rows)
        if found is not None:
            return found, True
        several = [clearest_row(forms, cotangent, direction, rows)]
        for _ in range(MAP_VERDICTS.rows_examined - 1):
            turned = random_cotangent(self.scales, self.rng)
            several.append(clearest_row(forms, turned, direction, rows))
        return list(dict.fromkeys(row for row in several if row is not None)), False

    def _pair(self, o: int, b: int, result: BlockResult, resolutions: dict[tuple[int, int], Resolution]) -> PairResult:
        resolution = resolutions.get((o, b), Resolution()) if result.verdict is Verdict.PASS else Resolution()
        if not result.measured or result.spread is not None:
            resolution = Resolution()
        if resolution.is_blind:
            result = replace(result, verdict=Verdict.UNDECIDED, note=str(UndecidedReason.UNCLEAR))
            resolution = Resolution()
        return PairResult(o, b, result.verdict, result, resolution=resolution, note=result.note)


def _passed(result: BlockResult) -> BlockResult:
    """A block of an output that is not among those that may be wrong."""
    return replace(result, verdict=Verdict.PASS, location=None, note="", spread=None)


def _forms(subject: MapSubject, whole: CheckResult, limit: int) -> Forms | None:
    """Forms at the user's point, from a block that was decided there."""
    found = [_screening(result) for result in whole.blocks]
    here = [one for one in found if one is not None and one.prober.data.place is Place.USER]
    here = here or [one for one in found if one is not None]
    return Forms(subject, here[0].prober, limit) if here else None


def _of_the_first(
    whole: CheckResult, sizes: EntrySizes, cotangent: Vector, rtol: float
) -> dict[tuple[int, int], Resolution]:
    """What the lines that decided about the first cotangent would have shown."""
    found = {}
    places = {block.name: b for b, block in enumerate(sizes.blocks)}
    for result in whole.blocks:
        b, screening = places[result.block.name], result.screening
        if screening is None or screening.prober.data.place is not Place.USER or screening.comparison.zero:
            continue
        comparison = screening.comparison
        slope = FormSlope(comparison.claimed, comparison.estimate.value, comparison.error_bar)
        v = screening.prober.subject.space.array(screening.line.direction, b)
        for o in range(sizes.outputs):
            resolution = resolution_of(slope, *sizes.contributions(o, b, cotangent, v), rtol)
            if resolution.entry is not None:
                found[o, b] = resolution
    return found


def _screening(result: BlockResult) -> Screening | None:
    return result.screening


def _directions(whole: CheckResult) -> Sequence[Direction]:
    """The lines at the user's point that were measured, each once."""
    found: dict[int, Direction] = {}
    for result in whole.blocks:
        screening = result.screening
        if screening is not None and screening.prober.data.place is Place.USER:
            found[id(screening.line.direction)] = screening.line.direction
    return list(found.values())
