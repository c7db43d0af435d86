"""Which mistake makes the claimed block of the right one; each is tried on numbers that were measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.maps.settings import MAP_DIAGNOSIS
from gradcheck.diagnosis.maps.views import BlockView, PairViews
from gradcheck.diagnosis.mistakes.mistake import digits_of
from gradcheck.verdicts.maps.result import MapResult, PairResult

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """A mistake that makes the claim.

    Attributes
    ----------
    slug : str
    message : str
    place : str
        Rows, columns or entries, to be added to the name of the block; empty for all of it.
    """

    slug: str
    message: str
    place: str = ""


def explain(pair: PairResult, result: MapResult, *, symmetric: bool) -> Explanation | None:
    """The first mistake that makes the claim out of what was measured; None if there is none.

    Parameters
    ----------
    pair : PairResult
    result : MapResult
    symmetric : bool
        Whether the right block is symmetric, or is one of a symmetric matrix.
    """
    absent = _absent(pair, result)
    if absent is not None:
        return absent
    single = pair.listed and not pair.complete and sum(entry.wrong for entry in pair.entries) == 1
    if pair.forms is None or single:
        return None
    views = PairViews(pair)
    several = len(result.pairs) > 1
    for tolerance in dict.fromkeys((views.tolerance, max(views.tolerance, MAP_DIAGNOSIS.rough_tolerance))):
        views = views.within(tolerance)
        for found in _candidates(views, several=several, symmetric=symmetric):
            if found is not None:
                return found
    return None


def _candidates(views: PairViews, *, several: bool, symmetric: bool) -> Iterator[Explanation | None]:
    yield _zero(views, several)
    yield _factor(views)
    yield _conjugated(views)
    yield _transposed(views)
    if symmetric:
        yield _asymmetric(views)
    yield _rows(views)
    yield _columns(views)
    yield _zero_rectangle(views)
    if symmetric:
        yield _mixed(views)


# -- the whole block ---------------------------------------------------------------------------------------------------


def _zero(views: PairViews, several: bool) -> Explanation | None:
    here = views.here
    if here.claimed.any() or (views.pair.rows is not None and not here.columns):
        return None
    if several:
        return Explanation("missing-block", "this block is claimed to be zero, but the output depends on the input")
    return Explanation("zero-gradient", "the claimed derivative is zero, but the outputs depend on the input")


def _factor(views: PairViews) -> Explanation | None:
    if not views.here.columns and views.pair.rows is not None and len(views.here.rows) < _height(views):
        return None
    factor = views.here.factor()
    if factor is None or views.here.same(views.here.numeric):
        return None
    there = views.there()
    if there is not None and not there.same(factor * there.numeric, abs(factor) * there.error):
        return None
    return _named_factor(factor, "the derivative", "", views.tolerance)


def _named_factor(factor: float, what: str, place: str, tolerance: float) -> Explanation:
    if abs(factor + 1.0) <= tolerance:
        return Explanation("sign-flipped", f"the sign is wrong: the claim is −1 times {what}", place)
    return Explanation(
        "constant-factor", f"the claim is {digits_of(factor, tolerance * abs(factor))} times {what}", place
    )


def _height(views: PairViews) -> int:
    return int(views.part.stop - views.part.start)


def _conjugated(views: PairViews) -> Explanation | None:
    """Imaginary parts with the wrong sign: a transpose in the place of an adjoint."""
    here, subject, pair = views.here, views.subject, views.pair
    is_complex_in = subject.blocks[pair.block].name in subject.claim.complex_names
    is_complex_out = subject.outputs.is_complex(pair.output)
    if not here.columns or not (is_complex_in or is_complex_out) or len(here.rows) != _height(views):
        return None
    out = np.where(np.arange(_height(views)) % 2, -1.0, 1.0) if is_complex_out else np.ones(_height(views))
    width = subject.blocks[pair.block].size
    into = np.where(np.arange(width) % 2, -1.0, 1.0) if is_complex_in else np.ones(width)
    made = out[list(here.rows)][:, None] * here.numeric * into
    if here.same(here.numeric) or not here.same(made):
        return None
    return Explanation(
        "not-conjugated", "the claim is the conjugate of the derivative: a conjugate was left out, or is one too many"
    )


def _transposed(views: PairViews) -> Explanation | None:
    here = views.here
    if here.columns:
        shapes = views.subject.outputs.shapes[views.pair.output], views.subject.blocks[views.pair.block].shape
        square = here.claimed.shape[0] == here.claimed.shape[1] == _height(views)
        if not square or here.same(here.numeric) or len(shapes[0]) != len(shapes[1]):
            return None
        if here.same(here.numeric.T, here.error.T) and not _trivial(here):
            return _TRANSPOSED
        subject, pair = views.subject, views.pair
        pairs = subject.outputs.is_complex(pair.output) and (
            subject.blocks[pair.block].name in subject.claim.complex_names
        )
        signs = np.where(np.arange(len(here.claimed)) % 2, -1.0, 1.0)
        plain = signs[:, None] * here.numeric.T * signs  # of complex numbers, without a conjugate
        return _TRANSPOSED if pairs and here.same(plain, here.error.T) else None
    crossed = views.crossed()
    if crossed is None:
        return None
    claimed, numeric, error = crossed
    view = BlockView(tuple(range(len(claimed))), claimed, numeric, error, views.tolerance)
    off = ~np.eye(len(claimed), dtype=bool)
    right, turned = view.explained(numeric)[off].all(), view.explained(numeric.T, error.T)[off].all()
    return _TRANSPOSED if turned and not right else None


_TRANSPOSED = Explanation("transposed", "the claim is the transpose of the Jacobian")


def _trivial(view: BlockView) -> bool:
    """Whether the measured block is symmetric: then its transpose is right."""
    return bool((np.abs(view.numeric - view.numeric.T) <= MAP_DIAGNOSIS.bars * (view.error + view.error.T)).all())


# -- rows and columns --------------------------------------------------------------------------------------------------


def _rows(views: PairViews) -> Explanation | None:
    here = views.here
    wrong = [n for n, right in enumerate(here.right) if not right]
    if not wrong or (not here.columns and views.pair.rows is None):
        return None
    found = _lines(here, wrong, "row", [here.rows[n] for n in wrong])
    if found is None:
        return None
    return found if _holds_elsewhere(views, found, [here.rows[n] for n in wrong]) else None


def _holds_elsewhere(views: PairViews, found: Explanation, rows: Sequence[int]) -> bool:
    """Whether the same mistake makes the claim of these rows at a generic point."""
    there = views.there(list(rows))
    if there is None:
        return True
    again = _lines(there, list(range(len(rows))), "row", list(rows))
    return again is not None and (again.slug, again.message) == (found.slug, found.message)


def _columns(views: PairViews) -> Explanation | None:
    here = views.here
    if not here.columns:
        return None
    turned = BlockView(
        tuple(range(here.claimed.shape[1])), here.claimed.T, here.numeric.T, here.error.T, here.tolerance, columns=True
    )
    wrong = [n for n, right in enumerate(turned.right) if not right]
    found = _lines(turned, wrong, "column", wrong) if wrong else None
    there = views.columns_elsewhere(wrong) if found is not None else None
    if found is None or there is None:
        return found
    turned = BlockView(tuple(wrong), there.claimed.T, there.numeric.T, there.error.T, there.tolerance, columns=True)
    again = _lines(turned, range(len(wrong)), "column", wrong)
    return found if again is not None and (again.slug, again.message) == (found.slug, found.message) else None


def _lines(view: BlockView, wrong: Sequence[int], noun: str, names: Sequence[int]) -> Explanation | None:
    """What is wrong with whole rows, or columns; the others are right."""
    if view.claimed.shape[1] < 2:
        return None
    place = _counted(noun, names)
    if not view.claimed[wrong].any():
        return Explanation("zero-gradient", f"{place} {_is(names)} claimed to be zero", place)
    factor = view.factor(wrong)
    if factor is not None:
        return _named_factor(factor, f"the right {noun}", place, view.tolerance)
    sources = [_source_of(view, n, wrong) for n in wrong]
    if len(wrong) > 1 and all(source is not None for source in sources) and sorted(map(int, sources)) == list(wrong):  # type: ignore[arg-type]
        return _permuted(wrong, [int(source) for source in sources if source is not None], noun, place, names)
    factors = [view.factor([n]) for n in wrong]
    if all(factor is not None for factor in factors):
        every = [
            f"{name}: {digits_of(factor, view.tolerance * abs(factor))}"
            for name, factor in zip(names, factors, strict=True)
            if factor is not None
        ]
        listed = ", ".join(every[: MAP_DIAGNOSIS.shown]) + (" …" if len(every) > MAP_DIAGNOSIS.shown else "")
        return Explanation("constant-factor", f"each is a multiple of the right {noun} ({listed})", place)
    return None


def _source_of(view: BlockView, n: int, among: Sequence[int]) -> int | None:
    """The row that was measured where another one is claimed."""
    for other in among:
        sizes = max(float(np.abs(view.claimed[n]).max()), float(np.abs(view.numeric[other]).max()))
        bars = MAP_DIAGNOSIS.bars * view.error[other] + view.tolerance * sizes
        if other != n and (np.abs(view.claimed[n] - view.numeric[other]) <= bars).all():
            return other
    return None


def _permuted(wrong: Sequence[int], sources: Sequence[int], noun: str, place: str, names: Sequence[int]) -> Explanation:
    count = len(wrong)
    successive = list(wrong) == list(range(wrong[0], wrong[0] + count))
    if count == 2:
        return Explanation("swapped-blocks", f"{noun}s {names[0]} and {names[1]} are exchanged", place)
    if successive and list(sources) == list(reversed(wrong)):
        return Explanation("reversed-axis", f"{place} are in reverse order", place)
    shift = (sources[0] - wrong[0]) % count
    if successive and all((source - w) % count == shift for source, w in zip(sources, wrong, strict=True)):
        return Explanation("shifted", f"{place} are shifted by {min(shift, count - shift)}", place)
    return Explanation("swapped-blocks", f"{place} are permuted", place)


# -- symmetric matrices, and zeros -------------------------------------------------------------------------------------


def _asymmetric(views: PairViews) -> Explanation | None:
    """A Hessian of which one triangle is right."""
    here = views.here
    if not here.columns or here.claimed.shape[0] != here.claimed.shape[1] or here.claimed.shape[0] < 2:
        return None
    size = len(here.claimed)
    right = here.explained(here.numeric)
    lower, upper = np.tril(np.ones((size, size), dtype=bool), -1), np.triu(np.ones((size, size), dtype=bool), 1)
    if right.all() or not right.diagonal().all():
        return None
    for wrong, good, name in ((lower, upper, "lower"), (upper, lower, "upper")):
        if right[good].all() and not right[wrong].all():
            if not here.claimed[wrong].any():
                return Explanation(
                    "asymmetric-hessian", f"the {name} triangle is claimed to be zero, the other is right"
                )
            return Explanation(
                "asymmetric-hessian", f"the claim is not symmetric: the {name} triangle is wrong, the other is right"
            )
    return None


def _mixed(views: PairViews) -> Explanation | None:
    """A Hessian with a right diagonal and a constant factor in all mixed derivatives."""
    here = views.here
    if not here.columns or here.claimed.shape[0] != here.claimed.shape[1] or here.claimed.shape[0] < 2:
        return None
    off = ~np.eye(len(here.claimed), dtype=bool)
    if not here.explained(here.numeric).diagonal().all():
        return None
    bottom = float((here.numeric[off] ** 2).sum())
    factor = float((here.claimed * here.numeric)[off].sum() / bottom) if bottom > 0 else 1.0
    made = np.where(off, factor * here.numeric, here.numeric)
    if not here.same(made, here.error * max(1.0, abs(factor))):
        return None
    if factor == 0.0:
        return Explanation("missing-block", "all mixed derivatives are claimed to be zero, the diagonal is right")
    digits = digits_of(factor, views.tolerance * abs(factor))
    slug = "sign-flipped" if abs(factor + 1) <= views.tolerance else "constant-factor"
    return Explanation(slug, f"all mixed derivatives are {digits} times the right ones, the diagonal is right")


def _zero_rectangle(views: PairViews) -> Explanation | None:
    """A block of zeros inside the matrix: of some rows and some columns, but not of all."""
    here = views.here
    if not here.columns or views.subject.outputs.is_complex(views.pair.output):
        return None
    wrong = ~here.explained(here.numeric)
    if wrong.sum() < 2 or here.claimed[wrong].any():
        return None
    rows, columns = wrong.any(axis=1), wrong.any(axis=0)
    if rows.all() or columns.all():
        rows, columns = _corner(wrong)
    covered = np.outer(rows, columns)
    both = covered | covered.T if wrong.shape[0] == wrong.shape[1] else covered
    for shape in (covered, both):
        # the right values in the rectangle may be zero as well
        small = np.abs(here.numeric) <= MAP_DIAGNOSIS.bars * here.error
        inside = shape & ~wrong
        if (wrong & ~shape).any() or (inside & ~small).any() or here.claimed[shape].any():
            continue
        if rows.sum() * columns.sum() < 2 or (rows.all() and columns.all()) or rows.sum() < 1:
            continue
        if columns.all() or rows.all():
            return None  # whole rows or columns
        names = f"{_counted('row', np.flatnonzero(rows))}, {_counted('column', np.flatnonzero(columns))}"
        twice = ", and the transposed block," if (both & ~covered & wrong).any() else ""
        return Explanation("missing-block", f"the block of {names}{twice} is claimed to be zero", names)
    return None


def _corner(wrong: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows like the first wrong one, and its columns: one of two blocks that mirror each other."""
    first = int(np.flatnonzero(wrong.any(axis=1))[0])
    columns = wrong[first]
    rows = (wrong == columns).all(axis=1)
    return rows, columns


