"""Parameters that are no arrays: whoever indexes one, outside its space, fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gradcheck.diagnosis.attribution import locate_faults
from gradcheck.diagnosis.findings import findings_of
from gradcheck.probes.evaluator import Evaluator
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.spaces.numpy_space import NUMPY, NumpyEntryRange
from gradcheck.subjects.spaces.space import Band, BlockScaling, Direction, EntryRange, Interval, Part, Parts, Space
from gradcheck.subjects.subject import Block, Subject
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.result import CheckResult
from tests.cases import logcosh

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sealed:
    """A block that only the space can open: it has no shape, no arithmetic and no items."""

    inside: Any


def sealed(arrays: Sequence[Any]) -> tuple[Sealed, ...]:
    return tuple(Sealed(array) for array in arrays)


def opened(vector: Sequence[Sealed]) -> tuple[Any, ...]:
    return tuple(box.inside for box in vector)


def plain(scaling: BlockScaling) -> BlockScaling:
    return replace(scaling, size=scaling.size.inside, effect=scaling.effect.inside)


def boxed(scaling: BlockScaling) -> BlockScaling:
    return replace(scaling, size=Sealed(scaling.size), effect=Sealed(scaling.effect))


class SealedRange(EntryRange):
    def __init__(self) -> None:
        self._range = NumpyEntryRange()

    @property
    def count(self) -> int:
        return self._range.count

    def add(self, gradient: Sealed) -> bool:
        return self._range.add(gradient.inside)

    def outside(self, claim: Sealed, rtol: float) -> list[tuple[tuple[int, ...], float]]:
        return self._range.outside(claim.inside, rtol)

    def values(self, index: tuple[int, ...]) -> list[float]:
        return self._range.values(index)


class SealedSpace(Space):
    """The operations of NumPy arrays, on sealed ones."""

    def copy(self, vector: Any) -> Any:
        return sealed(NUMPY.copy(opened(vector)))

    def times_power(self, vector: Any, exponent: int) -> Any:
        return sealed(NUMPY.times_power(opened(vector), exponent))

    def host(self, array: Any) -> Any:
        return NUMPY.host(array.inside)

    def entry(self, array: Any, index: tuple[int, ...]) -> float:
        return NUMPY.entry(array.inside, index)

    def norm(self, array: Any) -> float:
        return NUMPY.norm(array.inside)

    def difference(self, one: Any, other: Any) -> float:
        return NUMPY.difference(one.inside, other.inside)

    def largest(self, array: Any) -> float:
        return NUMPY.largest(array.inside)

    def is_zero(self, array: Any) -> bool:
        return NUMPY.is_zero(array.inside)

    def not_finite(self, array: Any) -> tuple[int, tuple[int, ...]] | None:
        return NUMPY.not_finite(array.inside)

    def mantissa(self, array: Any) -> int:
        return NUMPY.mantissa(array.inside)

    def epsilon(self, array: Any) -> float:
        return NUMPY.epsilon(array.inside)

    def least_change(self, array: Any, index: tuple[int, ...]) -> float:
        return NUMPY.least_change(array.inside, index)

    def has_few_bits(self, array: Any, bits: int) -> bool:
        return NUMPY.has_few_bits(array.inside, bits)

    def scaling(
        self, point: Any, claim: Any, visible: float, known: Any = None, noise_visible: float = 0.0
    ) -> tuple[BlockScaling, ...]:
        given = None if known is None else [plain(s) for s in known]
        return tuple(boxed(s) for s in NUMPY.scaling(opened(point), opened(claim), visible, given, noise_visible))

    def enlarged(
        self, claim: Any, scaling: Sequence[BlockScaling], *, by_block: bool
    ) -> tuple[BlockScaling | None, ...]:
        found = NUMPY.enlarged(opened(claim), [plain(s) for s in scaling], by_block=by_block)
        return tuple(None if s is None else boxed(s) for s in found)

    def bands(self, scaling: BlockScaling, fractions: Sequence[float]) -> list[Band]:
        return NUMPY.bands(plain(scaling), fractions)

    def selects(self, scaling: BlockScaling, part: Part) -> bool:
        return NUMPY.selects(plain(scaling), part)

    def judged_slope(self, claim: Any, scaling: BlockScaling) -> float:
        return NUMPY.judged_slope(claim.inside, plain(scaling))

    def draw(
        self,
        point: Any,
        claim: Any,
        scaling: Sequence[BlockScaling],
        *,
        floor: float,
        zero: Sequence[bool],
        bits: int,
        rng: Any,
        parts: Parts,
    ) -> Direction:
        scalings = [plain(s) for s in scaling]
        options: dict[str, Any] = {"floor": floor, "zero": zero, "bits": bits, "rng": rng, "parts": parts}
        return NUMPY.draw(opened(point), opened(claim), scalings, **options)

    def unit(
        self,
        point: Any,
        claim: Any,
        scaling: Sequence[BlockScaling],
        block: int,
        index: tuple[int, ...],
        *,
        bits: int,
        rng: Any,
    ) -> tuple[Direction, float]:
        scalings = [plain(s) for s in scaling]
        return NUMPY.unit(opened(point), opened(claim), scalings, block, index, bits=bits, rng=rng)

    def part_of(
        self,
        direction: Direction,
        block: int,
        part: Part,
        point: Any,
        claim: Any,
        scaling: Sequence[BlockScaling],
        *,
        bits: int,
        rng: Any,
    ) -> Direction:
        scalings = [plain(s) for s in scaling]
        return NUMPY.part_of(direction, block, part, opened(point), opened(claim), scalings, bits=bits, rng=rng)

    def effects(self, gradient: Any, scaling: BlockScaling) -> Any:
        return Sealed(NUMPY.effects(gradient.inside, plain(scaling)))

    def inner(self, one: Any, other: Any) -> float:
        return NUMPY.inner(one.inside, other.inside)

    def combined(self, arrays: Sequence[Any], weights: Sequence[float]) -> Any:
        return Sealed(NUMPY.combined([array.inside for array in arrays], weights))

    def along(
        self, effects: Mapping[int, Any], point: Any, claim: Any, scaling: Sequence[BlockScaling], *, bits: int
    ) -> Direction:
        inside = {b: effect.inside for b, effect in effects.items()}
        return NUMPY.along(inside, opened(point), opened(claim), [plain(s) for s in scaling], bits=bits)

    def given(self, moved: Mapping[int, Array], point: Any) -> Direction:
        return NUMPY.given(moved, opened(point))

    def array(self, direction: Direction, block: int) -> Array:
        return NUMPY.array(direction, block)

    def step(self, point: Any, direction: Direction, step: float) -> Any:
        return sealed(NUMPY.step(opened(point), direction, step))

    def dot(self, gradient: Any, direction: Direction) -> float:
        return NUMPY.dot(opened(gradient), direction)

    def moved(self, direction: Direction) -> list[int]:
        return NUMPY.moved(direction)

    def located(
        self, ramp: Direction, whole: Direction, block: int, interval: Interval, ratio: float, slack: float
    ) -> Interval | None:
        return NUMPY.located(ramp, whole, block, interval, ratio, slack)

    def random_shift(self, scaling: Sequence[BlockScaling], rng: Any, least: float | None = None) -> Any:
        return sealed(NUMPY.random_shift([plain(s) for s in scaling], rng, least))

    def generic_shift(self, point: Any, scaling: Sequence[BlockScaling], rng: Any, least: float) -> Any:
        return sealed(NUMPY.generic_shift(opened(point), [plain(s) for s in scaling], rng, least))

    def unit_shift(self, point: Any, rng: Any) -> Any:
        return sealed(NUMPY.unit_shift(opened(point), rng))

    def displaced(self, point: Any, shift: Any, distance: float) -> Any:
        return sealed(NUMPY.displaced(opened(point), opened(shift), distance))

    def jittered(self, point: Any, claim: Any, roundings: float, rng: Any) -> Any:
        return sealed(NUMPY.jittered(opened(point), opened(claim), roundings, rng))

    def entry_range(self) -> EntryRange:
        return SealedRange()


class SealedSubject(Subject):
    """Another subject, with its parameters and gradients sealed."""

    space = SealedSpace()

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.name, self.blocks = subject.name, subject.blocks
        self.point = sealed(subject.point)  # type: ignore[assignment]

    def loss(self, point: Any) -> float:
        return self.subject.loss(opened(point))

    def gradient(self, point: Any) -> Any:
        return sealed(self.subject.gradient(opened(point)))

    def representable(self, point: Any) -> Any:
        return sealed(self.subject.representable(opened(point)))


RNG = np.random.default_rng(0)
POINT = {"a": RNG.standard_normal((6, 7)), "b": RNG.standard_normal(30), "c": np.zeros(4)}


def loss(p: dict[str, Array]) -> float:
    return logcosh(p["a"]) + logcosh(p["b"]) + float(np.abs(p["c"]).sum())


def right(p: dict[str, Array]) -> dict[str, Array]:
    return {"a": np.tanh(p["a"]), "b": np.tanh(p["b"]), "c": np.sign(p["c"])}


def doubled(p: dict[str, Array]) -> dict[str, Array]:
    return right(p) | {"a": 2 * np.tanh(p["a"])}


def one_entry(p: dict[str, Array]) -> dict[str, Array]:
    found = right(p)
    found["b"][17] *= -1
    return found


def one_column(p: dict[str, Array]) -> dict[str, Array]:
    found = right(p)
    found["a"][:, 2] *= 1.5
    return found


def beside_the_kink(p: dict[str, Array]) -> dict[str, Array]:
    return right(p) | {"c": np.full(4, 2.0)}


def checked(subject: Subject) -> tuple[CheckResult, list[str]]:
    evaluator, rng = Evaluator(subject, 2000), np.random.default_rng(1)
    found = check(evaluator, CheckOptions(5e-5), rng)
    faults = locate_faults(evaluator, found, 5e-5, rng)
    return found, [str(finding) for finding in findings_of(found, faults)]


def blocks(subject: Subject) -> tuple[Block, ...]:
    return subject.blocks


@pytest.mark.parametrize(
    ("claim", "code"),
    [(right, ""), (doubled, "GC102"), (one_entry, "GC505"), (one_column, "in column 2"), (beside_the_kink, "GC000")],
)
def test_a_check_needs_nothing_of_parameters_but_the_operations_of_their_space(claim: Any, code: str) -> None:
    plain_result, plain_findings = checked(as_subject(loss, claim, POINT))
    sealed_result, sealed_findings = checked(SealedSubject(as_subject(loss, claim, POINT)))
    assert [b.verdict for b in sealed_result.blocks] == [b.verdict for b in plain_result.blocks]
    assert sealed_findings == plain_findings
    assert [b.note for b in sealed_result.blocks] == [b.note for b in plain_result.blocks]
    assert bool(code) == bool(sealed_findings)
    assert code in " ".join(sealed_findings)


def test_a_sealed_block_cannot_be_indexed() -> None:
    (block, *_) = SealedSubject(as_subject(loss, right, POINT)).point
    with pytest.raises(TypeError):
        block[0]
    with pytest.raises(AttributeError):
        block.shape  # noqa: B018
