"""Shapes to try a layer with, one after the other, and what those have in common that fail."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence

Shape = tuple[int, ...]


def sweep(axes: int, *, least: int = 1, max_size: int = 8, max_shapes: int = 512) -> list[Shape]:
    """Small shapes: all up to a size, and beyond that every size of each axis with every one of each other axis.

    Parameters
    ----------
    axes : int
        With that of the samples, which comes first.
    least : int
        Samples that there are at least.
    max_size : int
    max_shapes : int
        How many there may be.

    Returns
    -------
    list of tuple of int
        From small to large.

    Examples
    --------
    >>> len(sweep(3)), len(sweep(4)), sweep(2)[:3]
    (512, 352, [(1, 1), (1, 2), (2, 1)])
    """
    whole = next((n for n in range(max_size, 1, -1) if n**axes <= max_shapes), 1)
    found = set(itertools.product(range(whole), repeat=axes))
    if whole < max_size:
        # Any two of i, j, i + j, i + 2j, … modulo a prime take every pair of values, each once: an orthogonal array
        # (K. A. Bush, Ann. Math. Stat. 23, 1952). Values beyond the largest size are brought back by the remainder.
        prime = next(p for p in itertools.count(max_size) if p > 1 and all(p % d for d in range(2, p)))
        for i, j in itertools.product(range(prime), repeat=2):
            line = [i, j, *((i + k * j) % prime for k in range(1, axes - 1))]
            found.add(tuple(n % max_size for n in line))
    shapes = [(first + least, *(n + 1 for n in rest)) for first, *rest in found]
    return sorted(shapes, key=lambda shape: (sum(shape), shape))[:max_shapes]


def condition(wrong: Collection[Shape], right: Collection[Shape]) -> str:
    """What the shapes that fail have in common, and no other has; "" if nothing simple does."""
    bad, good = list(wrong), list(right)
    if not bad or not good:
        return ""
    single = [(says, holds) for says, holds in _conditions(bad + good) if all(holds(shape) for shape in bad)]
    for says, holds in single:
        if not any(holds(shape) for shape in good):
            return says
    for (one, first), (two, second) in itertools.combinations(single, 2):
        if not any(first(shape) and second(shape) for shape in good):
            return f"{one}, and {two}"
    return ""


def _conditions(shapes: Sequence[Shape]) -> Iterator[tuple[str, Condition]]:
    for axis in range(len(shapes[0])):
        name = f"axis {axis}" if axis else "the number of samples"
        for size in sorted({shape[axis] for shape in shapes}):
            yield f"{name} is {size}", Condition(axis, size, size)
            yield f"{name} is {size} or more", Condition(axis, size, None)
            yield f"{name} is {size} or less", Condition(axis, 0, size)
        for k, word in ((0, "even"), (1, "odd")):
            yield f"{name} is {word}", Condition(axis, 0, None, k)
    for one, two in itertools.combinations(range(len(shapes[0])), 2):
        yield f"axes {one} and {two} are equal", Condition(one, 0, None, None, two)


class Condition:
    """A size between two bounds, of a parity, or equal to another axis's."""

    def __init__(
        self, axis: int, least: int, most: int | None, parity: int | None = None, equals: int | None = None
    ) -> None:
        self.axis, self.least, self.most, self.parity, self.equals = axis, least, most, parity, equals

    def __call__(self, shape: Shape) -> bool:
        """Whether it holds for a shape."""
        size = shape[self.axis]
        if self.equals is not None:
            return size == shape[self.equals]
        if self.parity is not None:
            return size % 2 == self.parity
        return self.least <= size <= (size if self.most is None else self.most)
