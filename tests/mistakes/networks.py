"""Networks around one layer, and what a check of them says, that several tests share."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gradcheck
import gradcheck.nn as nn
from gradcheck.adapters.layer import LayerSubject, LossSubject
from gradcheck.mistakes.mistake import Mistake, Variant
from gradcheck.nn.layer import Layer
from gradcheck.nn.losses.loss import Loss
from gradcheck.report import Report
from gradcheck.scene import Scene

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """A network, a batch for it, and the place of the layer or loss that it is about."""

    network: nn.Network
    batch: tuple[Array, Array]
    place: str


def shaken(network: nn.Network, seed: int) -> nn.Network:
    """The network with random numbers added to all parameters, so that none of them is anything special."""
    rng = np.random.default_rng(seed)
    for value in network.params.values():
        value += 0.4 * rng.standard_normal(value.shape)
    return network


def around(middle: Layer, shape: Sequence[int] = (4,), *, samples: int = 5, seed: int = 0) -> Case:
    """A dense layer, the one in question for samples of this shape, another dense layer, and the squared error."""
    rng = np.random.default_rng(seed)
    middle = copy.deepcopy(middle)
    size = int(np.prod(shape))
    before: list[Layer] = [nn.Dense(3, size, rng=rng)]
    if len(shape) > 1:
        before.append(nn.Reshape(tuple(shape)))
    output = copy.deepcopy(middle).forward(rng.standard_normal((samples, *shape)))
    after: list[Layer] = [nn.Flatten()] if output.ndim > 2 else []
    after.append(nn.Dense(output[0].size, 2, rng=rng))
    network = shaken(nn.Network([*before, middle, *after], nn.MeanSquaredError()), seed + 100)
    batch = rng.standard_normal((samples, 3)), rng.standard_normal((samples, 2))
    return Case(network, batch, f"layers.{len(before)}")


def before_loss(criterion: Loss, targets: str, *last: Layer, samples: int = 5, width: int = 3, seed: int = 0) -> Case:
    """A dense layer, perhaps another, and the loss in question, with numbers, labels, signs or shares as targets."""
    rng = np.random.default_rng(seed)
    layers = [nn.Dense(3, width, rng=rng), *copy.deepcopy(last)]
    y: Array = rng.standard_normal((samples, width))
    if targets != "numbers":
        y = (y > 0).astype(np.float64)
    if targets == "signs":
        y = 2 * y - 1
    if targets == "shares":
        y = rng.dirichlet(np.ones(width), samples)
    network = shaken(nn.Network(layers, copy.deepcopy(criterion)), seed + 100)
    return Case(network, (rng.standard_normal((samples, 3)), y), "loss")


def check(case: Case) -> Report:
    return gradcheck.check_gradients(case.network, batch=case.batch, rng=0)


def slugs(report: Report) -> list[str]:
    return [finding.slug for finding in report.findings]


def assert_named(case: Case, slug: str, *others: str) -> Report:
    """The mistake is named first, in its place, and these others beside it."""
    report = check(case)
    assert report.verdict.value == "fail"
    assert report.findings[0].slug == slug, str(report)
    assert report.findings[0].where.startswith(case.place), str(report)
    assert set(others) <= set(slugs(report)), str(report)
    return report


def assert_silent(case: Case, slug: str, *, right: bool) -> None:
    """The mistake is not named; a right network passes with nothing said, and a wrong one fails."""
    report = check(case)
    assert slug not in slugs(report), str(report)
    assert report.verdict.value == ("pass" if right else "fail"), str(report)
    if right:
        assert not report.findings, str(report)


def part_of(case: Case) -> LayerSubject | LossSubject:
    """The layer or loss in question as a subject of its own."""
    subject = gradcheck.as_subject(case.network, batch=case.batch)
    (part,) = (part for part in subject.parts() if part.place == case.place)
    assert isinstance(part, (LayerSubject, LossSubject))
    return part


def layer_of(case: Case) -> LayerSubject:
    part = part_of(case)
    assert isinstance(part, LayerSubject)
    return part


def variants(
    mistake: Mistake, part: LayerSubject | LossSubject, block: int = 0, gradient: tuple[Array, ...] | None = None
) -> dict[str, Variant]:
    """The ways in which a mistake can be committed on a part, by what is said of them."""
    right = part.gradient(tuple(x.copy() for x in part.point)) if gradient is None else gradient
    return {variant.detail: variant for variant in mistake.variants(Scene(part, part.point, right), block)}
