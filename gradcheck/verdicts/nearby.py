"""Gradients at tiny displacements of a point: what the subgradients of a point on kinks are made of."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.probes.prober import Prober
from gradcheck.subjects.spaces.space import Vector
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.settings import VERDICTS


class NearbyGradients:
    """Gradients at tiny random displacements of a point; the same serve for all of its blocks.

    They are drawn when they are first needed, and kept, but for those that are not finite.
    """

    def __init__(self, prober: Prober) -> None:
        self._prober = prober
        self._found: list[Vector] = []
        self._shifts: list[tuple[Vector, float]] = []

    def since(self, start: int) -> list[Vector]:
        """Gradients from index `start` on. Where there are none yet, more are drawn; empty if all of those fail."""
        if start >= len(self._found):
            self._draw()
        return self._found[start:]

    @property
    def found(self) -> tuple[Vector, ...]:
        """Those that were drawn so far."""
        return tuple(self._found)

    def monotone(self, blocks: Sequence[int]) -> bool:
        """Whether the gradients grow, or shrink, along every line from one of their points to another.

        Those of a convex or a concave function do. Its slopes at a point are between the one-sided ones there.
        """
        some = range(min(len(self._found), VERDICTS.monotone_samples))
        own = [[self._product(i, j, blocks) for j in some] for i in some]
        grown = [own[i][i] + own[j][j] - own[i][j] - own[j][i] for i in some for j in range(i)]
        slack = VERDICTS.span_part * max(map(abs, grown), default=0.0)
        return min(grown, default=0.0) >= -slack or max(grown, default=0.0) <= slack

    def _product(self, i: int, j: int, blocks: Sequence[int]) -> float:
        """Gradient times shift."""
        space, (shift, sign) = self._prober.subject.space, self._shifts[j]
        return sign * sum(space.inner(self._found[i][b], shift[b]) for b in blocks)

    def _draw(self) -> None:
        prober, subject, space = self._prober, self._prober.subject, self._prober.subject.space
        for _ in range(VERDICTS.tiny_pairs):
            shift = space.random_shift(prober.data.scaling, prober.rng)
            for sign in (1.0, -1.0):
                point = subject.representable(space.displaced(prober.data.point, shift, sign * VERDICTS.tiny))
                try:
                    gradient = prober.evaluator.gradient(point)
                except Exception as error:
                    pass_on_signal(error)
                    continue
                if any(space.not_finite(g) for g in gradient):
                    continue
                self._found.append(space.copy(gradient))
                self._shifts.append((shift, sign))
