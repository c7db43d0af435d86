"""Windows: their number, their contents, and `scatter` as the transpose of `gather`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers._windows import Windows, pairs, sizes

#: Size, stride, padding and dilation, image, number of windows: from ⌊(n + padding − extent)/stride⌋ + 1 by hand.
CASES: list[tuple[Windows, tuple[int, ...], tuple[int, ...]]] = [
    (Windows((2,), (1,), ((0, 0),), (1,)), (5,), (4,)),
    (Windows((2,), (2,), ((0, 0),), (1,)), (5,), (2,)),
    (Windows((3,), (1,), ((1, 1),), (1,)), (5,), (5,)),
    (Windows((3,), (1,), ((0, 0),), (2,)), (5,), (1,)),
    (Windows((3,), (1,), ((0, 0),), (3,)), (5,), (-1,)),
    (Windows((2, 3), (1, 2), ((1, 0), (0, 2)), (1, 1)), (3, 4), (3, 2)),
]


@pytest.mark.parametrize(("windows", "image", "counts"), CASES)
def test_counts(windows: Windows, image: tuple[int, ...], counts: tuple[int, ...]) -> None:
    assert windows.counts(image) == counts


def test_gather_copies_each_window_and_fills_the_padding() -> None:
    windows = Windows((2,), (1,), ((1, 0),), (2,))
    held = windows.gather(np.arange(1.0, 5.0).reshape(1, 1, 4), windows.counts((4,)), fill=-1.0)
    assert held[0, :, 0].tolist() == [[-1.0, 1.0, 2.0], [2.0, 3.0, 4.0]]


@pytest.mark.parametrize(("windows", "image", "counts"), [case for case in CASES if min(case[2]) > 0])
def test_scatter_is_the_transpose_of_gather(windows: Windows, image: tuple[int, ...], counts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 3, *image))
    gathered = windows.gather(x, counts)
    held = rng.standard_normal(gathered.shape)
    scattered = windows.scatter(held, image)
    assert scattered.shape == x.shape
    assert (held * gathered).sum() == pytest.approx((scattered * x).sum(), rel=1e-12)


@pytest.mark.parametrize(("windows", "image", "counts"), [case for case in CASES if min(case[2]) > 0])
def test_the_smallest_image_has_so_many_windows(
    windows: Windows, image: tuple[int, ...], counts: tuple[int, ...]
) -> None:
    smallest = windows.image(counts, (0,) * len(image))
    assert windows.counts(smallest) == counts
    assert all(n <= m for n, m in zip(smallest, image, strict=True))
    assert windows.counts(tuple(n - 1 for n in smallest)) != counts


@pytest.mark.parametrize(("value", "expected"), [(3, (3, 3)), ((2, 3), (2, 3)), (np.int64(2), (2, 2))])
def test_sizes(value: Any, expected: tuple[int, ...]) -> None:
    assert sizes("Layer", "size", value, 2) == expected


@pytest.mark.parametrize("value", [0, 1.5, True, (1,), (1, 2, 3), "2"])
def test_other_sizes_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="Layer: size must be a positive whole number, or a tuple of 2"):
        sizes("Layer", "size", value, 2)


@pytest.mark.parametrize(
    ("value", "expected"), [(1, ((1, 1), (1, 1))), ((1, 2), ((1, 1), (2, 2))), (((1, 0), 2), ((1, 0), (2, 2)))]
)
def test_padding(value: Any, expected: tuple[tuple[int, int], ...]) -> None:
    assert pairs("Layer", value, 2) == expected


@pytest.mark.parametrize("value", [-1, (1,), ((1, 2, 3), 0), (0.5, 0)])
def test_other_padding_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="Layer: padding must be a whole number of at least 0, or a tuple"):
        pairs("Layer", value, 2)
