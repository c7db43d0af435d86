"""φ(t) is the loss at point + t·v, and the claimed slope is g·v."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gradcheck.probes.line import Line
from gradcheck.subjects.spaces.numpy_space import NUMPY
from tests.cases import Array, logcosh
from tests.probers import AB, by_block, prober_of, total


def loss(p: dict[str, Array]) -> float:
    return float(np.sum(np.sin(p["a"])) * np.sum(np.cosh(p["b"])))


def gradient(p: dict[str, Array]) -> dict[str, Array]:
    a, b = np.sum(np.sin(p["a"])), np.sum(np.cosh(p["b"]))
    return {"a": np.cos(p["a"]) * b, "b": a * np.sinh(p["b"])}


def moved(line: Line, block: int) -> Array:
    return np.asarray(NUMPY.array(line.direction, block))


@pytest.mark.parametrize("seed", range(5))
def test_values_are_those_of_the_loss_on_the_line(seed: int) -> None:
    line = prober_of(loss, gradient, AB, seed=seed).line()
    steps = [0.0, 2.0**-20, -0.01, 0.25, -1.0]
    direct = [loss({"a": AB["a"] + t * moved(line, 0), "b": AB["b"] + t * moved(line, 1)}) for t in steps]
    np.testing.assert_allclose(line(steps), direct, rtol=1e-14)
    assert line([0.25]) != line([-0.25])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_the_claimed_slope_is_that_of_the_claim(seed: int, factor: float) -> None:
    line = prober_of(loss, lambda p: {k: factor * g for k, g in gradient(p).items()}, AB, seed=seed).line()
    shares = [gradient(AB)[name] * moved(line, b) for b, name in enumerate("ab")]
    assert line.claimed.value == pytest.approx(factor * sum(share.sum() for share in shares), rel=1e-12)
    assert line.claimed.norm == pytest.approx(factor * np.linalg.norm(np.concatenate(shares)), rel=1e-12)
    for b, share in enumerate(shares):
        assert line.contribution(b).slope == pytest.approx(factor * share.sum(), rel=1e-12)


def test_blocks_that_are_not_chosen_stay() -> None:
    prober = prober_of(loss, gradient, AB)
    line = prober.line([1])
    step = 0.125
    assert line([step]) == [loss({"a": AB["a"], "b": AB["b"] + step * moved(line, 1)})]
    assert prober.subject.space.moved(line.direction) == [1]
    assert line.claimed.value == pytest.approx(float(gradient(AB)["b"] @ moved(line, 1)))
    with pytest.raises(AssertionError, match="does not move"):
        line.contribution(0)


def test_another_loss_takes_the_place_of_the_subjects() -> None:
    prober = prober_of(loss, gradient, AB)
    drawn = prober.line()
    line = Line(prober.evaluator, prober.data.point, drawn.direction, lambda point: float(point[0][0]))
    assert line([0.5]) == [AB["a"][0] + 0.5 * moved(drawn, 0)[0]]
    assert line.claimed == drawn.claimed


def test_values_outside_the_domain_are_nan() -> None:
    def root(x: Array) -> float:
        if (x < 0).any():
            raise ValueError("negative")
        return float(np.sqrt(x).sum())

    line = prober_of(root, lambda x: 0.5 / np.sqrt(x), np.array([1.0])).line()
    far = 2.0 / moved(line, 0)[0]
    outside, inside = line([-far, far])
    assert np.isnan(outside)
    assert inside == pytest.approx(np.sqrt(3.0))


def test_as_text_it_names_the_blocks_that_move() -> None:
    prober = prober_of(total(logcosh), by_block(np.tanh), AB)
    text = str(prober.line([1]))
    assert "along b:" in text
    assert "along a, b:" in str(prober.line())


def test_it_cannot_be_changed() -> None:
    line = prober_of(logcosh, np.tanh, AB["a"]).line()
    with pytest.raises(dataclasses.FrozenInstanceError):
        line.point = ()  # type: ignore[misc]
