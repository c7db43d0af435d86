"""What the shapes on which a layer fails have in common, in words: "axis 1 is even", "axes 0 and 1 are equal"."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from gradcheck.testing.contract.shape_sweep import Shape


@dataclass(frozen=True)
class Condition:
    """A condition on a shape.

    Attributes
    ----------
    text : str
        The condition in words.
    holds : callable
        ``holds(shape)``: whether a shape meets it.
    """

    text: str
    holds: Callable[[Shape], bool]


def common_condition(wrong: Collection[Shape], right: Collection[Shape]) -> str:
    """Describe what all wrong shapes have in common and no right shape has.

    Returns
    -------
    str
        One condition, or two joined by "and"; empty if no such condition is found, or if no shape is wrong or right.

    Examples
    --------
    >>> common_condition([(1, 2), (3, 4)], [(1, 1), (2, 3)])
    'axis 1 is even'
    """
    if not wrong or not right:
        return ""
    shared = [c for c in _conditions([*wrong, *right]) if all(c.holds(shape) for shape in wrong)]
    for condition in shared:
        if not any(condition.holds(shape) for shape in right):
            return condition.text
    for one, two in itertools.combinations(shared, 2):
        if not any(one.holds(shape) and two.holds(shape) for shape in right):
            return f"{one.text}, and {two.text}"
    return ""


def _conditions(shapes: Sequence[Shape]) -> Iterator[Condition]:
    """Yield all conditions on one axis, by size and by parity, then those on two axes."""
    axes = range(len(shapes[0]))
    for axis in axes:
        name = f"axis {axis}" if axis else "the number of samples"
        for size in sorted({shape[axis] for shape in shapes}):
            yield Condition(f"{name} is {size}", _on_size(axis, partial(operator.eq, size)))
            yield Condition(f"{name} is {size} or more", _on_size(axis, partial(operator.le, size)))
            yield Condition(f"{name} is {size} or less", _on_size(axis, partial(operator.ge, size)))
        yield Condition(f"{name} is even", _on_size(axis, lambda size: size % 2 == 0))
        yield Condition(f"{name} is odd", _on_size(axis, lambda size: size % 2 == 1))
    for one, two in itertools.combinations(axes, 2):
        yield Condition(f"axes {one} and {two} are equal", _equal_sizes(one, two))


def _on_size(axis: int, test: Callable[[int], bool]) -> Callable[[Shape], bool]:
    return lambda shape: test(shape[axis])


def _equal_sizes(one: int, two: int) -> Callable[[Shape], bool]:
    return lambda shape: shape[one] == shape[two]
