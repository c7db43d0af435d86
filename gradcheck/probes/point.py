"""A point of a subject and what is known there: loss, claimed gradient, typical sizes, noise, which claims are zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gradcheck.differences.settings import EPSILON
from gradcheck.probes.place import Place
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import BlockScaling, Vector
from gradcheck.subjects.subject import Subject


@dataclass(frozen=True, slots=True)
class LossNoise:
    """What is known of the noise of the loss around a point.

    Attributes
    ----------
    level : float
        Bound on the error of one value of the loss; 0 until it was measured.
    steady : bool
        Whether the loss is the same at each call. If not, what was measured elsewhere counts here as well.
    loud : bool
        Whether the noise is more than rounding explains.
    constant : bool
        Whether the loss does not change around the point at all, as the claim says.
    stepped : bool
        Whether it does not, and then leaves its value by a jump.
    seen : bool
        Whether the values that it was measured with changed at all. If not, larger terms may have swallowed both their
        noise and what they change by.
    """

    level: float = 0.0
    steady: bool = True
    loud: bool = False
    constant: bool = False
    stepped: bool = False
    seen: bool = True


@dataclass(frozen=True, slots=True)
class PointData:
    """A point of a subject and what is known there. Never changed: what is learnt makes a new one.

    Attributes
    ----------
    subject : Subject
    place : Place
    point : tuple of array
    value : float
        The loss.
    claim : tuple of array
        The claimed gradient.
    rtol : float
    scaling : tuple of BlockScaling
        Of each block.
    noise : LossNoise
    cancelled : tuple of bool
        Blocks whose claim was recognised as what rounding left of larger terms; here, or at the point that this one was
        reached from.
    negligible : tuple of bool
        Blocks whose claim is so small that it may be such round-off, and is not zero.
    zero : tuple of bool
        Blocks whose claim counts as zero.
    reference : float
        The largest first-order effect of any entry on the loss.
    even : bool
        Whether directions weigh entries so that each contributes about the same; else by their typical sizes.
    zoomed : bool
        Whether the steps are far shorter than usual, see `gradcheck.probes.zoom`.
    """

    subject: Subject
    place: Place
    point: Vector
    value: float
    claim: Vector
    rtol: float
    scaling: tuple[BlockScaling, ...]
    noise: LossNoise
    cancelled: tuple[bool, ...]
    negligible: tuple[bool, ...]
    zero: tuple[bool, ...]
    reference: float
    zoomed: bool = False
    even: bool = True

    @property
    def blocks(self) -> range:
        """Indices of all blocks."""
        return range(len(self.point))

    @property
    def chaotic(self) -> bool:
        """Whether the noise of the loss is a good part of the loss."""
        return self.noise.level > PROBES.chaotic * abs(self.value) > 0

    @property
    def all_zero(self) -> bool:
        """Whether the whole claim is zero."""
        return all(self.subject.space.is_zero(claim) for claim in self.claim)

    @property
    def mantissa(self) -> int:
        """Bits of the narrowest mantissa among the parameters."""
        return min(self.subject.space.mantissa(x) for x in self.point)

    @property
    def exact_bits(self) -> int:
        """Steps down to two to the power of minus this many can be taken exactly."""
        return int(PROBES.exact_bits * self.mantissa)

    def visible(self) -> float:
        """A change of the loss in which a part of `rtol` can be seen."""
        return _visible(self.noise.level, self.value, self.rtol)

    def with_noise(self, noise: LossNoise) -> PointData:
        """The same with noise that was measured."""
        return replace(self, noise=noise)

    def with_sizes_for_noise(self) -> PointData:
        """The same, with blocks that need it moved far enough to be seen through the noise that was measured."""
        subject, rounding = self.subject, _visible(0.0, self.value, self.rtol)
        if self.visible() <= rounding:
            return self
        scaling = subject.space.scaling(self.point, self.claim, rounding, noise_visible=self.visible())
        return replace(self, scaling=scaling, reference=max(block.largest_effect for block in scaling))

    def with_cancelled(self, blocks: Iterable[int]) -> PointData:
        """The same, with the claims for some blocks recognised as round-off: they count as zero."""
        chosen = set(blocks)
        return replace(
            self,
            cancelled=tuple(known or b in chosen for b, known in enumerate(self.cancelled)),
            zero=tuple(known or b in chosen for b, known in enumerate(self.zero)),
        )


def _visible(noise: float, value: float, rtol: float) -> float:
    return PROBES.visible * max(noise, EPSILON * abs(value)) / rtol


def point_data(
    subject: Subject,
    place: Place,
    point: Vector,
    value: float,
    claim: Vector,
    rtol: float,
    *,
    noise: LossNoise | None = None,
    known: tuple[BlockScaling, ...] | None = None,
    cancelled: tuple[bool, ...] = (),
) -> PointData:
    """What is known at a point before anything is measured there.

    Parameters
    ----------
    subject : Subject
    place : Place
    point, claim : tuple of array
    value : float
    rtol : float
    noise : LossNoise, optional
    known : tuple of BlockScaling, optional
        Of another point nearby, whose typical sizes are to be used here as well.
    cancelled : tuple of bool
        As found at that point.
    """
    scaling = subject.space.scaling(point, claim, _visible(0.0, value, rtol), known)
    reference = max(block.largest_effect for block in scaling)
    roundoff = min(PROBES.cancelled_roundings * EPSILON * abs(value), PROBES.cancelled_part * reference)
    negligible = tuple(0 < block.largest_effect <= roundoff for block in scaling)
    cancelled = cancelled or (False,) * len(point)
    zero = tuple(
        block.largest_effect == 0 or (small and known_cancelled)
        for block, small, known_cancelled in zip(scaling, negligible, cancelled, strict=True)
    )
    noise = noise or LossNoise()
    return PointData(subject, place, point, value, claim, rtol, scaling, noise, cancelled, negligible, zero, reference)
