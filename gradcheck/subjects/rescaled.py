"""A subject whose loss and gradient are those of another one, divided by a power of two.

A loss of 1e-320 has three digits, and twice one of 1e308 is infinite: neither leaves room for differences. Divided by
a power of two, which is exact, both are of order one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradcheck.differences.powers import times_power_of_two
from gradcheck.subjects.subject import Point, Subject
from gradcheck.subjects.views import View


class RescaledSubject(Subject):
    """Loss and gradient of a subject, divided by ``2**exponent``; everything else is as it was.

    Parameters
    ----------
    subject : Subject
    exponent : int
    """

    def __init__(self, subject: Subject, exponent: int) -> None:
        self._subject = subject
        self.exponent = subject.exponent + exponent
        self._power = exponent
        self.name, self.place = subject.name, subject.place
        self.inputs, self.source = subject.inputs, subject.source
        self.blocks, self.point, self.space = subject.blocks, subject.point, subject.space
        self.parallel, self.preparations = subject.parallel, subject.preparations
        self.only_here = subject.only_here
        self.complex_blocks = subject.complex_blocks

    def loss(self, point: Point) -> float:  # noqa: D102
        return times_power_of_two(self._subject.loss(point), -self._power)

    def gradient(self, point: Point) -> Point:  # noqa: D102
        return self.space.times_power(self._subject.gradient(point), -self._power)

    def functions(self) -> tuple[Any, ...]:  # noqa: D102
        return self._subject.functions()

    @property
    def original(self) -> Subject:  # noqa: D102
        return self._subject.original

    def representable(self, point: Point) -> Point:  # noqa: D102
        return self._subject.representable(point)

    def parts(self) -> Iterator[Subject]:  # noqa: D102
        return self._subject.parts()

    def parts_in_place(self) -> Iterator[Subject]:
        """Those of the subject."""
        return self._subject.parts_in_place()

    def passed_down_by(self, block: str) -> tuple[str, ...]:
        """As the subject says."""
        return self._subject.passed_down_by(block)

    @property
    def samples(self) -> int:  # noqa: D102
        return self._subject.samples

    def restricted(self, part: slice) -> Subject | None:  # noqa: D102
        found = self._subject.restricted(part)
        return None if found is None else RescaledSubject(found, self._power)

    def counts(self) -> dict[int, str]:  # noqa: D102
        return self._subject.counts()

    def view(self, point: Point) -> View | None:  # noqa: D102
        return self._subject.view(point)

    @contextmanager
    def session(self) -> Iterator[None]:  # noqa: D102
        with self._subject.session():
            yield

    @property
    def disturbed(self) -> bool:  # noqa: D102
        return self._subject.disturbed

    def notes(self) -> tuple[str, ...]:  # noqa: D102
        return self._subject.notes()

    def remarks(self) -> dict[str, str]:  # noqa: D102
        return self._subject.remarks()
