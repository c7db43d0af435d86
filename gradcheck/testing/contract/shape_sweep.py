"""The small shapes that a layer is tried on: all of them, or an orthogonal array where they are too many."""

from __future__ import annotations

import itertools

Shape = tuple[int, ...]


def small_shapes(axes: int, *, min_samples: int = 1, max_size: int = 8, max_shapes: int = 512) -> list[Shape]:
    """List small shapes of a batch.

    These are all shapes up to some size. If there are more than `max_shapes`, the larger ones are chosen such that
    any two axes take every pair of sizes.

    Parameters
    ----------
    axes : int
        Number of axes, the samples included; they come first.
    min_samples : int
        Smallest size of the first axis.
    max_size : int
        Number of sizes that each axis takes.
    max_shapes : int
        Largest number of shapes.

    Returns
    -------
    list of tuple of int
        From small to large.

    Examples
    --------
    >>> len(small_shapes(3)), len(small_shapes(4)), small_shapes(2)[:3]
    (512, 352, [(1, 1), (1, 2), (2, 1)])
    """
    whole = next((n for n in range(max_size, 1, -1) if n**axes <= max_shapes), 1)
    found = set(itertools.product(range(whole), repeat=axes))
    if whole < max_size:
        # Any two of i, j, i + j, i + 2j, … modulo a prime take every pair of values exactly once: an orthogonal array
        # (K. A. Bush, Ann. Math. Stat. 23, 1952). Values from max_size on are reduced modulo max_size.
        prime = next(p for p in itertools.count(max_size) if p > 1 and all(p % d for d in range(2, p)))
        for i, j in itertools.product(range(prime), repeat=2):
            line = [i, j, *((i + k * j) % prime for k in range(1, axes - 1))]
            found.add(tuple(n % max_size for n in line))
    shapes = [(first + min_samples, *(n + 1 for n in rest)) for first, *rest in found]
    return sorted(shapes, key=lambda shape: (sum(shape), shape))[:max_shapes]
