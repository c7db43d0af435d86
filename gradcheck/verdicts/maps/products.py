"""Maps whose claimed derivative has products with directions alone, ``jvp(x, v)``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.probes.evaluator import Progress
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.maps.sketch import Piece, SketchSubject, pieces_of, sketch_of
from gradcheck.verdicts.checker import CheckOptions
from gradcheck.verdicts.entry import Entry, index_of
from gradcheck.verdicts.maps.check_map import LEAST, check_map
from gradcheck.verdicts.maps.resolution import own_part
from gradcheck.verdicts.maps.result import MapResult, PairResult
from gradcheck.verdicts.maps.settings import MAP_VERDICTS
from gradcheck.verdicts.verdict import Verdict

Vector = NDArray[np.float64]


def check_products(
    subject: MapSubject,
    options: CheckOptions,
    rng: np.random.Generator,
    limit: int,
    progress: Progress | None = None,
    *,
    directions: Sequence[Piece] | None = None,
) -> MapResult:
    """Check a map along directions that each move one part of one input, then narrow down the parts that are wrong.

    Parameters
    ----------
    subject : MapSubject
    options : CheckOptions
    rng : numpy.random.Generator
    limit : int
        Calls of the map that may be spent.
    progress : callable, optional
    directions : sequence of Piece, optional
        To be used in place of random ones; then nothing is narrowed down.
    """
    blocks = range(len(subject.blocks))
    each = max(1, MAP_VERDICTS.intervals // len(blocks))
    if directions is not None:
        pieces = [[piece for piece in directions if piece.block == b] for b in blocks]
    else:
        pieces = [pieces_of(subject, b, 0, subject.blocks[b].size, each, rng) for b in blocks]
    with subject.session():
        sketch = sketch_of(subject, pieces, blocks)
        found = check_map(sketch, options, rng, limit, progress)
        if directions is not None:
            moved = {piece.block for piece in directions}
            found = replace(found, pairs=tuple(pair for pair in found.pairs if pair.block in moved))
        if directions is None:
            found = replace(
                found, pairs=tuple(_with_resolution(sketch, found, pair, options.rtol, rng) for pair in found.pairs)
            )
        if found.verdict is not Verdict.FAIL or options.verdict_only or directions is not None:
            return replace(found, subject=subject)

        def again(one: SketchSubject) -> MapResult:
            return check_map(one, options, rng, limit, progress)

        pairs = [
            _refined(subject, sketch, pair, rng, limit, again) if pair.verdict is Verdict.FAIL else pair
            for pair in found.pairs
        ]
    return replace(found, subject=subject, pairs=tuple(pairs))


def _with_resolution(
    sketch: SketchSubject, found: MapResult, pair: PairResult, rtol: float, rng: np.random.Generator
) -> PairResult:
    """The pair with a resolution for entries of the input, not of the sketch.

    An error in an entry of J shows in the product with the part of the input that it belongs to, from `rtol` of that
    product on. How large entries are beside such products is known from a sample of columns.
    """
    screening, whole = pair.result.screening, sketch.whole
    if pair.verdict is not Verdict.PASS or pair.resolution.entry is None or screening is None:
        return pair
    part = whole.outputs.slices[pair.output]
    pieces, size = sketch.pieces[pair.block], whole.blocks[pair.block].size
    ratios = []
    for column in sorted(rng.choice(size, min(size, MAP_VERDICTS.sampled_columns), replace=False)):
        piece = next(piece for piece in pieces if piece.low <= column < piece.high)
        length = piece.vector[column - piece.low]
        vectors = [np.zeros(x.shape) for x in whole.point]
        vectors[pair.block].ravel()[column] = length
        entries = np.abs(whole.product(whole.space.copy(whole.point), vectors)[part])
        vectors[pair.block].ravel()[piece.low : piece.high] = piece.vector
        products = np.abs(whole.product(whole.space.copy(whole.point), vectors)[part])
        ratios.append(np.stack([entries, products, np.maximum(found.scales[part], products)]))
    entries, products, sizes = np.concatenate(ratios, axis=1)
    median = _median(entries / sizes)
    if median == 0.0:
        return replace(pair, resolution=replace(pair.resolution, entry=None))
    worst = float((products / sizes).max()) / (own_part(whole) * median)
    return replace(pair, resolution=replace(pair.resolution, entry=pair.resolution.entry * max(1.0, worst)))


def _median(values: Vector) -> float:
    some = values[values > 0]
    return float(np.median(some)) if some.size else 0.0


def _refined(
    subject: MapSubject,
    sketch: SketchSubject,
    pair: PairResult,
    rng: np.random.Generator,
    limit: int,
    again: Callable[[SketchSubject], MapResult],
) -> PairResult:
    """The wrong entries of the input itself, from the parts of it that are wrong; a few of them where they are many."""
    depth = len(subject.outputs.shapes[pair.output])
    measured = [entry for entry in pair.entries if _is_parameter(sketch, pair, entry, depth)]
    parts = {sketch.pieces[pair.block][entry.index[depth]] for entry in _wrong(pair)} if pair.entries else set()
    ordered = sorted(parts, key=lambda piece: piece.low)
    location = pair.result.location
    counted = sum(entry.wrong for entry in location.entries) if location is not None and location.complete else 0
    many = max(len(ordered), counted) > max(1, len(sketch.pieces[pair.block]) // 2)
    entries: list[Entry] = (
        [] if not many else [_of_parameter(entry, sketch.pieces[pair.block], depth) for entry in measured]
    )
    listed = not many  # where most parts are wrong, single entries say little
    for part in [] if many else ordered:
        found, complete = _entries(subject, part, pair.output, rng, limit, again, depth)
        entries += found
        listed = listed and complete
    shape = subject.blocks[pair.block].shape
    return replace(
        pair,
        entries=tuple(
            replace(entry, index=(*entry.index[:depth], *index_of(entry.index[depth], shape))) for entry in entries
        ),
        listed=listed and bool(entries),
        complete=False,
        measured=None,
    )


def _entries(
    subject: MapSubject,
    part: Piece,
    output: int,
    rng: np.random.Generator,
    limit: int,
    again: Callable[[SketchSubject], MapResult],
    depth: int,
) -> tuple[list[Entry], bool]:
    """Wrong entries of a part, with the place in the flat input as last index; and whether these are all."""
    if subject.evaluations.calls + LEAST > limit:
        return [], False
    pieces = pieces_of(subject, part.block, part.low, part.high, MAP_VERDICTS.intervals, rng)
    found = again(sketch_of(subject, [pieces], [part.block]))
    pair = next(pair for pair in found.pairs if pair.output == output)
    wrong = _wrong(pair)
    if pair.verdict is not Verdict.FAIL or not wrong:
        return [], False
    if all(piece.high - piece.low == 1 for piece in pieces):
        return [_of_parameter(entry, pieces, depth) for entry in wrong], pair.listed
    entries: list[Entry] = []
    inner = sorted({entry.index[depth] for entry in wrong})
    complete = pair.listed and len(inner) <= 2
    for place in inner[: 2 if complete else 1]:
        piece = pieces[place]
        if piece.high - piece.low == 1:
            entries += [_of_parameter(entry, pieces, depth) for entry in wrong if entry.index[depth] == place]
            continue
        more, all_of_it = _entries(subject, piece, output, rng, limit, again, depth)
        entries += more
        complete = complete and all_of_it
    return entries, complete


def _is_parameter(sketch: SketchSubject, pair: PairResult, entry: Entry, depth: int) -> bool:
    """Whether an entry of a sketch is one of the input itself."""
    piece = sketch.pieces[pair.block][entry.index[depth]]
    return piece.high - piece.low == 1


def _wrong(pair: PairResult) -> list[Entry]:
    return [entry for entry in pair.entries if entry.wrong]


def _of_parameter(entry: Entry, pieces: Sequence[Piece], depth: int) -> Entry:
    """An entry in units of its own parameter instead of a coordinate along a direction."""
    piece = pieces[entry.index[depth]]
    length = float(piece.vector[0])
    return replace(
        entry,
        index=(*entry.index[:depth], piece.low),
        claimed=entry.claimed / length,
        numeric=entry.numeric / length,
        error=entry.error / abs(length),
    )