def _absent(pair: PairResult, result: MapResult) -> Explanation | None:
    """Entries that a sparse claim does not store, though the map has them."""
    forms = pair.forms
    wrong = [entry for entry in pair.entries if entry.wrong]
    if forms is None or not wrong:
        return None
    matrix = forms.subject.claimed_matrix(forms.point)
    if matrix is None:
        return None
    depth = len(result.subject.outputs.shapes[pair.output])
    shapes = result.subject.outputs.shapes[pair.output], result.subject.blocks[pair.block].shape
    stored = []
    for entry in wrong:
        row = int(np.ravel_multi_index(entry.index[:depth], shapes[0])) if shapes[0] else 0
        column = int(np.ravel_multi_index(entry.index[depth:], shapes[1])) if shapes[1] else 0
        stored.append(matrix.stores(pair.output, row, pair.block, column))
    if any(each is not False for each in stored):
        return None
    places = _places(entry.index for entry in wrong)
    noun = "this entry" if len(wrong) == 1 else "these entries"
    return Explanation("wrong-sparsity", f"the sparsity pattern lacks {noun}, which the map has", places)


# -- words -------------------------------------------------------------------------------------------------------------


def _places(indices: Iterator[tuple[int, ...]]) -> str:
    every = [f"[{', '.join(map(str, index))}]" for index in indices]
    more = len(every) - MAP_DIAGNOSIS.shown
    return ", ".join(every[: MAP_DIAGNOSIS.shown]) + (f" and {more} more" if more > 0 else "")


def _counted(noun: str, numbers: Sequence[int] | NDArray[np.intp]) -> str:
    """``row 3``, ``rows 3, 5`` or ``rows 2 to 7``."""
    found = [int(number) for number in numbers]
    if len(found) == 1:
        return f"{noun} {found[0]}"
    if len(found) > 2 and found == list(range(found[0], found[0] + len(found))):
        return f"{noun}s {found[0]} to {found[-1]}"
    more = len(found) - MAP_DIAGNOSIS.shown
    listed = ", ".join(map(str, found[: MAP_DIAGNOSIS.shown]))
    return f"{noun}s {listed}" + (f" and {more} more" if more > 0 else "")


def _is(names: Sequence[int]) -> str:
    return "is" if len(names) == 1 else "are"
